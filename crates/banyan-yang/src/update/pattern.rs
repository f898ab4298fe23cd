//! Whether one pattern lets through all that another does, decided on their automata.

use std::collections::{HashMap, HashSet, VecDeque};

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::start;
use regex_automata::{Anchored, nfa::thompson::NFA};

use crate::pattern::Pattern;

/// More pairs of states than this are not looked at: the answer is then "not known".
const MAX_PAIRS: usize = 20_000;

/// Memory for the states of one automaton.
const MAX_CACHE: usize = 16 << 20;

/// Whether every text that matches `narrow` matches `wide`; `None` if the automata are too large to tell.
///
/// Walks the pairs of states that one text can lead to. A pair that accepts on the left only is a counterexample.
pub(super) fn includes(wide: &Pattern, narrow: &Pattern) -> Option<bool> {
    let mut narrow = Automaton::new(narrow)?;
    let mut wide = Automaton::new(wide)?;
    let symbols = symbols(&narrow.dfa, &wide.dfa);
    let first = (narrow.start()?, wide.start()?);
    let mut seen: HashSet<(LazyStateID, LazyStateID)> = HashSet::from([first]);
    let mut open = VecDeque::from([first]);
    while let Some((left, right)) = open.pop_front() {
        if narrow.accepts(left)? && !wide.accepts(right)? {
            return Some(false);
        }
        for symbol in &symbols {
            let next = narrow.next(left, *symbol)?;
            if next.is_dead() {
                continue;
            }
            let pair = (next, wide.next(right, *symbol)?);
            if seen.insert(pair) {
                if seen.len() > MAX_PAIRS {
                    return None;
                }
                open.push_back(pair);
            }
        }
    }
    Some(true)
}

/// One byte for each class of bytes that neither automaton tells apart.
fn symbols(left: &DFA, right: &DFA) -> Vec<u8> {
    let mut classes = HashMap::new();
    for byte in 0..=u8::MAX {
        let class = (
            left.byte_classes().get(byte),
            right.byte_classes().get(byte),
        );
        classes.entry(class).or_insert(byte);
    }
    let mut symbols: Vec<u8> = classes.into_values().collect();
    symbols.sort_unstable();
    symbols
}

struct Automaton {
    dfa: DFA,
    cache: Cache,
}

impl Automaton {
    fn new(pattern: &Pattern) -> Option<Self> {
        let nfa = NFA::compiler()
            .configure(NFA::config().nfa_size_limit(Some(MAX_CACHE)))
            .build_from_hir(&pattern.whole()?)
            .ok()?;
        // States are compared by their ids, so none may be thrown away on the way.
        let config = DFA::config()
            .cache_capacity(MAX_CACHE)
            .minimum_cache_clear_count(Some(0));
        let dfa = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let cache = dfa.create_cache();
        Some(Self { dfa, cache })
    }

    fn start(&mut self) -> Option<LazyStateID> {
        let config = start::Config::new().anchored(Anchored::Yes);
        self.dfa.start_state(&mut self.cache, &config).ok()
    }

    fn next(&mut self, state: LazyStateID, byte: u8) -> Option<LazyStateID> {
        let next = self.dfa.next_state(&mut self.cache, state, byte).ok()?;
        (!next.is_quit()).then_some(next)
    }

    /// Whether a text that ends in `state` matches.
    fn accepts(&mut self, state: LazyStateID) -> Option<bool> {
        let end = self.dfa.next_eoi_state(&mut self.cache, state).ok()?;
        Some(end.is_match())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decided(wide: &str, narrow: &str) -> Option<bool> {
        let pattern = |text: &str| Pattern::new(text).expect("a pattern");
        includes(&pattern(wide), &pattern(narrow))
    }

    #[test]
    fn inclusion_of_patterns_is_decided() {
        for (wide, narrow) in [
            ("[a-z]*", "[a-c]+"),
            ("a|b|c", "c|a"),
            (".*", "[0-9]{1,3}(\\.[0-9]{1,3}){3}"),
            ("(ab)*", ""),
            ("[0-9]+", "[0-9]*[0-9]"),
            ("\\p{L}+", "\\p{Lu}\\p{Ll}*"),
        ] {
            assert_eq!(decided(wide, narrow), Some(true), "{narrow} in {wide}");
        }
    }

    #[test]
    fn a_text_that_only_the_narrow_one_matches_is_found() {
        for (wide, narrow) in [
            ("[a-c]+", "[a-z]*"),
            ("a", "a?"),
            ("[0-9]{1,3}", "[0-9]{1,4}"),
            ("[a-z]*", "[a-zø]*"),
            ("a*b", "a*"),
        ] {
            assert_eq!(decided(wide, narrow), Some(false), "{narrow} in {wide}");
        }
    }

    #[test]
    fn automata_that_are_too_large_are_left_undecided() {
        let wide = "(a|b)*a(a|b){40}";
        let narrow = "(a|b)*a(a|b){41}";
        assert_eq!(decided(wide, narrow), None);
    }
}
