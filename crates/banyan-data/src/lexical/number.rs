//! Integers and decimal64 (RFC 7950 9.2, 9.3): exact, never through floating point.

use std::fmt::Write;

use banyan_yang::schema::{IntWidth, Restriction, Type};

use super::{Prefixes, Quoted, ValueError, restriction};
use crate::value::Value;

/// The number of bits.
fn bits(width: IntWidth) -> u32 {
    match width {
        IntWidth::W8 => 8,
        IntWidth::W16 => 16,
        IntWidth::W32 => 32,
        IntWidth::W64 => 64,
    }
}

/// Sign and magnitude of an integer literal; `None` when it is none. A magnitude beyond 64 bits saturates in `u128`.
fn integer(text: &str, schema_literals: bool) -> Option<(bool, u128)> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = if !schema_literals || digits == "0" {
        (10, digits)
    } else if let Some(hex) = digits.strip_prefix("0x") {
        (16, hex)
    } else if let Some(octal) = digits.strip_prefix('0') {
        (8, octal)
    } else {
        (10, digits)
    };
    if digits.is_empty() {
        return None;
    }
    let mut magnitude: u128 = 0;
    for digit in digits.chars() {
        let digit = digit.to_digit(radix)?;
        magnitude = magnitude
            .saturating_mul(u128::from(radix))
            .saturating_add(u128::from(digit));
    }
    Some((negative, magnitude))
}

fn not_a_number(ty: &Type, text: &str) -> ValueError {
    let error = ValueError::new(format!(
        "{} is not of type {}",
        Quoted(text),
        ty.builtin_name()
    ));
    if text.trim() != text {
        error.with_help("write the number without blanks around it")
    } else {
        error.with_help("write decimal digits, with a sign before them if need be")
    }
}

/// RFC 7950 9.2.1.
pub(super) fn parse_int(
    ty: &Type,
    width: IntWidth,
    range: &Restriction<i64>,
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<Value, ValueError> {
    let (negative, magnitude) =
        integer(text, prefixes.schema_literals()).ok_or_else(|| not_a_number(ty, text))?;
    let least = i64::MIN >> (64 - bits(width));
    let greatest = i64::MAX >> (64 - bits(width));
    let value = i128::try_from(magnitude)
        .ok()
        .map(|value| if negative { -value } else { value })
        .and_then(|value| i64::try_from(value).ok())
        .filter(|value| (least..=greatest).contains(value));
    let Some(value) = value else {
        return Err(out_of_type(text, least, greatest, range));
    };
    restriction::check(
        range,
        value,
        || Quoted(text).to_string(),
        |bound| bound.to_string(),
    )?;
    Ok(Value::Int(value))
}

/// RFC 7950 9.2.1.
pub(super) fn parse_uint(
    ty: &Type,
    width: IntWidth,
    range: &Restriction<u64>,
    text: &str,
    prefixes: &dyn Prefixes,
) -> Result<Value, ValueError> {
    let (negative, magnitude) =
        integer(text, prefixes.schema_literals()).ok_or_else(|| not_a_number(ty, text))?;
    let greatest = u64::MAX >> (64 - bits(width));
    let value = u64::try_from(magnitude)
        .ok()
        .filter(|value| *value <= greatest && !(negative && *value != 0));
    let Some(value) = value else {
        return Err(out_of_type(text, 0, greatest, range));
    };
    restriction::check(
        range,
        value,
        || Quoted(text).to_string(),
        |bound| bound.to_string(),
    )?;
    Ok(Value::Uint(value))
}

/// A number that does not even fit the base type: it is outside of the `range` too, if there is one.
fn out_of_type<T: Copy + PartialOrd + std::fmt::Display>(
    text: &str,
    least: T,
    greatest: T,
    range: &Restriction<T>,
) -> ValueError {
    let (least, greatest) = match (range.parts.first(), range.parts.last()) {
        (Some(first), Some(last)) => (first.min, last.max),
        _ => (least, greatest),
    };
    restriction::refusal(
        format!("{} is not in the range {least}..{greatest}", Quoted(text)),
        range.error_message.as_deref(),
        range.error_app_tag.as_ref(),
    )
}

/// RFC 7950 9.3.1: zeros beyond the type's fraction-digits change nothing and are allowed.
pub(super) fn parse_decimal(
    fraction_digits: u8,
    range: &Restriction<i64>,
    text: &str,
) -> Result<Value, ValueError> {
    let malformed = || {
        ValueError::new(format!("{} is not of type decimal64", Quoted(text)))
            .with_help("write digits, a period and digits, without blanks: 3.14")
    };
    let (negative, unsigned) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits_only =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits_only(whole) || !digits_only(fraction) {
        return Err(malformed());
    }
    let fraction = fraction.trim_end_matches('0');
    let scale = usize::from(fraction_digits);
    if fraction.len() > scale {
        return Err(ValueError::new(format!(
            "{} has more than {fraction_digits} fraction digits",
            Quoted(text)
        )));
    }
    let mut magnitude: i128 = 0;
    let padding = std::iter::repeat_n(b'0', scale - fraction.len());
    for digit in whole.bytes().chain(fraction.bytes()).chain(padding) {
        magnitude = magnitude
            .saturating_mul(10)
            .saturating_add(i128::from(digit - b'0'));
    }
    let scaled = if negative { -magnitude } else { magnitude };
    let show = |bound: i64| decimal_text(bound, fraction_digits);
    let Ok(scaled) = i64::try_from(scaled) else {
        return Err(restriction::refusal(
            format!(
                "{} is not in the range {}..{} of decimal64 with {fraction_digits} fraction digits",
                Quoted(text),
                show(i64::MIN),
                show(i64::MAX)
            ),
            range.error_message.as_deref(),
            range.error_app_tag.as_ref(),
        ));
    };
    restriction::check(range, scaled, || Quoted(text).to_string(), show)?;
    Ok(Value::Decimal {
        scaled,
        digits: fraction_digits,
    })
}

/// The canonical form (RFC 7950 9.3.2): no superfluous zeros, but a digit on either side of the period.
pub(super) fn decimal_text(scaled: i64, digits: u8) -> String {
    let magnitude = scaled.unsigned_abs();
    let unit = 10u64.checked_pow(u32::from(digits)).unwrap_or(u64::MAX);
    let mut text = String::new();
    if scaled < 0 {
        text.push('-');
    }
    let width = usize::from(digits);
    let _ = write!(text, "{}.{:0width$}", magnitude / unit, magnitude % unit);
    let significant = text.trim_end_matches('0').len();
    text.truncate(significant);
    if text.ends_with('.') {
        text.push('0');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_print_in_canonical_form() {
        assert_eq!(decimal_text(314, 2), "3.14");
        assert_eq!(decimal_text(-5, 1), "-0.5");
        assert_eq!(decimal_text(1000, 2), "10.0");
        assert_eq!(decimal_text(0, 18), "0.0");
        assert_eq!(decimal_text(i64::MIN, 18), "-9.223372036854775808");
    }

    #[test]
    fn literals_of_other_radix_are_for_schemas_only() {
        assert_eq!(integer("0x1F", true), Some((false, 31)));
        assert_eq!(integer("-010", true), Some((true, 8)));
        assert_eq!(integer("0", true), Some((false, 0)));
        assert_eq!(integer("0x1F", false), None);
        assert_eq!(integer("010", false), Some((false, 10)));
        assert_eq!(integer("+", false), None);
        assert_eq!(integer("- 1", false), None);
    }
}
