//! What the parser reads and refuses.

use super::{Axis, Expr, XPathProblem, parse};

fn printed(text: &str) -> String {
    parse(text).map_or_else(|error| format!("error: {error}"), |expr| expr.to_string())
}

#[test]
fn precedence_is_that_of_the_recommendation() {
    let Ok(Expr::Or(operands)) = parse("a or b and c = d < 1 + 2 * -e | f") else {
        panic!("not an or")
    };
    assert_eq!(operands.len(), 2);
    assert_eq!(
        parse("a or (b and ((c) = (d < (1 + (2 * (-(e | f)))))))"),
        Ok(Expr::Or(operands))
    );
}

#[test]
fn operators_of_one_level_lean_left() {
    assert_eq!(parse("1 - 2 - 3"), parse("(1 - 2) - 3"));
    assert_ne!(parse("1 - 2 - 3"), parse("1 - (2 - 3)"));
    assert_eq!(parse("1 < 2 <= 3"), parse("(1 < 2) <= 3"));
}

#[test]
fn words_and_stars_are_operators_only_after_an_operand() {
    assert_eq!(printed("and and or"), "and and or");
    assert_eq!(printed("div div mod"), "div div mod");
    assert_eq!(printed("* * *"), "* * *");
    assert_eq!(printed("a/*[*]*2"), "a/*[*] * 2");
    assert_eq!(printed("or:or or or"), "or:or or or");
}

#[test]
fn abbreviations_expand() {
    assert_eq!(parse("../a"), parse("parent::node()/child::a"));
    assert_eq!(parse("//a"), parse("/descendant-or-self::node()/a"));
    assert_eq!(parse("a//b"), parse("a/descendant-or-self::node()/b"));
    assert_eq!(parse("@x"), parse("attribute::x"));
    assert_eq!(parse("."), parse("self::node()"));
}

#[test]
fn every_axis_and_node_test_is_read() {
    for axis in Axis::ALL {
        assert!(
            parse(&format!("{}::p:a", axis.name())).is_ok(),
            "{}",
            axis.name()
        );
    }
    for test in [
        "*",
        "p:*",
        "p:a",
        "a",
        "node()",
        "text()",
        "comment()",
        "processing-instruction('x')",
    ] {
        assert_eq!(printed(test), test);
    }
}

#[test]
fn expressions_of_published_modules_print_as_they_were_written() {
    for text in [
        "../ip:enabled = 'true'",
        "derived-from-or-self(../if:type, 'ianaift:ethernetCsmacd')",
        "/if:interfaces/if:interface[if:name = current()/../name]/oc-ip:ipv4",
        "deref(../source)/../enabled = 'true'",
        "count(../*[local-name() != 'x'][1]) >= 2 and not(../a | ../b)",
        "(../a | ../b)[1]/c",
        "current()/..//x",
        "$KICKER/x[last()]",
        "/",
        "a[/] = (/)",
        "'it' = \"it's\"",
        ".5 = 0.5 and 5. = 5",
    ] {
        let first = printed(text);
        assert_eq!(printed(&first), first);
        assert_eq!(parse(&first), parse(text), "{text}");
    }
}

#[test]
fn names_keep_hyphens_and_dots() {
    assert_eq!(printed("a-b"), "a-b");
    assert_eq!(printed("a -b"), "a - b");
    assert_eq!(printed("a.b/c_1"), "a.b/c_1");
}

#[test]
fn errors_say_where_and_what_was_expected() {
    let report: String = [
        "",
        "a b",
        "a/",
        "a[1",
        "foo(1)",
        "cuont(a)",
        "count()",
        "concat('a')",
        "childs::a",
        "'open",
        "a # b",
        "$1",
        "a::b::c",
        ".[1]",
        "a/count(b)",
        "(a",
        "if : name",
    ]
    .iter()
    .map(|text| format!("{text:<12} {}\n", printed(text)))
    .collect();
    insta::assert_snapshot!(report);
}

#[test]
fn nesting_has_a_limit_and_does_not_overflow_the_stack() {
    for text in [
        "(".repeat(100_000),
        "a[".repeat(100_000),
        "not(".repeat(100_000),
        "-".repeat(100_000),
        "1".to_owned() + &"-1".repeat(100_000),
        "1".to_owned() + &"=1".repeat(100_000),
    ] {
        let error = parse(&text).map(|_| ()).expect_err("too deep");
        assert!(
            matches!(error.problem, XPathProblem::TooDeep { .. }),
            "{error}"
        );
    }
    assert!(parse(&("a".to_owned() + &" or a = -1 and b - 1 < 2".repeat(10_000))).is_ok());
    assert!(parse(&("a".to_owned() + &"|a".repeat(10_000))).is_ok());
    assert!(parse(&("a".to_owned() + &"/a".repeat(10_000))).is_ok());
}

#[test]
fn operators_may_be_names_wherever_a_step_stands() {
    for text in [
        "/and/or",
        "../mod",
        "div[mod = 1]",
        "self::div",
        "@and",
        "not(or)",
        "a[and and or]",
        "-div",
        "p:and or p:or",
        "* div *",
    ] {
        assert_eq!(printed(text), text);
    }
}

#[test]
fn node_types_are_no_functions_and_functions_no_node_types() {
    assert_eq!(printed("text/node"), "text/node");
    assert_eq!(printed("a/text()"), "a/text()");
    assert_eq!(printed("count(comment())"), "count(comment())");
    assert!(printed("a/true()").starts_with("error: expected a node test"));
    assert!(
        printed("p:count(a)")
            .starts_with("error: there is no function 'p:count'; did you mean 'count'?")
    );
}

#[test]
fn numbers_have_no_exponent_and_literals_no_escape() {
    assert_eq!(printed("1.50"), "1.5");
    assert_eq!(printed(".5"), "0.5");
    assert_eq!(printed("5."), "5");
    assert!(printed("1e3").starts_with("error:"));
    assert_eq!(printed("'a\\b'"), "'a\\b'");
    assert!(printed("'it's'").starts_with("error:"));
}

#[test]
fn every_function_refuses_a_wrong_number_of_arguments() {
    for function in crate::xpath::Function::all() {
        let call = |count: usize| format!("{}({})", function.name(), vec!["a"; count].join(", "));
        for count in 0..6 {
            let accepted = parse(&call(count)).is_ok();
            assert_eq!(accepted, function.accepts(count), "{}", call(count));
        }
    }
}
