//! Inputs of an accumulation, in the encodings of `fetch`.

use std::cell::OnceCell;

use jambox_codec::{Encode, encode, encode_natural};
use jambox_hostcall::FetchKind;
use jambox_state::Blob;
use jambox_types::{AccumulateInput, DeferredTransfer, Operand};

use crate::package::at;

/// The inputs in each arrangement that an ABI offers, each encoded at its first use.
pub(crate) struct Inputs {
    inputs: Vec<AccumulateInput>,
    all: OnceCell<Encoded>,
    operands: OnceCell<Encoded>,
    transfers: OnceCell<Encoded>,
}

/// A sequence: the whole with its length, and each element.
struct Encoded {
    whole: Blob,
    each: Vec<Blob>,
}

impl Encoded {
    fn new<'a, T: Encode + 'a>(items: impl Iterator<Item = &'a T>) -> Self {
        let each: Vec<Blob> = items.map(|item| encode(item).into()).collect();
        let mut whole = Vec::new();
        encode_natural(each.len() as u64, &mut whole);
        each.iter().for_each(|item| whole.extend_from_slice(item));
        Self { whole: whole.into(), each }
    }

    fn whole(&self) -> Option<Blob> {
        Some(self.whole.clone())
    }

    fn at(&self, index: u64) -> Option<Blob> {
        at(&self.each, index).cloned()
    }
}

impl Inputs {
    pub(crate) fn new(inputs: Vec<AccumulateInput>) -> Self {
        let (all, operands, transfers) = Default::default();
        Self { inputs, all, operands, transfers }
    }

    /// Inputs of a kind of `fetch` (`fetch`, 0.7.2). If the ABI separates operands and transfers,
    /// they have no discriminator.
    pub(crate) fn fetch(&self, kind: FetchKind, index: u64) -> Option<Blob> {
        match kind {
            FetchKind::Inputs => self.all().whole(),
            FetchKind::Input => self.all().at(index),
            FetchKind::Operands => self.operands().whole(),
            FetchKind::Operand => self.operands().at(index),
            FetchKind::Transfers => self.transfers().whole(),
            FetchKind::Transfer => self.transfers().at(index),
            _ => None,
        }
    }

    fn all(&self) -> &Encoded {
        self.all.get_or_init(|| Encoded::new(self.inputs.iter()))
    }

    fn operands(&self) -> &Encoded {
        fn operand(input: &AccumulateInput) -> Option<&Operand> {
            match input {
                AccumulateInput::Operand(operand) => Some(operand),
                AccumulateInput::Transfer(_) => None,
            }
        }
        self.operands.get_or_init(|| Encoded::new(self.inputs.iter().filter_map(operand)))
    }

    fn transfers(&self) -> &Encoded {
        fn transfer(input: &AccumulateInput) -> Option<&DeferredTransfer> {
            match input {
                AccumulateInput::Transfer(transfer) => Some(transfer),
                AccumulateInput::Operand(_) => None,
            }
        }
        self.transfers.get_or_init(|| Encoded::new(self.inputs.iter().filter_map(transfer)))
    }
}
