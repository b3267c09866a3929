//! Derives the JAM codec for the types of a service.
//!
//! **Contents.** `#[derive(Encode, Decode)]` for structs and enums. Fields are encoded one after
//! another in the order of the source; an enum's variant is encoded first, as a natural counted
//! from 0. `#[codec(natural)]` encodes a number field as a natural.
//!
//! **Not here.** Unions and explicit discriminants, whose encoding would be ambiguous.
//!
//! # Example
//!
//! ```
//! use jambox_sdk::codec::{decode_all, encode};
//! use jambox_sdk::{Decode, Encode};
//!
//! #[derive(Debug, PartialEq, Encode, Decode)]
//! enum Command {
//!     Clear,
//!     Set { key: [u8; 2], #[codec(natural)] count: u64 },
//!     Many(Vec<u8>),
//! }
//!
//! let set = Command::Set { key: [7, 8], count: 300 };
//! assert_eq!(encode(&set), [1, 7, 8, 0x81, 0x2c]);
//! assert_eq!(decode_all::<Command>(&[1, 7, 8, 0x81, 0x2c])?, set);
//! assert_eq!(encode(&Command::Clear), [0]);
//! assert_eq!(encode(&Command::Many(vec![9])), [2, 1, 9]);
//! assert!(decode_all::<Command>(&[3]).is_err(), "there is no fourth variant");
//! # Ok::<(), jambox_sdk::codec::DecodeError>(())
//! ```

use proc_macro::TokenStream;
use proc_macro2::{Span, TokenStream as Tokens};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Generics, Ident, Variant, parse_macro_input};

/// Derives `jambox_sdk::codec::Encode`, in every context.
#[proc_macro_derive(Encode, attributes(codec))]
pub fn derive_encode(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    encode(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Derives `jambox_sdk::codec::Decode`, in every context.
#[proc_macro_derive(Decode, attributes(codec))]
pub fn derive_decode(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    decode(&input).unwrap_or_else(Error::into_compile_error).into()
}

/// Derives `jambox_sdk::Key` for a type with an encoding. A generic type is a key if it has an
/// encoding.
///
/// ```
/// use jambox_sdk::prelude::*;
///
/// #[derive(Encode, Key)]
/// struct Under<T>(u8, T);
///
/// assert_eq!(*Under(7, 258u16).octets(), [7, 2, 1]);
/// ```
#[proc_macro_derive(Key)]
pub fn derive_key(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let name = &input.ident;
    let mut generics = input.generics.clone();
    let (_, types, _) = input.generics.split_for_impl();
    let encodes = syn::parse_quote!(#name #types: ::jambox_sdk::codec::Encode);
    generics.make_where_clause().predicates.push(encodes);
    let (head, _, bounds) = generics.split_for_impl();
    let octets = quote! {
        impl #head ::jambox_sdk::Key for #name #types #bounds {
            fn octets(&self) -> ::jambox_sdk::__Cow<'_, [u8]> {
                ::jambox_sdk::__Cow::Owned(::jambox_sdk::codec::encode(self))
            }

            fn append_to(&self, out: &mut ::jambox_sdk::codec::MacroVec<u8>) {
                ::jambox_sdk::codec::Encode::encode_to(self, out, &());
            }
        }
    };
    octets.into()
}

/// Derives `jambox_sdk::Event` for a type with an encoding, under the type's name.
#[proc_macro_derive(Event)]
pub fn derive_event(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    let name = &input.ident;
    let target = format!("event:{name}");
    let (head, types, bounds) = input.generics.split_for_impl();
    quote! {
        impl #head ::jambox_sdk::Event for #name #types #bounds {
            const TARGET: &'static str = #target;
        }
    }
    .into()
}

/// Derives `jambox_sdk::describe::Describe`. A struct of one unnamed field has the description of
/// its field.
#[proc_macro_derive(Describe, attributes(codec))]
pub fn derive_describe(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    describe(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn describe(input: &DeriveInput) -> Result<Tokens, Error> {
    let name = &input.ident;
    let described = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => described(&fields.unnamed[0])?,
            fields => describe_fields(fields)?,
        },
        Data::Enum(data) => {
            let variants = numbered(&data.variants)?.map(|(_, variant)| {
                let (name, fields) = (plain(&variant.ident), describe_fields(&variant.fields)?);
                Ok(quote! { (#name, #fields) })
            });
            let variants = variants.collect::<Result<Vec<_>, Error>>()?;
            quote! { ::jambox_sdk::describe::Type::Enum(&[#(#variants),*]) }
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "unions have no encoding")),
    };
    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        let ident = &parameter.ident;
        let clause = syn::parse_quote!(#ident: ::jambox_sdk::describe::Describe);
        generics.make_where_clause().predicates.push(clause);
    }
    let (head, types, bounds) = generics.split_for_impl();
    Ok(quote! {
        impl #head ::jambox_sdk::describe::Describe for #name #types #bounds {
            const TYPE: ::jambox_sdk::describe::Type = #described;
        }
    })
}

/// Description of fields: by name, or one after another.
fn describe_fields(fields: &Fields) -> Result<Tokens, Error> {
    let kinds = fields.iter().map(described).collect::<Result<Vec<_>, Error>>()?;
    Ok(match fields {
        Fields::Named(named) => {
            let names = named.named.iter().filter_map(|field| field.ident.as_ref()).map(plain);
            quote! { ::jambox_sdk::describe::Type::Struct(&[#((#names, #kinds)),*]) }
        }
        _ => quote! { ::jambox_sdk::describe::Type::Tuple(&[#(#kinds),*]) },
    })
}

fn described(field: &Field) -> Result<Tokens, Error> {
    let (kind, place) = (&field.ty, place_of(field));
    Ok(match is_natural(field)? {
        true => quote! { ::jambox_sdk::describe::Type::Named("natural") },
        false => quote_spanned! { place => <#kind as ::jambox_sdk::describe::Describe>::TYPE },
    })
}

/// Text of a name, without the prefix `r#`.
fn plain(name: &Ident) -> String {
    name.to_string().trim_start_matches("r#").to_owned()
}

fn encode(input: &DeriveInput) -> Result<Tokens, Error> {
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => {
            let (pattern, puts) = encode_fields(&data.fields)?;
            quote! { let Self #pattern = self; #puts }
        }
        Data::Enum(data) => {
            let arms = numbered(&data.variants)?.map(|(number, variant)| {
                let ident = &variant.ident;
                let (pattern, puts) = encode_fields(&variant.fields)?;
                Ok(quote! {
                    Self::#ident #pattern => {
                        ::jambox_sdk::codec::encode_natural(#number, out);
                        #puts
                    }
                })
            });
            let arms = arms.collect::<Result<Vec<_>, Error>>()?;
            quote! { match self { #(#arms)* } }
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "unions have no encoding")),
    };
    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        let ident = &parameter.ident;
        let clause = syn::parse_quote!(#ident: ::jambox_sdk::codec::Encode<__C>);
        generics.make_where_clause().predicates.push(clause);
    }
    let (_, types, bounds) = generics.split_for_impl();
    let with_context = with_context(&input.generics);
    let (head, ..) = with_context.split_for_impl();
    Ok(quote! {
        impl #head ::jambox_sdk::codec::Encode<__C> for #name #types #bounds {
            fn encode_to(&self, out: &mut ::jambox_sdk::codec::MacroVec<u8>, context: &__C) {
                let _ = (&out, context);
                #body
            }
        }
    })
}

fn decode(input: &DeriveInput) -> Result<Tokens, Error> {
    let name = &input.ident;
    let body = match &input.data {
        Data::Struct(data) => {
            let fields = decode_fields(&data.fields)?;
            quote! { ::core::result::Result::Ok(Self #fields) }
        }
        Data::Enum(data) => {
            let arms = numbered(&data.variants)?.map(|(number, variant)| {
                let ident = &variant.ident;
                let fields = decode_fields(&variant.fields)?;
                Ok(quote! { #number => Self::#ident #fields, })
            });
            let arms = arms.collect::<Result<Vec<_>, Error>>()?;
            let Some(last) = (arms.len() as u64).checked_sub(1) else {
                return Err(Error::new_spanned(name, "an enum without variants has no values"));
            };
            quote! {
                ::core::result::Result::Ok(match reader.take_discriminator(#last)? {
                    #(#arms)*
                    _ => ::core::unreachable!(),
                })
            }
        }
        Data::Union(_) => return Err(Error::new_spanned(name, "unions have no encoding")),
    };
    let takes_nothing = takes_nothing(&input.data)?;
    let mut generics = input.generics.clone();
    for parameter in input.generics.type_params() {
        let ident = &parameter.ident;
        let clause = syn::parse_quote!(#ident: ::jambox_sdk::codec::Decode<__C>);
        generics.make_where_clause().predicates.push(clause);
    }
    let (_, types, bounds) = generics.split_for_impl();
    let with_context = with_context(&input.generics);
    let (head, ..) = with_context.split_for_impl();
    Ok(quote! {
        impl #head ::jambox_sdk::codec::Decode<__C> for #name #types #bounds {
            const TAKES_NOTHING: bool = #takes_nothing;

            fn decode(
                reader: &mut ::jambox_sdk::codec::Reader<'_>,
                context: &__C,
            ) -> ::core::result::Result<Self, ::jambox_sdk::codec::DecodeError> {
                let _ = (&reader, context);
                #body
            }
        }
    })
}

/// Span of errors about a field: its type.
fn place_of(field: &Field) -> Span {
    field.ty.span().resolved_at(Span::call_site())
}

/// Condition that no field of a struct takes an octet; false for enums, whose variant takes one.
fn takes_nothing(data: &Data) -> Result<Tokens, Error> {
    let Data::Struct(data) = data else { return Ok(quote! { false }) };
    let mut all = quote! { true };
    for field in &data.fields {
        let (kind, place) = (&field.ty, place_of(field));
        all.extend(match is_natural(field)? {
            true => quote! { && false },
            false => quote_spanned! { place =>
                && <#kind as ::jambox_sdk::codec::Decode<__C>>::TAKES_NOTHING
            },
        });
    }
    Ok(all)
}

/// Parameters of an implementation for every context `__C`.
fn with_context(generics: &Generics) -> Generics {
    let mut generics = generics.clone();
    generics.params.push(syn::parse_quote!(__C: ?Sized));
    generics
}

/// Variants with their discriminators.
fn numbered<'a>(
    variants: impl IntoIterator<Item = &'a Variant>,
) -> Result<impl Iterator<Item = (u64, &'a Variant)>, Error> {
    let variants: Vec<_> = variants.into_iter().collect();
    if let Some(variant) = variants.iter().find(|variant| variant.discriminant.is_some()) {
        let text = "variants are counted from 0; an explicit discriminant would be ignored";
        return Err(Error::new_spanned(variant, text));
    }
    Ok((0..).zip(variants))
}

/// A pattern that binds all fields, and the statements that encode them.
fn encode_fields(fields: &Fields) -> Result<(Tokens, Tokens), Error> {
    let names = bindings(fields);
    let mut puts = Tokens::new();
    for (name, field) in names.iter().zip(fields) {
        let place = place_of(field);
        puts.extend(if is_natural(field)? {
            quote_spanned! { place =>
                ::jambox_sdk::codec::encode_natural(
                    ::jambox_sdk::codec::Natural::to_natural(*#name), out,
                );
            }
        } else {
            quote_spanned! { place => ::jambox_sdk::codec::Encode::encode_to(#name, out, context); }
        });
    }
    let pattern = match fields {
        Fields::Named(_) => quote! { { #(#names),* } },
        Fields::Unnamed(_) => quote! { ( #(#names),* ) },
        Fields::Unit => Tokens::new(),
    };
    Ok((pattern, puts))
}

/// Fields of a constructor, each decoded from the reader.
fn decode_fields(fields: &Fields) -> Result<Tokens, Error> {
    let mut takes = Vec::new();
    for field in fields {
        let place = place_of(field);
        takes.push(if is_natural(field)? {
            quote_spanned! { place => reader.take_natural_as()? }
        } else {
            quote_spanned! { place => ::jambox_sdk::codec::Decode::decode(reader, context)? }
        });
    }
    Ok(match fields {
        Fields::Named(named) => {
            let names = named.named.iter().map(|field| &field.ident);
            quote! { { #(#names: #takes),* } }
        }
        Fields::Unnamed(_) => quote! { ( #(#takes),* ) },
        Fields::Unit => Tokens::new(),
    })
}

fn bindings(fields: &Fields) -> Vec<Ident> {
    let named = |(index, field): (usize, &Field)| {
        field.ident.clone().unwrap_or_else(|| format_ident!("field{index}"))
    };
    fields.iter().enumerate().map(named).collect()
}

fn is_natural(field: &Field) -> Result<bool, Error> {
    let mut natural = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("codec")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("natural") {
                natural = true;
                return Ok(());
            }
            Err(meta.error("expected `natural`"))
        })?;
    }
    Ok(natural)
}
