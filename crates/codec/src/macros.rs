//! Both directions of a struct's encoding from one list.

/// Implements [`Encode`](crate::Encode) and [`Decode`](crate::Decode) for a struct from the list of
/// all its fields, in the order in which the paper encodes them.
///
/// A field is written in its own encoding, or, marked `natural`, as a natural. After the struct's
/// name, `in Type` restricts the struct's encoding to one type of context, and `for Trait` to
/// contexts that implement a trait.
///
/// A field marked `if rule` is encoded only if the rules (the result of the context's method
/// `rules`) have the field `rule` set; otherwise it takes no octet and is decoded to its default.
///
/// ```
/// # use jambox_codec::{impl_codec, encode, encode_with};
/// struct Pair { index: u16, hash: [u8; 2] }
/// impl_codec!(Pair { hash, index: natural });
/// assert_eq!(encode(&Pair { index: 5, hash: [1, 2] }), [1, 2, 5]);
///
/// struct Rules { slots: bool }
/// trait Ruled { fn rules(&self) -> &Rules; }
/// impl Ruled for Rules { fn rules(&self) -> &Rules { self } }
///
/// struct Anchor { hash: [u8; 2], slot: u32 }
/// impl_codec!(Anchor for Ruled { hash, slot: natural if slots });
/// let anchor = Anchor { hash: [1, 2], slot: 7 };
/// assert_eq!(encode_with(&anchor, &Rules { slots: true }), [1, 2, 7]);
/// assert_eq!(encode_with(&anchor, &Rules { slots: false }), [1, 2]);
/// ```
#[macro_export]
macro_rules! impl_codec {
    ($type:ident { $($fields:tt)* }) => {
        $crate::impl_codec!(@implement [C: ?Sized] C, $type { $($fields)* });
    };
    ($type:ident for $trait:ident { $($fields:tt)* }) => {
        $crate::impl_codec!(@implement [C: $trait + ?Sized] C, $type { $($fields)* });
    };
    ($type:ident in $context:ty { $($fields:tt)* }) => {
        $crate::impl_codec!(@implement [] $context, $type { $($fields)* });
    };
    (
        @implement [$($parameter:tt)*] $context:ty,
        $type:ident { $($field:ident $(: $mode:ident)? $(if $rule:ident)?),* $(,)? }
    ) => {
        impl<$($parameter)*> $crate::Encode<$context> for $type {
            fn encode_to(&self, out: &mut $crate::MacroVec<u8>, context: &$context) {
                // Naming every field makes a forgotten one a compile error.
                let Self { $($field),* } = self;
                $($crate::impl_codec!(@put out context $field [$($mode)?] $(if $rule)?);)*
            }
        }

        impl<$($parameter)*> $crate::Decode<$context> for $type {
            fn decode(
                reader: &mut $crate::Reader<'_>,
                context: &$context,
            ) -> Result<Self, $crate::DecodeError> {
                $(let $field = $crate::impl_codec!(
                    @take reader context [$($mode)?] $(if $rule)?
                );)*
                Ok(Self { $($field),* })
            }
        }
    };
    (@put $out:ident $context:ident $field:ident $mode:tt if $rule:ident) => {
        if $context.rules().$rule {
            $crate::impl_codec!(@put $out $context $field $mode);
        }
    };
    (@put $out:ident $context:ident $field:ident []) => {
        $crate::Encode::encode_to($field, $out, $context)
    };
    (@put $out:ident $context:ident $field:ident [natural]) => {
        $crate::encode_natural($crate::Natural::to_natural(*$field), $out)
    };
    (@take $reader:ident $context:ident $mode:tt if $rule:ident) => {
        if $context.rules().$rule {
            $crate::impl_codec!(@take $reader $context $mode)
        } else {
            Default::default()
        }
    };
    (@take $reader:ident $context:ident []) => {
        $crate::Decode::decode($reader, $context)?
    };
    (@take $reader:ident $context:ident [natural]) => {
        $reader.take_natural_as()?
    };
}
