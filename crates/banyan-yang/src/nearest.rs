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
    let mut given: Vec<char> = Vec::new();
    let mut rows = Rows::default();
    for candidate in candidates {
        // A character has one byte at least and four at most.
        if candidate.len() > (wanted.len() + allowed) * 4 {
            continue;
        }
        given.clear();
        given.extend(candidate.chars());
        if given.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let distance = rows.edit_distance(&wanted, &given);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Rows of the table of distances, kept from one comparison to the next.
#[derive(Default)]
struct Rows {
    before: Vec<usize>,
    above: Vec<usize>,
    row: Vec<usize>,
}

impl Rows {
    /// Insertions, deletions, substitutions and exchanges of neighbours that turn `a` into `b` (optimal
    /// string alignment).
    fn edit_distance(&mut self, a: &[char], b: &[char]) -> usize {
        self.above.clear();
        self.above.extend(0..=b.len());
        for i in 0..a.len() {
            self.row.clear();
            self.row.push(i + 1);
            for j in 0..b.len() {
                let substituted = self.above[j] + usize::from(a[i] != b[j]);
                let mut least = substituted.min(self.above[j + 1] + 1).min(self.row[j] + 1);
                if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                    least = least.min(self.before[j - 1] + 1);
                }
                self.row.push(least);
            }
            std::mem::swap(&mut self.before, &mut self.above);
            std::mem::swap(&mut self.above, &mut self.row);
        }
        self.above[b.len()]
    }
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
