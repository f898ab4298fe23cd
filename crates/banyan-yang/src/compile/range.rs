//! `range` and `length` arguments (RFC 7950 9.2.4, 9.4.4), and the numbers in them.

use crate::schema::Range;

/// A restriction that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parsed<T> {
    /// Its intervals, ascending.
    pub parts: Vec<Range<T>>,
    /// Where the first number stands that is written with a plus sign or leading zeros.
    pub unusual: Option<usize>,
}

/// What is wrong with a restriction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RangeProblem {
    /// Where, in bytes.
    pub offset: usize,
    /// A clause.
    pub clause: String,
    /// What to do.
    pub help: &'static str,
}

const FORM: &str =
    "write values or `lower..upper`, separated by `|`; `min` and `max` are the limits of the type";
const ASCENDING: &str = "write the parts in ascending order, and none inside of another";
const NARROWER: &str = "choose values within it: a restriction can only narrow the type";

/// Parses a restriction of `base` (its intervals, ascending; at least one). `number` reads a bound.
pub(super) fn parse_range<T: Copy + Ord + Into<i128>>(
    text: &str,
    base: &[Range<T>],
    number: impl Fn(&str) -> Option<T>,
) -> Result<Parsed<T>, RangeProblem> {
    let problem = |offset, clause, help| RangeProblem {
        offset,
        clause,
        help,
    };
    let (Some(least), Some(greatest)) = (base.first(), base.last()) else {
        let clause = "the base type allows no value at all".to_owned();
        return Err(problem(
            0,
            clause,
            "change or remove the base's restriction",
        ));
    };
    let mut unusual = None;
    let mut bound = |(offset, word): (usize, &str)| match word {
        "min" => Ok(least.min),
        "max" => Ok(greatest.max),
        _ => {
            let found = number(word).ok_or_else(|| {
                let clause = if word.is_empty() {
                    "a number is missing".to_owned()
                } else {
                    format!("`{word}` is not a value of the type")
                };
                problem(offset, clause, FORM)
            })?;
            if is_unusual(word) {
                unusual.get_or_insert(offset);
            }
            Ok(found)
        }
    };
    let mut parts: Vec<Range<T>> = Vec::new();
    for part in pieces(0, text, "|") {
        let (offset, part) = trimmed(part);
        let bounds: Vec<_> = pieces(offset, part, "..").map(trimmed).collect();
        let (min, max) = match bounds[..] {
            [single] => {
                let value = bound(single)?;
                (value, value)
            }
            [min, max] => (bound(min)?, bound(max)?),
            _ => {
                let clause = format!("`{part}` has more than two bounds");
                return Err(problem(offset, clause, FORM));
            }
        };
        if min > max {
            let clause = format!("in `{part}` the lower bound is above the upper one");
            return Err(problem(offset, clause, "exchange the two"));
        }
        if parts.last().is_some_and(|last| last.max >= min) {
            let clause = format!("`{part}` does not come after the part before it");
            return Err(problem(offset, clause, ASCENDING));
        }
        // RFC 7950 9.2.4: it can only become narrower.
        if !lies_within(base, min, max) {
            let clause = format!("`{part}` is outside of what the base type allows");
            return Err(problem(offset, clause, NARROWER));
        }
        parts.push(Range { min, max });
    }
    parts.shrink_to_fit();
    Ok(Parsed { parts, unusual })
}

/// Whether the intervals hold all of `min..max`; some may follow each other without a gap.
fn lies_within<T: Copy + Ord + Into<i128>>(base: &[Range<T>], min: T, max: T) -> bool {
    let first = base.partition_point(|part| part.max < min);
    let mut parts = base[first..].iter();
    let Some(mut part) = parts.next().filter(|part| part.min <= min) else {
        return false;
    };
    while part.max < max {
        let end: i128 = part.max.into();
        match parts.next() {
            Some(next) if next.min.into() == end + 1 => part = next,
            _ => return false,
        }
    }
    true
}

/// The pieces between separators, with their places.
fn pieces<'t>(
    start: usize,
    text: &'t str,
    separator: &'t str,
) -> impl Iterator<Item = (usize, &'t str)> {
    let mut offset = start;
    text.split(separator).map(move |piece| {
        let at = offset;
        offset += piece.len() + separator.len();
        (at, piece)
    })
}

/// Without the white space around it (RFC 7950 14, `optsep`).
fn trimmed((offset, text): (usize, &str)) -> (usize, &str) {
    const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];
    let start = text.trim_start_matches(SPACE);
    let offset = offset + text.len() - start.len();
    (offset, start.trim_end_matches(SPACE))
}

/// RFC 7950 14, `integer-value`: no plus sign, no leading zeros. Published modules have both.
fn is_unusual(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let second = digits.as_bytes().get(1);
    digits.starts_with('+') || digits.starts_with('0') && second.is_some_and(u8::is_ascii_digit)
}

/// A bound of an integer type (RFC 7950 14, `integer-value`): always decimal, unlike defaults.
pub(super) fn parse_bound(text: &str) -> Option<i128> {
    let (negative, digits) = signed(text);
    let value: i128 = decimal(digits)?;
    Some(if negative { -value } else { value })
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn decimal(digits: &str) -> Option<i128> {
    let only_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    only_digits.then(|| digits.parse().ok())?
}

/// A decimal64 value in units of its last digit (RFC 7950 9.3.1); `None` if it is not one, or has too many
/// digits after the point, or does not fit.
pub(super) fn parse_decimal(text: &str, fraction_digits: u8) -> Option<i64> {
    let (negative, digits) = signed(text);
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
    let (negative, digits) = signed(text);
    if !digits.as_bytes().first()?.is_ascii_digit() {
        return None;
    }
    let value = if let Some(hexadecimal) = digits.strip_prefix("0x") {
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
        decimal(digits)?
    };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str, base: &[(i64, i64)]) -> Result<Vec<(i64, i64)>, usize> {
        let base: Vec<_> = base
            .iter()
            .map(|(min, max)| Range {
                min: *min,
                max: *max,
            })
            .collect();
        let number = |word: &str| parse_bound(word).and_then(|value| i64::try_from(value).ok());
        match parse_range(text, &base, number) {
            Ok(parsed) => Ok(parsed
                .parts
                .iter()
                .map(|part| (part.min, part.max))
                .collect()),
            Err(problem) => Err(problem.offset),
        }
    }

    #[test]
    fn a_range_is_a_list_of_ascending_disjoint_parts() {
        assert_eq!(
            range("1..4 | 10 |20..max", &[(0, 99)]),
            Ok(vec![(1, 4), (10, 10), (20, 99)])
        );
        assert_eq!(range("min..-5", &[(-9, 99)]), Ok(vec![(-9, -5)]));
        for (wrong, place) in [
            ("4..1", 0),
            ("1..4|4..5", 5),
            ("10|1", 3),
            ("1..", 3),
            ("", 0),
            ("1||2", 2),
            ("1..2 .. 3", 0),
            ("1 | x..2", 4),
            ("0x1", 0),
        ] {
            assert_eq!(range(wrong, &[(0, 99)]), Err(place), "{wrong}");
        }
    }

    #[test]
    fn plus_signs_and_leading_zeros_are_read_and_noted() {
        let base = [Range { min: 0, max: 99 }];
        let read = |text| parse_range(text, &base, parse_bound).map(|parsed| parsed.unusual);
        assert_eq!(read("0 | 7..10"), Ok(None));
        assert_eq!(read("0 | 07..+10"), Ok(Some(4)));
        assert_eq!(read("0..+10"), Ok(Some(3)));
    }

    #[test]
    fn a_range_can_only_become_narrower() {
        assert!(range("0..5", &[(1, 9)]).is_err());
        assert!(range("3..7", &[(1, 4), (6, 9)]).is_err());
        assert_eq!(range("3..7", &[(1, 4), (5, 9)]), Ok(vec![(3, 7)]));
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
        for wrong in ["", "-", "x", "1a", "09", "0x", "0X1F", "0x-1", "+-1", "--1"] {
            assert_eq!(parse_integer(wrong), None, "{wrong}");
        }
    }
}
