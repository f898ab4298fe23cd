//! What XSD patterns mean, feature by feature.

use proptest::prelude::*;

use super::{MAX_DEPTH, Pattern, Syntax};

#[track_caller]
fn check(pattern: &str, matching: &[&str], failing: &[&str]) {
    let compiled = Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    for value in matching {
        assert!(
            compiled.is_match_once(value),
            "{pattern} should match {value:?}"
        );
        assert!(Pattern::new(pattern).unwrap().is_match(value));
    }
    for value in failing {
        assert!(!compiled.is_match_once(value), "{pattern}, {value:?}");
        let compiled = Pattern::new(pattern).unwrap();
        assert!(
            !compiled.is_match(value),
            "{pattern} should not match {value:?}"
        );
    }
}

#[test]
fn the_whole_value_must_match() {
    check("ab", &["ab"], &["", "a", "abc", "xab", "ab\n"]);
    check("a|bc", &["a", "bc"], &["ac", "abc", "b"]);
    check("", &[""], &["a"]);
    check("|a", &["", "a"], &["b"]);
    check("(a|ab)(c|bcd)", &["ac", "abc", "abcd", "abbcd"], &["ab"]);
}

#[test]
fn caret_and_dollar_are_plain_characters() {
    check("^a$", &["^a$"], &["a"]);
    check("[a^$]+", &["a^$"], &["b"]);
}

#[test]
fn the_dot_is_any_character_but_the_end_of_a_line() {
    check(
        "a.c",
        &["abc", "aéc", "a🎄c", "a\tc"],
        &["a\nc", "a\rc", "ac"],
    );
}

#[test]
fn quantifiers_repeat_the_atom_before_them() {
    check("ab?c*d+", &["ad", "abccdd"], &["abbd", "a"]);
    check("a{2}", &["aa"], &["a", "aaa"]);
    check("a{2,}", &["aa", "aaaaa"], &["a"]);
    check("(ab){0,2}", &["", "ab", "abab"], &["ababab"]);
    check("a{0}b", &["b"], &["ab"]);
}

#[test]
fn braces_that_make_no_quantity_are_characters() {
    check("{a}", &["{a}"], &["a"]);
    check(r"\{a\}", &["{a}"], &["a"]);
}

#[test]
fn classes_hold_ranges_and_negate() {
    check("[a-c1]+", &["abc1"], &["d", "-"]);
    check("[^a-c]", &["d", "^"], &["a", ""]);
    check("[-a]+[a-]+", &["-aa-"], &["b"]);
    check(r"[\-a\]\[]+", &["-a]["], &["\\"]);
    check(r"[\w-.]+", &["a-b.c"], &[" "]);
    check("[.?*+(){}|]+", &[".?*+(){}|"], &["a"]);
    check(r"[\d\s]+", &["1 2"], &["a"]);
}

#[test]
fn a_class_can_be_subtracted() {
    check("[a-z-[aeiou]]+", &["xyz"], &["xaz", "-"]);
    check("[^a-z-[0-9]]+", &["XY-"], &["x", "1"]);
    check("[a-z-[a-m-[c]]]+", &["cnz"], &["a", "m"]);
    check(r"[\w-[\d]]+", &["ab"], &["a1"]);
    check("[a-[a]]", &[], &["a", ""]);
}

#[test]
fn multi_character_escapes_are_those_of_xml() {
    check(r"\d+", &["0123", "٣"], &["a", "Ⅷ"]);
    check(r"\D", &["a"], &["0"]);
    check(r"\s+", &[" \t\r\n"], &["\u{a0}", "a"]);
    check(r"\S", &["\u{a0}"], &[" "]);
    check(r"\i\c*", &["a-b.1", "_:x", "é"], &["-a", "1", "a b"]);
    check(r"\I\C", &["1 "], &["a1"]);
    check(r"\w+", &["aé1+"], &["-", " ", "a_b", "."]);
    check(r"\W", &["-", " ", "_"], &["a"]);
    check(
        r"\n\r\t\\\|\.\-\^\?\*\+\{\}\(\)\[\]",
        &["\n\r\t\\|.-^?*+{}()[]"],
        &[],
    );
    check(r"\/\$\@", &["/$@"], &[]);
}

#[test]
fn categories_and_blocks_are_sets_of_characters() {
    check(r"\p{Lu}\p{Ll}+", &["Abc", "Éa"], &["abc"]);
    check(r"\P{L}", &["1"], &["a"]);
    check(r"[\p{L}\p{N}]+", &["aé1Ⅷ"], &["-"]);
    check(r"\p{IsBasicLatin}+", &["abc ~"], &["é"]);
    check(r"\P{IsBasicLatin}", &["é"], &["a"]);
    check(r"\p{IsGreek}+\p{IsCyrillic}", &["αβж"], &["a"]);
    check(r"\p{Cn}", &["\u{378}"], &["a"]);
    check(
        r"\p{IsPrivateUse}",
        &["\u{E000}", "\u{F0000}", "\u{10FFFD}"],
        &["a"],
    );
    check(r"\p{IsLatin-1Supplement}\p{IsEmoticons}", &["é😀"], &["ab"]);
    check(r"\p{Zl}\p{Zp}\p{Sc}\p{Pc}", &["\u{2028}\u{2029}€_"], &[]);
}

#[test]
fn the_address_pattern_of_inet_types_works() {
    let octet = "([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])";
    check(
        &format!(r"({octet}\.){{3}}{octet}(%[\p{{N}}\p{{L}}]+)?"),
        &["10.0.0.1", "255.255.255.255", "10.0.0.1%eth0"],
        &["10.0.0", "256.0.0.1", "10.0.0.1%", "010.0.0.1"],
    );
}

#[test]
fn errors_say_where_and_what_to_write_instead() {
    let report: String = [
        "*a",
        "a**",
        "a+?",
        "a{x}",
        "a{2",
        "a{3,2}",
        "a{,3}",
        "(a",
        "a)",
        "[a",
        "a]",
        "[]",
        "[^]",
        "[z-a]",
        r"[a-\d]",
        "[a[b]]",
        "[a-[b]c]",
        r"a\",
        r"\q",
        r"\p",
        r"\pL",
        r"\p{Foo}",
        r"\p{IsFoo}",
        "(?i)a",
        "a(?=b)",
        "a(?!b)",
        "(?:a)",
        r"(a)\1",
        r"\bword\b",
        "a*?",
        "a++",
        "a{1}{2}",
        "{2}a{2",
        "[a-c-[b]",
        "(a{1000}){1000}",
        "a{99999999999}",
    ]
    .iter()
    .map(|text| match Pattern::new(*text) {
        Ok(_) => format!("{text:<16} accepted\n"),
        Err(error) => format!("{text:<16} {error}\n"),
    })
    .collect();
    insta::assert_snapshot!(report);
}

#[test]
fn depth_and_size_have_limits() {
    assert!(Pattern::new("(".repeat(100_000)).is_err());
    assert!(Pattern::new("[a-".repeat(100_000)).is_err());
    let nested = "(".repeat(MAX_DEPTH) + "a" + &")".repeat(MAX_DEPTH);
    check(&nested, &["a"], &["b"]);
    assert!(Pattern::new("a{4000000000}").is_err());
    assert!(Pattern::new(r"(((\w{100}){100}){100}){100}").is_err());
}

#[test]
fn repetitions_have_a_limit_however_they_are_spread() {
    let at = |text: &str| match Pattern::new(text) {
        Ok(_) => None,
        Err(error) => Some((error.offset, error.to_string().contains("400000"))),
    };
    assert_eq!(at("a{400000}"), None);
    assert_eq!(at("a{400001}"), Some((0, true)));
    assert_eq!(at("xa{400001,}"), Some((1, true)));
    assert_eq!(at("(a{1000}|b){1000}"), Some((0, true)));
    assert_eq!(at("a{300000}|b{300000}"), Some((10, true)));
    assert_eq!(at("(a{300000})(b{300000})"), Some((11, true)));
    assert_eq!(at("(){4000000}"), Some((0, true)));
}

#[test]
fn the_heaviest_pattern_compiles_in_bounded_time() {
    let started = std::time::Instant::now();
    let heavy = Pattern::new(r"[\p{L}\p{N}]{500}").expect("below the limit");
    assert!(heavy.is_match(&"é".repeat(500)) && !heavy.is_match(&"é".repeat(499)));
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
}

#[test]
fn in_posix_caret_and_dollar_are_anchors_outside_of_classes() {
    let posix = |text: &str| Pattern::in_syntax(text, Syntax::Posix).expect("valid");
    assert!(posix("^a+$").is_match("aa") && !posix("^a+$").is_match("^aa$"));
    assert!(posix("^(a|b$)").is_match("b") && posix("^a$|^b$").is_match("b"));
    assert!(posix(r"[$^]\$\^").is_match("$$^"));
    assert!(!posix("a^b").is_match("a^b") && !posix("a^b").is_match("ab"));
    // The whole value must match, anchors or not.
    assert!(!posix("a").is_match("ba") && !posix("^a").is_match("ab"));
    assert_ne!(posix("a"), Pattern::new("a").expect("valid"));
    assert!(Pattern::in_syntax("^(?=a)$", Syntax::Posix).is_err());
}

#[test]
fn matching_is_linear_where_backtracking_would_explode() {
    let value = "a".repeat(20_000) + "b";
    check("(a|a)*(a*)*c", &[], &[&value]);
}

fn pattern_soup() -> impl Strategy<Value = String> {
    let pieces = vec![
        "a",
        "b",
        "[",
        "]",
        "(",
        ")",
        "-",
        "^",
        "|",
        "*",
        "+",
        "?",
        "{2}",
        "{1,3}",
        "{",
        "}",
        ".",
        r"\d",
        r"\i",
        r"\p{L}",
        r"\P{IsGreek}",
        r"\",
        "é",
        "[a-c]",
        "-[b]]",
        ",",
        "1",
    ];
    proptest::collection::vec(proptest::sample::select(pieces), 0..16)
        .prop_map(|pieces| pieces.concat())
}

/// A literal text in which no character needs an escape in Rust's syntax or in XML Schema's.
fn simple_pattern() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[abc]{1,2}",
        Just("[a-b]".to_owned()),
        Just("[^b]".to_owned())
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let quantifier = proptest::sample::select(vec!["*", "+", "?", "{2}", "{1,2}"]);
        prop_oneof![
            (inner.clone(), quantifier)
                .prop_map(|(inner, quantifier)| format!("({inner}){quantifier}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left}{right}")),
            (inner.clone(), inner).prop_map(|(left, right)| format!("({left}|{right})")),
        ]
    })
}

#[test]
fn a_value_is_matched_once_without_endless_work() {
    let is_match_once = |pattern: &str, value: &str| {
        let parsed = super::parse::parse(pattern, Syntax::Xsd).expect("valid");
        super::once::is_match(&parsed, value)
    };
    let many = "a".repeat(63);
    assert_eq!(is_match_once("a{63}", &many), Some(true));
    assert_eq!(is_match_once("a*", &"a".repeat(64)), None);
    assert_eq!(is_match_once("(a?){1000}", &many), Some(true));
    assert_eq!(is_match_once("(a|aa){32}b?", &many), Some(true));
    assert_eq!(is_match_once("(a|aa){31}b?", &many), Some(false));
    let nested = format!("{}a?{}", "(".repeat(3), "){60}".repeat(3));
    assert_eq!(is_match_once(&nested, &many), None);
    assert!(Pattern::new(nested).expect("valid").is_match_once(&many));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(pattern in "\\PC{0,20}", value in "\\PC{0,10}") {
        if let Ok(pattern) = Pattern::new(pattern) {
            let once = pattern.is_match_once(&value);
            prop_assert_eq!(once, pattern.is_match(&value));
        }
    }

    #[test]
    fn no_soup_of_operators_makes_the_parser_panic(pattern in pattern_soup(), value in "[ab1é-]{0,6}") {
        if let Ok(pattern) = Pattern::new(pattern) {
            pattern.is_match(&value);
        }
    }

    #[test]
    fn where_both_syntaxes_agree_so_do_the_matches(text in simple_pattern(), value in "[abc]{0,6}") {
        let ours = Pattern::new(text.as_str()).expect("valid");
        let other = regex_automata::meta::Regex::new(&format!("^(?:{text})$")).expect("valid");
        prop_assert_eq!(ours.is_match(&value), other.is_match(value.as_str()));
    }
}
