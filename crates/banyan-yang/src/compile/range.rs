//! `range` and `length` arguments (RFC 7950 9.2.4, 9.4.4), and the numbers in them.

use crate::schema::Range;

/// Parses a restriction of `base` (its intervals, ascending; at least one). `number` reads a bound.
/// The error is a clause that says what is wrong.
pub(super) fn parse_range<T: Copy + Ord>(
    text: &str,
    base: &[Range<T>],
    number: impl Fn(&str) -> Option<T>,
) -> Result<Vec<Range<T>>, String> {
    let (Some(least), Some(greatest)) = (base.first(), base.last()) else {
        return Err("the base type allows no value at all".to_owned());
    };
    let bound = |word: &str| match word {
        "min" => Ok(least.min),
        "max" => Ok(greatest.max),
        _ => number(word).ok_or_else(|| format!("`{word}` is not a value of the type")),
    };
    let mut parts: Vec<Range<T>> = Vec::new();
    for part in text.split('|') {
        let part = part.trim();
        let (min, max) = match part.split_once("..") {
            Some((min, max)) => (bound(min.trim())?, bound(max.trim())?),
            None => (bound(part)?, bound(part)?),
        };
        if min > max {
            return Err(format!(
                "in `{part}` the lower bound is above the upper one"
            ));
        }
        if parts.last().is_some_and(|last| last.max >= min) {
            return Err(format!("`{part}` does not come after the part before it"));
        }
        // RFC 7950 9.2.4: it can only become narrower.
        if !base.iter().any(|base| base.min <= min && max <= base.max) {
            return Err(format!("`{part}` is outside of what the base type allows"));
        }
        parts.push(Range { min, max });
    }
    Ok(parts)
}

/// A decimal64 value in units of its last digit (RFC 7950 9.3.1); `None` if it is not one, or has too many
/// digits after the point, or does not fit.
pub(super) fn parse_decimal(text: &str, fraction_digits: u8) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = fraction.trim_end_matches('0');
    if !all_digits(whole)
        || !(fraction.is_empty() || all_digits(fraction))
        || digits.ends_with('.')
        || fraction.len() > usize::from(fraction_digits)
    {
        return None;
    }
    let mut value: i128 = 0;
    let padding = usize::from(fraction_digits) - fraction.len();
    let digits = whole
        .bytes()
        .chain(fraction.bytes())
        .map(|byte| byte - b'0');
    for digit in digits.chain(std::iter::repeat_n(0, padding)) {
        value = value.checked_mul(10)?.checked_add(i128::from(digit))?;
    }
    i64::try_from(if negative { -value } else { value }).ok()
}

/// An integer as YANG writes it (RFC 7950 9.2.1): decimal, hexadecimal (`0x`) or octal (a leading zero).
pub(super) fn parse_integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let value = if let Some(hexadecimal) = digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        // `from_str_radix` would take a sign here.
        hexadecimal
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit())
            .then(|| i128::from_str_radix(hexadecimal, 16).ok())??
    } else if digits.len() > 1 && digits.starts_with('0') {
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| i128::from_str_radix(digits, 8).ok())??
    } else {
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())??
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, base: &[(i64, i64)]) -> Result<Vec<(i64, i64)>, String> {
        let base: Vec<_> = base
            .iter()
            .map(|(min, max)| Range {
                min: *min,
                max: *max,
            })
            .collect();
        let number = |word: &str| parse_integer(word).and_then(|value| i64::try_from(value).ok());
        parse_range(text, &base, number)
            .map(|parts| parts.iter().map(|part| (part.min, part.max)).collect())
    }

    #[test]
    fn a_range_is_a_list_of_ascending_disjoint_parts() {
        assert_eq!(
            range("1..4 | 10 |20..max", &[(0, 99)]),
            Ok(vec![(1, 4), (10, 10), (20, 99)])
        );
        assert_eq!(range("min..-5", &[(-9, 99)]), Ok(vec![(-9, -5)]));
        assert!(range("4..1", &[(0, 99)]).is_err());
        assert!(range("1..4|4..5", &[(0, 99)]).is_err());
        assert!(range("10|1", &[(0, 99)]).is_err());
        assert!(range("1..", &[(0, 99)]).is_err());
        assert!(range("", &[(0, 99)]).is_err());
        assert!(range("1||2", &[(0, 99)]).is_err());
    }

    #[test]
    fn a_range_can_only_become_narrower() {
        assert!(range("0..5", &[(1, 9)]).is_err());
        assert!(range("2..12", &[(1, 4), (10, 12)]).is_err());
        assert_eq!(
            range("2|11", &[(1, 4), (10, 12)]),
            Ok(vec![(2, 2), (11, 11)])
        );
    }

    #[test]
    fn decimals_are_scaled_to_their_last_digit() {
        assert_eq!(parse_decimal("1.5", 2), Some(150));
        assert_eq!(parse_decimal("-0.01", 2), Some(-1));
        assert_eq!(parse_decimal("3", 1), Some(30));
        assert_eq!(parse_decimal("1.500", 1), Some(15));
        assert_eq!(parse_decimal("1.55", 1), None);
        assert_eq!(parse_decimal("1.", 1), None);
        assert_eq!(parse_decimal(".5", 1), None);
        assert_eq!(parse_decimal("9223372036854775807", 1), None);
        assert_eq!(parse_decimal("-922337203685477580.8", 1), Some(i64::MIN));
    }

    #[test]
    fn integers_may_be_hexadecimal_or_octal() {
        assert_eq!(parse_integer("0x1F"), Some(31));
        assert_eq!(parse_integer("017"), Some(15));
        assert_eq!(parse_integer("-12"), Some(-12));
        assert_eq!(parse_integer("0"), Some(0));
        for wrong in ["", "-", "x", "1a", "09", "0x", "0x-1", "+-1", "--1"] {
            assert_eq!(parse_integer(wrong), None, "{wrong}");
        }
    }
}
