//! Patterns for device names: `*` and `?`.

/// Whether `name` matches `pattern`: `*` stands for any characters, `?` for one, all else for itself.
/// O(length of name × length of pattern), without recursion.
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where the last star stands, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    n = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks_stand_for_characters() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*", "r1", true),
            ("r*", "r1", true),
            ("r*", "www0", false),
            ("www?", "www0", true),
            ("www?", "www", false),
            ("*w*0", "www0", true),
            ("r1", "r1", true),
            ("r1", "r11", false),
            ("", "r1", false),
            ("*a*b*", "xxaxxbxx", true),
            ("é?", "éa", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
