//! The protocol's parameters: one table, and the struct, encoding, file format and descriptions
//! that expand from it.

use alloc::vec::Vec;
use core::{fmt, str};

use jambox_codec::{Decode, DecodeError, Encode, Reader, impl_codec};
use jambox_isa::Revision;

use crate::{Hash, Memo, Revised, Rules};

/// A named set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case")
)]
pub enum Preset {
    /// The Gray Paper's own values.
    #[default]
    Full,
    /// The values that public test vectors use: 6 validators, 2 cores, epochs of 12 slots.
    Tiny,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 2] = [Self::Full, Self::Tiny];

    /// The name that [`Display`](fmt::Display) writes and [`FromStr`](str::FromStr) reads.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Tiny => "tiny",
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl str::FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, UnknownPreset> {
        Self::ALL.into_iter().find(|preset| preset.name() == text).ok_or(UnknownPreset)
    }
}

/// Error: the name of no preset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `full` or `tiny`")]
pub struct UnknownPreset;

/// Description of a parameter: the names and the text of its row in the table.
#[derive(Debug, Clone, Copy)]
pub struct ParameterInfo {
    /// The field of [`Parameters`].
    pub name: &'static str,
    /// The symbol that the paper prints.
    pub symbol: &'static str,
    /// The paper's LaTeX name.
    pub label: &'static str,
    /// Meaning of the parameter.
    pub doc: &'static str,
    rule: fn(&Rules) -> bool,
}

impl ParameterInfo {
    /// True if the revision has the parameter; under other revisions its value follows from other
    /// parameters.
    #[must_use]
    pub fn is_of(&self, revision: Revision) -> bool {
        (self.rule)(Rules::of(revision))
    }
}

macro_rules! parameters {
    ($(
        $(#[doc = $doc:literal])+
        $name:ident: $type:ty, $symbol:literal, $label:literal, $full:literal, $tiny:literal
            $(, if $rule:ident)?;
    )*) => {
        /// The protocol's parameters (`sec:definitions`).
        ///
        /// Their encoding, 134 octets under 0.7.2 and 122 under 0.8.0, is the value of `fetch` kind
        /// 0. In a file, the key `base` names a preset, from which omitted parameters are taken.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(try_from = "ParametersFile")
        )]
        pub struct Parameters {
            $(
                $(#[doc = $doc])+
                #[doc = concat!("\n\nThe paper's ", $symbol, ", `", $label, "`.")]
                pub $name: $type,
            )*
        }

        // The order of the table is the order of fetch kind 0 (`fetch`).
        impl_codec!(Encoded for Revised { $($name $(if $rule)?),* });

        /// The parameters that have a place in the encoding of some revision.
        struct Encoded {
            $($name: $type,)*
        }

        impl<C: Revised + ?Sized> Encode<C> for Parameters {
            fn encode_to(&self, out: &mut Vec<u8>, context: &C) {
                let Self { $($name),* } = *self;
                Encoded { $($name),* }.encode_to(out, context);
            }
        }

        impl<C: Revised + ?Sized> Decode<C> for Parameters {
            fn decode(reader: &mut Reader<'_>, context: &C) -> Result<Self, DecodeError> {
                let Encoded { $($name),* } = Encoded::decode(reader, context)?;
                Ok(Self { $($name),* }.following(context.rules()))
            }
        }

        impl Parameters {
            /// The Gray Paper's own values.
            pub const FULL: Self = Self { $($name: $full),* };

            /// The values that public test vectors use.
            pub const TINY: Self = Self { $($name: $tiny),* };

            /// Descriptions of all parameters, in the order of the encoding.
            pub const INFO: &'static [ParameterInfo] = &[$(
                ParameterInfo {
                    name: stringify!($name),
                    rule: parameters!(@rule $($rule)?),
                    symbol: $symbol,
                    label: $label,
                    doc: concat!($($doc),+),
                }
            ),*];

            /// The values, in the order of [`Parameters::INFO`].
            #[must_use]
            pub fn values(&self) -> Vec<u64> {
                alloc::vec![$(u64::from(self.$name)),*]
            }
        }

        #[cfg(feature = "serde")]
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct ParametersFile {
            base: Option<Preset>,
            $($name: Option<$type>,)*
        }

        #[cfg(feature = "serde")]
        impl TryFrom<ParametersFile> for Parameters {
            type Error = ParametersError;

            fn try_from(file: ParametersFile) -> Result<Self, ParametersError> {
                let base = file.base.map(Self::preset);
                let parameters = Self {$(
                    $name: file
                        .$name
                        .or(base.map(|base| base.$name))
                        .ok_or(ParametersError::Missing { name: stringify!($name) })?,
                )*};
                parameters.check()?;
                Ok(parameters)
            }
        }
    };
    (@rule) => { |_| true };
    (@rule $rule:ident) => { |rules| rules.$rule };
}

parameters! {
    /// The balance that each item of elective service state requires (`eq:deposits`).
    item_deposit: u64, "B_I", "\\Citemdeposit", 10, 10;
    /// The balance that each octet of elective service state requires (`eq:deposits`).
    octet_deposit: u64, "B_L", "\\Cbytedeposit", 1, 1;
    /// The balance that every service requires (`eq:deposits`).
    base_deposit: u64, "B_S", "\\Cbasedeposit", 100, 100;
    /// The number of cores.
    cores: u16, "C", "\\Ccorecount", 341, 2;
    /// Slots after which an unreferenced preimage may be expunged.
    expunge_period: u32, "D", "\\Cexpungeperiod", 19_200, 32;
    /// Slots in an epoch.
    epoch_length: u32, "E", "\\Cepochlen", 600, 12;
    /// Gas for the accumulation of one work report.
    report_accumulate_gas: u64, "G_A", "\\Creportaccgas", 10_000_000, 10_000_000;
    /// Gas for the is-authorized invocation of a work package.
    is_authorized_gas: u64, "G_I", "\\Cpackageauthgas", 50_000_000, 50_000_000;
    /// Gas for the refine invocations of a work package.
    refine_gas: u64, "G_R", "\\Cpackagerefgas", 5_000_000_000, 1_000_000_000;
    /// Gas for all accumulation of a block.
    block_accumulate_gas: u64, "G_T", "\\Cblockaccgas", 3_500_000_000, 20_000_000;
    /// Blocks in the recent history (`eq:recenthistorydef`).
    recent_blocks: u16, "H", "\\Crecenthistorylen", 8, 8;
    /// The most work items in a package (`eq:workpackage`).
    max_package_items: u16, "I", "\\Cmaxpackageitems", 16, 16;
    /// The most dependencies of a work report (`eq:limitreportdeps`).
    max_report_dependencies: u16, "J", "\\Cmaxreportdeps", 8, 8;
    /// The most tickets in a block (`eq:enforceticketlimit`).
    max_block_tickets: u16, "K", "\\Cmaxblocktickets", 16, 3;
    /// The greatest age of a lookup anchor, in slots (`eq:limitlookupanchorage`).
    max_lookup_anchor_age: u32, "L", "\\Cmaxlookupanchorage", 14_400, 24;
    /// Ticket entries of each validator (`eq:ticketsextrinsic`).
    ticket_entries: u16, "N", "\\Cticketentries", 2, 3, if validator_parameters;
    /// The most authorizers in a core's pool (`eq:authstatecomposition`).
    auth_pool_size: u16, "O", "\\Cauthpoolsize", 8, 8;
    /// Seconds in a slot.
    slot_seconds: u16, "P", "\\Cslotseconds", 6, 6;
    /// Authorizers in a core's queue (`eq:authstatecomposition`).
    auth_queue_size: u16, "Q", "\\Cauthqueuesize", 80, 80;
    /// Slots after which validators rotate between cores.
    rotation_period: u16, "R", "\\Crotationperiod", 10, 4;
    /// The most extrinsics in a package (`eq:limitworkpackagebandwidth`).
    max_package_extrinsics: u16, "T", "\\Cmaxpackagexts", 128, 128;
    /// Slots after which reported but unavailable work may be replaced.
    assurance_timeout: u16, "U", "\\Cassurancetimeoutperiod", 5, 5;
    /// The number of validators.
    validators: u16, "V", "\\Cvalcount", 1_023, 6, if validator_parameters;
    /// The largest is-authorized code, in octets (`eq:isauthinvocation`).
    max_authorizer_code_size: u32, "W_A", "\\Cmaxauthcodesize", 64_000, 64_000;
    /// The largest work bundle, in octets (`eq:checkextractsize`).
    max_bundle_size: u32, "W_B", "\\Cmaxbundlesize", 13_791_360, 13_791_360;
    /// The largest service code, in octets (`eq:refinvocation`).
    max_service_code_size: u32, "W_C", "\\Cmaxservicecodesize", 4_000_000, 4_000_000;
    /// The size of an erasure-coded piece, in octets (`eq:erasurecoding`).
    erasure_piece_size: u32, "W_E", "\\Cecpiecesize", 684, 4, if validator_parameters;
    /// The most imported segments of a package (`eq:limitworkpackagebandwidth`).
    max_package_imports: u32, "W_M", "\\Cmaxpackageimports", 3_072, 3_072;
    /// Erasure-coded pieces in a segment.
    segment_pieces: u32, "W_P", "\\Csegmentecpieces", 6, 1_026, if validator_parameters;
    /// The most octets in all unbounded blobs of a work report (`eq:limitworkreportsize`).
    max_report_variable_size: u32, "W_R", "\\Cmaxreportvarsize", 49_152, 49_152;
    /// Octets in the memo of a transfer (`eq:defxfer`).
    memo_size: u32, "W_T", "\\Cmemosize", 128, 128;
    /// The most exported segments of a package (`eq:limitworkpackagebandwidth`).
    max_package_exports: u32, "W_X", "\\Cmaxpackageexports", 3_072, 3_072;
    /// The slot of an epoch at which ticket submission ends.
    epoch_tail_start: u32, "Y", "\\Cepochtailstart", 500, 10;
}

impl Default for Parameters {
    fn default() -> Self {
        Self::FULL
    }
}

/// Error: parameters under which the protocol cannot run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParametersError {
    /// A parameter is missing, and no base is named to take it from.
    #[error("`{name}` is missing, and no `base` is named to take it from")]
    Missing {
        /// The parameter.
        name: &'static str,
    },
    /// A value that breaks a rule.
    #[error("`{name}` {rule}")]
    Invalid {
        /// The parameter.
        name: &'static str,
        /// The rule.
        rule: &'static str,
    },
}

/// Largest number of authorizer hashes in a state: 32 MiB of hashes. The paper's own parameters
/// have 30,008.
const MAX_AUTHORIZERS: u32 = 1 << 20;

impl Parameters {
    /// These parameters under a revision. Parameters that the revision lacks follow from the
    /// others.
    ///
    /// Under a revision that counts validators, their number is limited to three for each core.
    /// Ticket entries and the sizes of erasure-coded pieces follow from the number of validators.
    #[must_use]
    pub const fn under(self, revision: Revision) -> Self {
        self.following(Rules::of(revision))
    }

    const fn following(mut self, rules: &Rules) -> Self {
        if !rules.validator_parameters {
            self.validators = self.cores.saturating_mul(3);
            self.ticket_entries = match ticket_entries(self.epoch_length, self.validators as usize)
            {
                entries if entries > u16::MAX as u32 => u16::MAX,
                entries => entries as u16,
            };
            let shards = data_shards(self.validators as usize) as u32;
            self.erasure_piece_size = shards.saturating_mul(2);
            self.segment_pieces = match SEGMENT_SIZE.checked_div(self.erasure_piece_size) {
                Some(pieces) => pieces,
                None => 0,
            };
        }
        self
    }

    /// The parameters of a preset.
    #[must_use]
    pub const fn preset(preset: Preset) -> Self {
        match preset {
            Preset::Full => Self::FULL,
            Preset::Tiny => Self::TINY,
        }
    }

    /// Checks the relations that the protocol's types and formulas rely on.
    ///
    /// # Errors
    ///
    /// The first relation that does not hold.
    pub const fn check(&self) -> Result<(), ParametersError> {
        const fn invalid(name: &'static str, rule: &'static str) -> Result<(), ParametersError> {
            Err(ParametersError::Invalid { name, rule })
        }
        if self.cores == 0 {
            return invalid("cores", "must not be zero");
        }
        if self.validators == 0 {
            return invalid("validators", "must not be zero");
        }
        if self.epoch_length == 0 || self.epoch_length > 1 << 16 {
            return invalid("epoch_length", "must be from 1 to 65536");
        }
        if self.epoch_tail_start > self.epoch_length {
            return invalid("epoch_tail_start", "must not be larger than `epoch_length`");
        }
        if self.rotation_period == 0 {
            return invalid("rotation_period", "must not be zero");
        }
        if self.auth_queue_size == 0 {
            return invalid("auth_queue_size", "must not be zero");
        }
        if self.memo_size as usize != Memo::LENGTH {
            return invalid("memo_size", "must be 128");
        }
        // A state allocates a queue and a pool for every core at once.
        let per_core = (self.auth_queue_size as u32).saturating_add(self.auth_pool_size as u32);
        if per_core.saturating_mul(self.cores as u32) > MAX_AUTHORIZERS {
            return invalid(
                "auth_queue_size",
                "and `auth_pool_size`, times `cores`, must be at most 1048576 in all",
            );
        }
        let originals = self.erasure_piece_size / 2;
        if originals == 0 || originals >= self.validators as u32 || self.erasure_piece_size % 2 == 1
        {
            return invalid("erasure_piece_size", "must be even and, halved, below `validators`");
        }
        match self.segment_pieces.checked_mul(self.erasure_piece_size) {
            Some(1..=0xffff) => Ok(()),
            _ => invalid("segment_pieces", "times `erasure_piece_size` must be from 1 to 65535"),
        }
    }

    /// Octets in a segment, `\Csegmentsize`: pieces in a segment times the size of a piece.
    #[must_use]
    pub const fn segment_size(&self) -> usize {
        self.segment_pieces.saturating_mul(self.erasure_piece_size) as usize
    }

    /// Octets added to a work bundle by an imported segment and its proof, `\Csegmentfootprint`
    /// (`eq:segmentfootprint`, 0.7.2).
    #[must_use]
    pub const fn segment_footprint(&self) -> u64 {
        let depth = match self.max_package_imports {
            0 => 0,
            imports => u32::BITS.saturating_sub(imports.saturating_sub(1).leading_zeros()),
        };
        let proof = (depth as u64).saturating_mul(Hash::LENGTH as u64);
        (self.segment_size() as u64).saturating_add(proof)
    }

    /// [`Parameters::validators`] as a `usize`.
    #[must_use]
    pub const fn validator_count(&self) -> usize {
        self.validators as usize
    }

    /// [`Parameters::cores`] as a `usize`.
    #[must_use]
    pub const fn core_count(&self) -> usize {
        self.cores as usize
    }

    /// [`Parameters::epoch_length`] as a `usize`.
    #[must_use]
    pub const fn slot_count(&self) -> usize {
        self.epoch_length as usize
    }

    /// [`Parameters::auth_queue_size`] as a `usize`.
    #[must_use]
    pub const fn queue_length(&self) -> usize {
        self.auth_queue_size as usize
    }
}

/// Octets in a segment, `\Csegmentsize`, in revisions that define it as a constant rather than by
/// pieces.
const SEGMENT_SIZE: u32 = 4104;

/// Ticket entries of each of `validators`, in revisions that derive their number: enough entries
/// for two tickets in every slot of an epoch (`eq:ticketsextrinsic`, 0.8.0).
#[must_use]
pub const fn ticket_entries(epoch_length: u32, validators: usize) -> u32 {
    match validators as u32 {
        0 => 0,
        validators => epoch_length.saturating_mul(2).div_ceil(validators),
    }
}

/// Number of chunks from which data can be recovered, in revisions that derive it from the number
/// of validators: the largest number below `validators / 3 + 2` that divides a segment into whole
/// octet pairs (`sec:erasurecoding`, 0.8.0).
#[must_use]
pub const fn data_shards(validators: usize) -> usize {
    // `shards < validators / 3 + 2`, in whole numbers.
    let mut shards = validators.div_ceil(3).saturating_add(1);
    while !is_whole_number_of_pairs(shards) {
        shards = shards.saturating_sub(1);
    }
    shards
}

/// True if `pieces` divides a segment into whole pairs of octets. One piece always does.
const fn is_whole_number_of_pairs(pieces: usize) -> bool {
    match (SEGMENT_SIZE as usize).checked_rem(pieces.saturating_mul(2)) {
        Some(rest) => rest == 0,
        None => true,
    }
}

/// Constants that are neither parameters nor part of the value of `fetch`. The machine's constants
/// are in `jambox-program`.
pub mod constants {
    /// Smallest index of a service that any service may create, the paper's S, `\Cminpublicindex`
    /// (`eq:newserviceindex`). Below it, only the registrar creates services.
    pub const MIN_PUBLIC_INDEX: u32 = 1 << 16;
}
