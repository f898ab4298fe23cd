//! The nearest known name to a mistyped one, for "did you mean ...?" in diagnostics.

/// The candidate with the smallest edit distance to `name`, if it is near enough to be a plausible
/// slip: at most a third of the characters differ (and always one). Among equals the first wins.
///
/// Costs O(candidates × length²) and is meant for error paths only. Names of one character, or
/// of more than 64, are not compared.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.chars().collect();
    if wanted.len() < 2 || wanted.len() > 64 {
        return None;
    }
    let allowed = (wanted.len() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates {
        let given: Vec<char> = candidate.chars().collect();
        if given.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let distance = edit_distance(&wanted, &given);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Insertions, deletions, substitutions and exchanges of neighbours that turn `a` into `b` (optimal
/// string alignment).
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let substituted = above[j] + usize::from(a[i] != b[j]);
            let mut least = substituted.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_one_letter_finds_the_name() {
        assert_eq!(nearest("cuont", ["count", "concat"]), Some("count"));
        assert_eq!(
            nearest("interfase", ["mtu", "interface", "interfaces"]),
            Some("interface")
        );
    }

    #[test]
    fn nothing_is_suggested_for_a_name_that_resembles_none() {
        assert_eq!(nearest("banana", ["mtu", "interface"]), None);
    }
}
