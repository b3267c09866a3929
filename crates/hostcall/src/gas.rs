//! Prices of host calls, as data: a base price, and terms in the registers or in the outcome.

use core::fmt;

use jambox_types::Parameters;

/// The registers a guest sees, `r0` to `r12`.
pub type Registers = [u64; 13];

/// The quantity that a term of a price is proportional to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Value of a register at the call, an unchecked claim of the guest.
    Register(u8),
    /// The number of validators.
    Validators,
    /// Octets to be copied into guest memory; known once the value is found.
    Copied,
    /// Value of a register, charged only if the call succeeds.
    OnSuccess(u8),
    /// Gas used by an inner machine.
    InnerGas,
    /// Pages to be added to the heap; known once the heap's end has been read.
    PagesAdded,
}

/// One term of a price, in gas: `quantity * numerator / denominator`, rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// The quantity.
    pub quantity: Quantity,
    /// Gas per `denominator` units.
    pub numerator: u64,
    /// Units per `numerator` gas; never zero.
    pub denominator: u64,
    /// True to round fractions up (Gray Paper), false to round down (seed document).
    pub round_up: bool,
}

impl Term {
    /// `numerator` gas for each unit of a register.
    pub const fn per_unit(register: u8, numerator: u64) -> Self {
        Self::new(Quantity::Register(register), numerator, 1, true)
    }

    /// `numerator` gas for each 1024 units of a register, rounded up.
    pub const fn per_kib(register: u8, numerator: u64) -> Self {
        Self::new(Quantity::Register(register), numerator, 1024, true)
    }

    /// `numerator` gas for each validator.
    pub const fn per_validator(numerator: u64) -> Self {
        Self::new(Quantity::Validators, numerator, 1, false)
    }

    /// One gas for each `denominator` octets copied, rounded down.
    pub const fn copied(denominator: u64) -> Self {
        Self::new(Quantity::Copied, 1, denominator, false)
    }

    /// The value of a register, if the call succeeds.
    pub const fn on_success(register: u8) -> Self {
        Self::new(Quantity::OnSuccess(register), 1, 1, false)
    }

    /// The gas used by an inner machine.
    pub const fn inner_gas() -> Self {
        Self::new(Quantity::InnerGas, 1, 1, false)
    }

    /// `numerator` gas for each page added to the heap.
    pub const fn per_page_added(numerator: u64) -> Self {
        Self::new(Quantity::PagesAdded, numerator, 1, false)
    }

    const fn new(quantity: Quantity, numerator: u64, denominator: u64, round_up: bool) -> Self {
        Self { quantity, numerator, denominator, round_up }
    }

    /// The gas for `units`. Saturating, since guests claim sizes near `2^64`.
    pub fn price(&self, units: u64) -> u64 {
        let product = u128::from(units).saturating_mul(u128::from(self.numerator));
        let divisor = u128::from(self.denominator);
        let price = match self.round_up {
            true => product.checked_add(divisor.saturating_sub(1)),
            false => Some(product),
        };
        let price = price.and_then(|price| price.checked_div(divisor));
        price.and_then(|price| u64::try_from(price).ok()).unwrap_or(u64::MAX)
    }
}

/// A base price and its terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Gas of every call.
    pub base: u64,
    /// Additional gas.
    pub terms: &'static [Term],
}

impl Sum {
    /// A price without terms.
    pub const fn flat(base: u64) -> Self {
        Self { base, terms: &[] }
    }

    /// A base with terms.
    pub const fn of(base: u64, terms: &'static [Term]) -> Self {
        Self { base, terms }
    }
}

/// The price of a host call under one schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Price {
    /// One formula.
    Sum(Sum),
    /// A formula chosen by the value of a register: the row at this index.
    ByRegister {
        /// Index of the register.
        register: u8,
        /// Formulas for the values from 0 on.
        rows: &'static [Sum],
        /// The formula for every other value.
        otherwise: Sum,
    },
}

impl Price {
    /// A fixed price.
    pub const fn flat(base: u64) -> Self {
        Self::Sum(Sum::flat(base))
    }

    /// A base with terms.
    pub const fn of(base: u64, terms: &'static [Term]) -> Self {
        Self::Sum(Sum::of(base, terms))
    }

    /// The formula for these registers.
    pub fn sum(&self, registers: &Registers) -> Sum {
        match *self {
            Self::Sum(sum) => sum,
            Self::ByRegister { register, rows, otherwise } => {
                let value = register_value(registers, register);
                let row = usize::try_from(value).ok().and_then(|value| rows.get(value));
                row.copied().unwrap_or(otherwise)
            }
        }
    }

    /// The part that the registers determine, in gas. It is charged before anything else happens.
    pub fn upfront(&self, registers: &Registers, parameters: &Parameters) -> u64 {
        let sum = self.sum(registers);
        sum.terms.iter().fold(sum.base, |total, term| {
            let units = match term.quantity {
                Quantity::Register(register) => register_value(registers, register),
                Quantity::Validators => u64::from(parameters.validators),
                Quantity::Copied
                | Quantity::OnSuccess(_)
                | Quantity::InnerGas
                | Quantity::PagesAdded => 0,
            };
            total.saturating_add(term.price(units))
        })
    }

    /// The part for `units` of a quantity known to the handler only, in gas. It is charged before
    /// the effect that it pays for, and is 0 if the price does not depend on the quantity.
    pub fn part(&self, registers: &Registers, quantity: Quantity, units: u64) -> u64 {
        let terms = self.sum(registers).terms.iter();
        let priced = terms.filter(|term| term.quantity == quantity);
        priced.fold(0, |total, term| total.saturating_add(term.price(units)))
    }
}

fn register_value(registers: &Registers, register: u8) -> u64 {
    registers.get(usize::from(register)).copied().unwrap_or(0)
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Register(register) => write!(f, "r{register}"),
            Self::Validators => f.write_str("validators"),
            Self::Copied => f.write_str("octets copied"),
            Self::OnSuccess(register) => write!(f, "r{register} when OK"),
            Self::InnerGas => f.write_str("gas used inside"),
            Self::PagesAdded => f.write_str("pages added"),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { quantity, numerator, denominator, round_up } = *self;
        match (numerator, denominator) {
            (1, 1) => write!(f, "{quantity}"),
            (_, 1) => write!(f, "{numerator}*{quantity}"),
            _ if round_up => write!(f, "ceil({numerator}*{quantity}/{denominator})"),
            (1, _) => write!(f, "{quantity}/{denominator}"),
            _ => write!(f, "{numerator}*{quantity}/{denominator}"),
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.base)?;
        self.terms.iter().try_for_each(|term| write!(f, " + {term}"))
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sum(sum) => write!(f, "{sum}"),
            Self::ByRegister { register, rows, otherwise } => {
                write!(f, "by r{register}: ")?;
                for (value, sum) in rows.iter().enumerate() {
                    write!(f, "{value}: {sum}, ")?;
                }
                write!(f, "else: {otherwise}")
            }
        }
    }
}
