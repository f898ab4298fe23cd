//! The four types of XPath 1.0 and their conversions (sections 3.2 to 3.5 and 4).

use std::cmp::Ordering;

use banyan_yang::xpath::CompareOp;

use crate::cursor::Cursor;

/// The value of an expression.
#[derive(Clone, Debug)]
pub enum XValue<'t> {
    /// True or false.
    Boolean(bool),
    /// An IEEE 754 double.
    Number(f64),
    /// Unicode text.
    String(String),
    /// A node-set: in document order, without repetitions.
    Nodes(Vec<Cursor<'t>>),
}

impl<'t> XValue<'t> {
    /// `boolean()` (section 4.3).
    pub fn to_boolean(&self) -> bool {
        match self {
            XValue::Boolean(value) => *value,
            XValue::Number(number) => *number != 0.0 && !number.is_nan(),
            XValue::String(text) => !text.is_empty(),
            XValue::Nodes(nodes) => !nodes.is_empty(),
        }
    }

    /// `number()` (section 4.4).
    pub fn to_number(&self) -> f64 {
        match self {
            XValue::Boolean(value) => f64::from(u8::from(*value)),
            XValue::Number(number) => *number,
            XValue::String(text) => number_of(text),
            XValue::Nodes(nodes) => nodes
                .first()
                .map_or(f64::NAN, |node| number_of(&node.string_value())),
        }
    }

    /// `string()` (section 4.2): of a node-set, the string value of its first node.
    pub fn to_text(&self) -> String {
        match self {
            XValue::Boolean(value) => value.to_string(),
            XValue::Number(number) => text_of(*number),
            XValue::String(text) => text.clone(),
            XValue::Nodes(nodes) => nodes.first().map(Cursor::string_value).unwrap_or_default(),
        }
    }

    /// The nodes, if the value is a node-set.
    pub fn nodes(&self) -> Option<&[Cursor<'t>]> {
        match self {
            XValue::Nodes(nodes) => Some(nodes),
            _ => None,
        }
    }
}

/// The number that a text is; NaN when it is none (section 4.4). There is no exponent and no plus sign.
pub(super) fn number_of(text: &str) -> f64 {
    let text = text.trim_matches([' ', '\t', '\r', '\n']);
    let digits = text.strip_prefix('-').unwrap_or(text);
    let allowed = |character: char| character.is_ascii_digit() || character == '.';
    if digits.starts_with(|character: char| character.is_ascii_digit() || character == '.')
        && digits.chars().all(allowed)
    {
        text.parse().unwrap_or(f64::NAN)
    } else {
        f64::NAN
    }
}

/// A number as text (section 4.2): no exponent, integers without a point, no negative zero.
pub(super) fn text_of(number: f64) -> String {
    if number.is_nan() {
        "NaN".to_owned()
    } else if number.is_infinite() {
        let sign = if number < 0.0 { "-" } else { "" };
        format!("{sign}Infinity")
    } else if number == 0.0 {
        "0".to_owned()
    } else {
        number.to_string()
    }
}

/// `round()` (section 4.4): halves go up, and the sign of a result of zero is kept.
pub(super) fn round(number: f64) -> f64 {
    if (-0.5..0.0).contains(&number) {
        -0.0
    } else {
        // Doubles without a fraction must not gain one half by rounding in the addition.
        let floor = number.floor();
        if number - floor >= 0.5 {
            floor + 1.0
        } else {
            floor
        }
    }
}

/// A number for comparisons: 64-bit integers stay exact, where doubles would lose digits.
#[derive(Clone, Copy, Debug)]
pub(super) enum Numeric {
    Exact(i128),
    Double(f64),
}

impl Numeric {
    /// Of a double: exact when it has no fraction.
    pub(super) fn of(number: f64) -> Self {
        // 2 to the power of 100: far beyond any YANG integer, and well inside i128.
        const LIMIT: f64 = (1u128 << 100) as f64;
        if number.fract() == 0.0 && number.abs() < LIMIT {
            Numeric::Exact(number as i128)
        } else {
            Numeric::Double(number)
        }
    }

    /// Whether `self op other`.
    pub(super) fn compare(self, op: CompareOp, other: Self) -> bool {
        let order = match (self, other) {
            (Numeric::Exact(a), Numeric::Exact(b)) => Some(a.cmp(&b)),
            (a, b) => a.double().partial_cmp(&b.double()),
        };
        holds(op, order)
    }

    pub(super) fn double(self) -> f64 {
        match self {
            Numeric::Exact(value) => value as f64,
            Numeric::Double(value) => value,
        }
    }
}

/// Whether two numbers in this order compare true. NaN has no order: nothing but `!=` holds.
pub(super) fn holds(op: CompareOp, order: Option<Ordering>) -> bool {
    match op {
        CompareOp::Equal => order == Some(Ordering::Equal),
        CompareOp::NotEqual => order != Some(Ordering::Equal),
        CompareOp::Less => order == Some(Ordering::Less),
        CompareOp::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        CompareOp::Greater => order == Some(Ordering::Greater),
        CompareOp::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_recommendation_writes_them() {
        for (text, number) in [
            (" 1 ", 1.0),
            ("-1.5", -1.5),
            (".5", 0.5),
            ("5.", 5.0),
            ("-0", 0.0),
        ] {
            assert_eq!(number_of(text), number, "{text}");
        }
        for text in [
            "", "+1", "1e3", "0x1", "1 2", "--1", "1.2.3", ".", "inf", "NaN", "-",
        ] {
            assert!(number_of(text).is_nan(), "{text}");
        }
    }

    #[test]
    fn numbers_are_written_without_exponent() {
        for (number, text) in [
            (1.0, "1"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (1e21, "1000000000000000000000"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(text_of(number), text);
        }
    }

    #[test]
    fn halves_round_up() {
        for (number, rounded) in [
            (2.5, 3.0),
            (-2.5, -2.0),
            (0.4, 0.0),
            (-0.2, 0.0),
            (1e15 + 0.5, 1e15 + 1.0),
        ] {
            assert_eq!(round(number), rounded, "{number}");
        }
        assert!(round(-0.2).is_sign_negative());
        assert!(round(f64::NAN).is_nan());
    }

    #[test]
    fn large_integers_compare_exactly() {
        let (a, b) = (
            Numeric::Exact(u64::MAX.into()),
            Numeric::Exact(i128::from(u64::MAX) - 1),
        );
        assert!(a.compare(CompareOp::Greater, b));
        assert!(Numeric::of(2.0).compare(CompareOp::Equal, Numeric::Exact(2)));
        assert!(Numeric::of(f64::NAN).compare(CompareOp::NotEqual, Numeric::Exact(2)));
        assert!(!Numeric::of(f64::NAN).compare(CompareOp::LessOrEqual, Numeric::Exact(2)));
    }
}
