//! Both directions of a struct's encoding from one list.

/// Implements [`Encode`](crate::Encode) and [`Decode`](crate::Decode) for a struct from the list of
/// all its fields, in the order in which the paper encodes them.
///
/// A field is written in its own encoding, or, marked `natural`, as a natural. After the name,
/// `in Type` names the context without which the struct cannot be decoded.
///
/// ```
/// # use jambox_codec::{impl_codec, encode};
/// struct Pair { index: u16, hash: [u8; 2] }
/// impl_codec!(Pair { hash, index: natural });
/// assert_eq!(encode(&Pair { index: 5, hash: [1, 2] }), [1, 2, 5]);
/// ```
#[macro_export]
macro_rules! impl_codec {
    ($type:ident { $($field:ident $(: $mode:ident)?),* $(,)? }) => {
        $crate::impl_codec!(@encode $type { $($field $(: $mode)?),* });

        impl<C: ?Sized> $crate::Decode<C> for $type {
            fn decode(
                reader: &mut $crate::Reader<'_>,
                context: &C,
            ) -> Result<Self, $crate::DecodeError> {
                $crate::impl_codec!(@decode reader context { $($field $(: $mode)?),* })
            }
        }
    };
    ($type:ident in $context:ty { $($field:ident $(: $mode:ident)?),* $(,)? }) => {
        $crate::impl_codec!(@encode $type { $($field $(: $mode)?),* });

        impl $crate::Decode<$context> for $type {
            fn decode(
                reader: &mut $crate::Reader<'_>,
                context: &$context,
            ) -> Result<Self, $crate::DecodeError> {
                $crate::impl_codec!(@decode reader context { $($field $(: $mode)?),* })
            }
        }
    };
    (@encode $type:ident { $($field:ident $(: $mode:ident)?),* }) => {
        impl $crate::Encode for $type {
            fn encode_to(&self, out: &mut $crate::MacroVec<u8>) {
                // Naming every field makes a forgotten one a compile error.
                let Self { $($field),* } = self;
                $($crate::impl_codec!(@put out $field $($mode)?);)*
            }
        }
    };
    (@decode $reader:ident $context:ident { $($field:ident $(: $mode:ident)?),* }) => {{
        $(let $field = $crate::impl_codec!(@take $reader $context $($mode)?);)*
        Ok(Self { $($field),* })
    }};
    (@put $out:ident $field:ident) => {
        $crate::Encode::encode_to($field, $out)
    };
    (@put $out:ident $field:ident natural) => {
        $crate::encode_natural($crate::Natural::to_natural(*$field), $out)
    };
    (@take $reader:ident $context:ident) => {
        $crate::Decode::decode($reader, $context)?
    };
    (@take $reader:ident $context:ident natural) => {
        $reader.take_natural_as()?
    };
}
