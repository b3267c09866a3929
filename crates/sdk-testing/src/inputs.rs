//! Builders of accumulate's inputs.

use jambox_sdk::types::{
    AccumulateInput, Balance, DeferredTransfer, Gas, Hash, Memo, Operand, ServiceId, WorkError,
    WorkResult,
};

/// Builds an operand; fields not set are zero or empty.
#[derive(Clone, Debug)]
pub struct OperandBuilder(Operand);

/// An operand with a work result, complete or to be extended.
#[must_use]
pub fn operand(result: Result<&[u8], WorkError>) -> OperandBuilder {
    OperandBuilder(Operand {
        package_hash: Hash::ZERO,
        segment_root: Hash::ZERO,
        authorizer: Hash::ZERO,
        payload_hash: Hash::ZERO,
        gas_limit: Gas(0),
        result: WorkResult(result.map(<[u8]>::to_vec)),
        auth_trace: Vec::new(),
    })
}

impl OperandBuilder {
    /// Sets the hash of the package.
    #[must_use]
    pub fn package(mut self, hash: Hash) -> Self {
        self.0.package_hash = hash;
        self
    }

    /// Sets the hash of the payload.
    #[must_use]
    pub fn payload_hash(mut self, hash: Hash) -> Self {
        self.0.payload_hash = hash;
        self
    }

    /// Sets the authorizer's trace.
    #[must_use]
    pub fn trace(mut self, trace: &[u8]) -> Self {
        self.0.auth_trace = trace.to_vec();
        self
    }
}

impl From<OperandBuilder> for AccumulateInput {
    fn from(builder: OperandBuilder) -> Self {
        Self::Operand(builder.0)
    }
}

/// A transfer with a memo, cut or padded with zeros to 128 octets, and without gas.
#[must_use]
pub fn transfer(from: u32, to: u32, amount: u64, memo: &[u8]) -> AccumulateInput {
    let mut padded = Memo::ZERO;
    for (octet, given) in padded.0.iter_mut().zip(memo) {
        *octet = *given;
    }
    AccumulateInput::Transfer(DeferredTransfer {
        source: ServiceId(from),
        destination: ServiceId(to),
        amount: Balance(amount),
        memo: padded,
        gas_limit: Gas(0),
    })
}
