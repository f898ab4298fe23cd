//! A second opinion: random expressions against a matcher that tries everything, written from the text of XML Schema
//! part 2, appendix F, without any of the code that it checks.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Pattern;

/// The characters that values are made of: letters, digits, and one or two of each kind that some escape tells apart.
const ALPHABET: &[char] = &[
    'a', 'b', 'c', 'z', 'A', 'é', '1', '7', '-', '^', '$', '_', ':', '.', ' ', '\t', '\n', '\r',
    '[', '\\', '😀',
];

#[derive(Clone, Debug)]
enum Regex {
    Char(char),
    Any,
    Escape(char),
    Class(Class),
    Sequence(Vec<Regex>),
    Choice(Vec<Regex>),
    Repeat(Box<Regex>, usize, Option<usize>),
}

#[derive(Clone, Debug)]
struct Class {
    negative: bool,
    members: Vec<Member>,
    minus: Option<Box<Class>>,
}

#[derive(Clone, Debug)]
enum Member {
    Char(char),
    Range(char, char),
    Escape(char),
}

/// F.1.1: what `\letter` matches among the characters of the alphabet.
fn escape_holds(letter: char, c: char) -> bool {
    match letter {
        's' => matches!(c, ' ' | '\t' | '\n' | '\r'),
        'd' => c.is_ascii_digit(),
        // All but punctuation, separators and others: symbols (^ $ 😀) count, `_` does not.
        'w' => c.is_alphanumeric() || matches!(c, '^' | '$' | '😀'),
        'i' => c.is_alphabetic() || matches!(c, '_' | ':') || c == '😀',
        'c' => escape_holds('i', c) || c.is_ascii_digit() || matches!(c, '-' | '.'),
        upper => !escape_holds(upper.to_ascii_lowercase(), c),
    }
}

impl Class {
    fn holds(&self, c: char) -> bool {
        let member = self.members.iter().any(|member| match member {
            Member::Char(single) => *single == c,
            Member::Range(from, to) => (*from..=*to).contains(&c),
            Member::Escape(letter) => escape_holds(*letter, c),
        });
        let minus = self.minus.as_ref().is_some_and(|minus| minus.holds(c));
        member != self.negative && !minus
    }

    fn write(&self, out: &mut String) {
        out.push_str(if self.negative { "[^" } else { "[" });
        for member in &self.members {
            match member {
                Member::Char(c) => write_char(*c, out),
                Member::Range(from, to) => {
                    write_char(*from, out);
                    out.push('-');
                    write_char(*to, out);
                }
                Member::Escape(letter) => out.extend(['\\', *letter]),
            }
        }
        if let Some(minus) = &self.minus {
            out.push('-');
            minus.write(out);
        }
        out.push(']');
    }
}

fn write_char(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '.' | '\\' | '?' | '*' | '+' | '(' | ')' | '{' | '}' | '-' | '[' | ']' | '^' | '|' => {
            out.extend(['\\', c]);
        }
        _ => out.push(c),
    }
}

impl Regex {
    /// The places where a match that begins at `at` can end. Exponential at worst.
    fn ends(&self, text: &[char], at: usize) -> BTreeSet<usize> {
        let one = |holds: &dyn Fn(char) -> bool| {
            let next = text.get(at).filter(|c| holds(**c));
            next.map(|_| at + 1).into_iter().collect()
        };
        match self {
            Regex::Char(c) => one(&|other| other == *c),
            Regex::Any => one(&|c| c != '\n' && c != '\r'),
            Regex::Escape(letter) => one(&|c| escape_holds(*letter, c)),
            Regex::Class(class) => one(&|c| class.holds(c)),
            Regex::Sequence(parts) => parts.iter().fold(BTreeSet::from([at]), |from, part| {
                from.iter().flat_map(|at| part.ends(text, *at)).collect()
            }),
            Regex::Choice(branches) => branches
                .iter()
                .flat_map(|branch| branch.ends(text, at))
                .collect(),
            Regex::Repeat(body, min, max) => {
                let mut reached = BTreeSet::from([at]);
                let mut ends = BTreeSet::new();
                // More repetitions than there are characters bring nothing new.
                for count in 0..=max.unwrap_or(min + text.len() + 1) {
                    if count >= *min {
                        ends.extend(&reached);
                    }
                    reached = reached.iter().flat_map(|at| body.ends(text, *at)).collect();
                }
                ends
            }
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Regex::Char(c) => match c {
                '^' => out.push('^'), // Plain outside of a class.
                c => write_char(*c, out),
            },
            Regex::Any => out.push('.'),
            Regex::Escape(letter) => out.extend(['\\', *letter]),
            Regex::Class(class) => class.write(out),
            Regex::Sequence(parts) => parts.iter().for_each(|part| part.write(out)),
            Regex::Choice(branches) => {
                out.push('(');
                for (index, branch) in branches.iter().enumerate() {
                    if index > 0 {
                        out.push('|');
                    }
                    branch.write(out);
                }
                out.push(')');
            }
            Regex::Repeat(body, min, max) => {
                out.push('(');
                body.write(out);
                out.push(')');
                match (min, max) {
                    (0, None) => out.push('*'),
                    (1, None) => out.push('+'),
                    (0, Some(1)) => out.push('?'),
                    (min, None) => out.push_str(&format!("{{{min},}}")),
                    (min, Some(max)) if min == max => out.push_str(&format!("{{{min}}}")),
                    (min, Some(max)) => out.push_str(&format!("{{{min},{max}}}")),
                }
            }
        }
    }
}

fn any_char() -> impl Strategy<Value = char> {
    proptest::sample::select(ALPHABET)
}

fn any_escape() -> impl Strategy<Value = char> {
    proptest::sample::select("sSdDwWiIcC".chars().collect::<Vec<_>>())
}

fn any_class() -> impl Strategy<Value = Class> {
    let member = prop_oneof![
        3 => any_char().prop_map(Member::Char),
        2 => (any_char(), any_char()).prop_map(|(one, other)| Member::Range(one.min(other), one.max(other))),
        1 => any_escape().prop_map(Member::Escape),
    ];
    let members = proptest::collection::vec(member, 1..4).boxed();
    let flat = (any::<bool>(), members.clone()).prop_map(|(negative, members)| Class {
        negative,
        members,
        minus: None,
    });
    flat.prop_recursive(3, 4, 1, move |inner| {
        (any::<bool>(), members.clone(), inner).prop_map(|(negative, members, minus)| Class {
            negative,
            members,
            minus: Some(Box::new(minus)),
        })
    })
}

fn any_regex() -> impl Strategy<Value = Regex> {
    let leaf = prop_oneof![
        4 => any_char().prop_map(Regex::Char),
        1 => Just(Regex::Any),
        2 => any_escape().prop_map(Regex::Escape),
        3 => any_class().prop_map(Regex::Class),
        1 => Just(Regex::Sequence(Vec::new())),
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        let several = proptest::collection::vec(inner.clone(), 1..4);
        let bounds = prop_oneof![
            Just((0, None)),
            Just((1, None)),
            Just((0, Some(1))),
            (0usize..3, 0usize..3).prop_map(|(min, more)| (min, Some(min + more))),
            (0usize..3).prop_map(|min| (min, None)),
        ];
        prop_oneof![
            several.clone().prop_map(Regex::Sequence),
            several.prop_map(Regex::Choice),
            (inner, bounds).prop_map(|(body, (min, max))| Regex::Repeat(Box::new(body), min, max)),
        ]
    })
}

// Rule 32.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn what_matches_is_what_a_matcher_that_tries_everything_says(
        regex in any_regex(),
        values in proptest::collection::vec(proptest::collection::vec(any_char(), 0..6), 8),
    ) {
        let mut text = String::new();
        regex.write(&mut text);
        let pattern = Pattern::new(text.as_str())
            .map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        for value in values {
            let expected = regex.ends(&value, 0).contains(&value.len());
            let value: String = value.into_iter().collect();
            prop_assert_eq!(pattern.is_match(&value), expected, "{} on {:?}", text, value);
            let parsed = super::parse::parse(&text, super::Syntax::Xsd).expect("valid");
            let once = super::once::is_match(&parsed, &value);
            prop_assert_eq!(once, Some(expected), "{} on {:?}, once", text, value);
        }
    }
}

#[test]
fn the_alphabet_tells_the_escapes_apart() {
    for letter in "sSdDwWiIcC".chars() {
        let pattern = Pattern::new(format!("\\{letter}")).expect("valid");
        for c in ALPHABET {
            let text = c.to_string();
            assert_eq!(
                pattern.is_match(&text),
                escape_holds(letter, *c),
                "\\{letter} on {c:?}"
            );
        }
    }
}
