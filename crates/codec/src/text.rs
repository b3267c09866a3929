//! Text: the length as a natural, and the octets in UTF-8.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;
use core::str;

use crate::{Decode, DecodeError, DecodeErrorKind, Encode, Reader};

impl<C: ?Sized> Encode<C> for str {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        self.as_bytes().encode_to(out, context);
    }
}

impl<C: ?Sized> Encode<C> for String {
    fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
        self.as_str().encode_to(out, context);
    }
}

impl<C: ?Sized> Decode<C> for String {
    fn decode(reader: &mut Reader<'_>, _: &C) -> Result<Self, DecodeError> {
        let start = reader.clone();
        let length = reader.take_length()?;
        match str::from_utf8(reader.take(length)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(start.error(DecodeErrorKind::NotUtf8)),
        }
    }
}
