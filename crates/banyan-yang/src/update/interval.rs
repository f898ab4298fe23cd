//! Sets of numbers as intervals: what ranges and lengths allow, and whether one allows all that another does.

use crate::schema::{Range, Restriction};

/// Disjoint ascending intervals, ends included.
pub(super) type Intervals = Vec<(i128, i128)>;

/// What a restriction allows of the values between `min` and `max`.
pub(super) fn intervals<T: Copy + Into<i128>>(
    restriction: &Restriction<T>,
    min: i128,
    max: i128,
) -> Intervals {
    if restriction.parts.is_empty() {
        return vec![(min, max)];
    }
    let part = |part: &Range<T>| (part.min.into(), part.max.into());
    joined(restriction.parts.iter().map(part).collect())
}

/// Neighbours become one interval, so that `1..2|3..4` is `1..4`.
fn joined(mut parts: Intervals) -> Intervals {
    parts.sort_unstable();
    let mut whole: Intervals = Vec::with_capacity(parts.len());
    for (min, max) in parts {
        match whole.last_mut() {
            Some(last) if min <= last.1 + 1 => last.1 = last.1.max(max),
            _ => whole.push((min, max)),
        }
    }
    whole
}

/// What `of` has and `without` lacks.
pub(super) fn missing(of: &Intervals, without: &Intervals) -> Intervals {
    let mut left = Vec::new();
    for &(min, max) in of {
        let mut from = min;
        for &(start, end) in without {
            if end < from || start > max {
                continue;
            }
            if start > from {
                left.push((from, start - 1));
            }
            from = end + 1;
        }
        if from <= max {
            left.push((from, max));
        }
    }
    left
}

/// `1..5|7`, with `digits` decimal places.
pub(super) fn text(intervals: &Intervals, digits: u8) -> String {
    let one = |&(min, max): &(i128, i128)| match min == max {
        true => number(min, digits),
        false => format!("{}..{}", number(min, digits), number(max, digits)),
    };
    let parts: Vec<String> = intervals.iter().map(one).collect();
    parts.join("|")
}

fn number(value: i128, digits: u8) -> String {
    if digits == 0 {
        return value.to_string();
    }
    let scale = 10i128.pow(u32::from(digits));
    let sign = if value < 0 { "-" } else { "" };
    let (whole, rest) = (value.abs() / scale, value.abs() % scale);
    let text = format!("{sign}{whole}.{rest:0width$}", width = usize::from(digits));
    let short = text.trim_end_matches('0');
    match short.ends_with('.') {
        true => format!("{short}0"),
        false => short.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_found_exactly() {
        let cases: &[(Intervals, Intervals, &str)] = &[
            (vec![(1, 10)], vec![(0, 20)], ""),
            (vec![(1, 10)], vec![(2, 9)], "1|10"),
            (vec![(1, 10)], vec![(1, 3), (6, 10)], "4..5"),
            (vec![(1, 2), (8, 9)], vec![(2, 8)], "1|9"),
            (vec![(1, 2)], vec![(5, 6)], "1..2"),
        ];
        for (of, without, lost) in cases {
            assert_eq!(text(&missing(of, without), 0), *lost);
        }
    }

    #[test]
    fn neighbours_are_one_interval() {
        assert_eq!(joined(vec![(3, 4), (1, 2), (9, 9)]), [(1, 4), (9, 9)]);
    }

    #[test]
    fn decimals_are_printed_with_their_point() {
        assert_eq!(text(&vec![(-150, 5), (200, 200)], 2), "-1.5..0.05|2.0");
    }
}
