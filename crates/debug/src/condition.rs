//! Conditions over registers and memory: `r7 == 5 && u32[r8 + 4] < 0x100`.

use jambox_engine::Instance;
use jambox_isa::Reg;

/// An expression over a machine: numbers, registers, `pc`, `gas`, memory (`u8[..]`, `u16[..]`,
/// `u32[..]`, `u64[..]`), `+ - * &`, comparisons (of numbers without sign), `&&` and `||`.
///
/// A comparison is 1 or 0; a condition holds if it is not 0. Memory that cannot be read makes it
/// unknown, and an unknown condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    text: String,
    root: Node,
}

/// The fault of an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "at `{rest}`: expected {expected}; expressions are such as `r7 == 5 && u32[sp + 8] < 0x100`"
)]
pub struct ConditionError {
    /// The part that was not understood, and all after it.
    pub rest: String,
    /// The syntax that could stand there.
    pub expected: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Node {
    Number(u64),
    Reg(Reg),
    Pc,
    Gas,
    Memory(u8, Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    AtMost,
    AtLeast,
    Below,
    Above,
    Plus,
    Minus,
    Times,
    Mask,
}

/// Operators by how they are written, loosest first; of one row the first that fits.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::AtMost),
        (">=", Operator::AtLeast),
        ("<", Operator::Below),
        (">", Operator::Above),
    ],
    &[("+", Operator::Plus), ("-", Operator::Minus)],
    &[("*", Operator::Times), ("&", Operator::Mask)],
];

/// The names of the calling convention, in the order of the registers.
const NAMES: [&str; 13] =
    ["ra", "sp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5"];

/// Depth to which expressions may be nested.
const DEPTH: usize = 32;

impl Condition {
    /// Parses an expression.
    ///
    /// # Errors
    ///
    /// When something in it is not understood.
    pub fn parse(text: &str) -> Result<Self, ConditionError> {
        let mut parser = Parser { rest: text.trim(), depth: 0 };
        let root = parser.level(0)?;
        if !parser.rest.is_empty() {
            return Err(parser.expected("an operator"));
        }
        Ok(Self { text: text.trim().to_owned(), root })
    }

    /// The expression as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The value; none if memory that it needs cannot be read.
    #[must_use]
    pub fn value(&self, instance: &Instance) -> Option<u64> {
        self.root.value(instance)
    }

    /// True if the condition holds.
    #[must_use]
    pub fn holds(&self, instance: &Instance) -> bool {
        self.value(instance).is_some_and(|value| value != 0)
    }
}

impl Node {
    fn value(&self, instance: &Instance) -> Option<u64> {
        Some(match self {
            Self::Number(number) => *number,
            Self::Reg(reg) => instance.reg(*reg),
            Self::Pc => instance.pc(),
            Self::Gas => instance.gas(),
            Self::Memory(width, address) => {
                let mut octets = [0; 8];
                let address = address.value(instance)?;
                instance
                    .memory()
                    .read_into(address, octets.get_mut(..usize::from(*width))?)
                    .ok()?;
                u64::from_le_bytes(octets)
            }
            Self::Binary(operator, a, b) => {
                operator.apply(a.value(instance)?, || b.value(instance))?
            }
        })
    }
}

impl Operator {
    fn apply(self, a: u64, b: impl FnOnce() -> Option<u64>) -> Option<u64> {
        let truth = |holds: bool| Some(u64::from(holds));
        match self {
            Self::Or if a != 0 => return truth(true),
            Self::And if a == 0 => return truth(false),
            _ => {}
        }
        let b = b()?;
        match self {
            Self::Or | Self::And => truth(b != 0),
            Self::NotEqual => truth(a != b),
            Self::Equal => truth(a == b),
            Self::AtMost => truth(a <= b),
            Self::AtLeast => truth(a >= b),
            Self::Below => truth(a < b),
            Self::Above => truth(a > b),
            Self::Plus => Some(a.wrapping_add(b)),
            Self::Minus => Some(a.wrapping_sub(b)),
            Self::Times => Some(a.wrapping_mul(b)),
            Self::Mask => Some(a & b),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    depth: usize,
}

impl Parser<'_> {
    fn expected(&self, expected: &'static str) -> ConditionError {
        ConditionError { rest: self.rest.to_owned(), expected }
    }

    fn take(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest.trim_start();
        true
    }

    /// An operand of a level of operators, and the rest of that level.
    fn level(&mut self, level: usize) -> Result<Node, ConditionError> {
        let Some(operators) = LEVELS.get(level) else { return self.operand() };
        let mut node = self.level(level + 1)?;
        loop {
            // `&` must not take the half of `&&`.
            let is_and = self.rest.starts_with("&&") && level > 1;
            let found = operators.iter().find(|(token, _)| !is_and && self.take(token));
            let Some((_, operator)) = found else { return Ok(node) };
            let other = self.level(level + 1)?;
            node = Node::Binary(*operator, Box::new(node), Box::new(other));
        }
    }

    fn operand(&mut self) -> Result<Node, ConditionError> {
        if self.take("(") {
            let node = self.nested()?;
            return if self.take(")") { Ok(node) } else { Err(self.expected("`)`")) };
        }
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        let node = match word {
            "pc" => Node::Pc,
            "gas" => Node::Gas,
            "u8" | "u16" | "u32" | "u64" => {
                self.rest = rest.trim_start();
                let width = word.get(1..).and_then(|bits| bits.parse::<u8>().ok()).unwrap_or(8) / 8;
                if !self.take("[") {
                    return Err(self.expected("`[` and an address"));
                }
                let address = self.nested()?;
                if !self.take("]") {
                    return Err(self.expected("`]`"));
                }
                return Ok(Node::Memory(width, Box::new(address)));
            }
            word => match (register(word), jambox_isa::parse_number(word)) {
                (Some(reg), _) => Node::Reg(reg),
                (None, Some(number)) => Node::Number(number),
                (None, None) => {
                    return Err(self.expected("a number, r0 to r12, pc, gas or u8[address] to u64"));
                }
            },
        };
        self.rest = rest.trim_start();
        Ok(node)
    }

    fn nested(&mut self) -> Result<Node, ConditionError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.expected("less nesting"));
        }
        let node = self.level(0)?;
        self.depth -= 1;
        Ok(node)
    }
}

/// A register by its number or by its name in the calling convention.
fn register(word: &str) -> Option<Reg> {
    let number = word.strip_prefix('r').and_then(|number| number.parse().ok());
    let number = number.or_else(|| NAMES.iter().position(|name| *name == word));
    Reg::ALL.into_iter().find(|reg| Some(reg.index()) == number)
}
