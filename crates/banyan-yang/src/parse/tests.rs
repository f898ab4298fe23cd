//! What the parser makes of texts, right and wrong.

use super::*;
use proptest::prelude::*;

fn parsed(text: &str) -> (SyntaxTree, Vec<Diagnostic>) {
    let mut sources = SourceMap::new();
    let source = sources.add("t.yang", text).unwrap();
    let mut diagnostics = Diagnostics::new();
    let tree = parse(&sources, source, &mut diagnostics);
    (tree, diagnostics.into_sorted())
}

fn rendered(text: &str) -> String {
    let mut sources = SourceMap::new();
    let source = sources.add("t.yang", text).unwrap();
    let mut diagnostics = Diagnostics::new();
    parse(&sources, source, &mut diagnostics);
    let all: Vec<_> = diagnostics
        .into_sorted()
        .iter()
        .map(|d| d.render(&sources))
        .collect();
    all.join("\n")
}

fn printed(text: &str) -> String {
    parsed(text).0.print()
}

fn codes(text: &str) -> Vec<&'static str> {
    parsed(text).1.iter().map(|d| d.code).collect()
}

#[test]
fn a_text_becomes_a_tree_of_statements() {
    let (tree, found) = parsed("module m { leaf a { type string; } acme:x; description 'it''s'; }");
    assert_eq!(found.len(), 1, "two quoted strings without + are an error");
    assert_eq!(
        tree.print(),
        "module m {\n  leaf a {\n    type string;\n  }\n  acme:x;\n  description its;\n}\n"
            .replace("its", "it")
    );
}

#[test]
fn quoted_strings_are_joined_with_plus() {
    assert_eq!(printed("a:b \"x\" + 'y'\n + \"z\";"), "a:b xyz;\n");
    assert_eq!(printed("a:b 'x'+'y';"), "a:b xy;\n");
    assert_eq!(codes("a:b 'x' + y;"), ["unquoted-concatenation"]);
    assert_eq!(codes("a:b 'x' + ;"), ["unquoted-concatenation"]);
}

#[test]
fn a_plus_without_quotes_around_is_an_ordinary_string() {
    assert_eq!(printed("a:b +;"), "a:b '+';\n");
}

#[test]
fn a_missing_semicolon_is_reported_and_the_next_line_is_a_statement() {
    assert_eq!(
        printed("leaf a {\n type string\n default x;\n}"),
        "leaf a {\n  type string;\n  default x;\n}\n"
    );
    insta::assert_snapshot!(rendered("leaf a {\n  type string\n  default x;\n}"), @r"
    error[missing-semicolon]: `;` or `{` is missing after `type string`
     --> t.yang:2:13
      |
    2 |   type string
      |             ^
      |
      = note: see RFC 7950 6.3
      = help: end the statement with `;`, or open its block with `{`
    ");
}

#[test]
fn an_argument_with_spaces_asks_for_quotes() {
    insta::assert_snapshot!(rendered("leaf a { description two words; }"), @r"
    error[missing-semicolon]: `;` or `{` is missing after `description two`
     --> t.yang:1:24
      |
    1 | leaf a { description two words; }
      |                        ^
      |
      = note: see RFC 7950 6.3
      = help: an argument with spaces must be in quotes, and its pieces joined with `+`
    ");
}

#[test]
fn an_argument_cut_by_a_comment_asks_for_quotes() {
    insta::assert_snapshot!(rendered("module a { namespace http://x.y; }"), @r"
    error[unclosed-block]: the block of `module a` is not closed
     --> t.yang:1:1
      |
    1 | module a { namespace http://x.y; }
      | ^^^^^^^^                          - the text ends here
      |
      = note: see RFC 7950 6.3
      = help: add the missing `}`
    error[missing-semicolon]: `;` or `{` is missing after `namespace http:`
     --> t.yang:1:26
      |
    1 | module a { namespace http://x.y; }
      |                          ^
      |
      = note: see RFC 7950 6.3
      = help: a comment starts inside this argument; put it in quotes
    ");
}

#[test]
fn an_unknown_keyword_gets_a_suggestion() {
    insta::assert_snapshot!(rendered("module m {\n  contaner c;\n}"), @r"
    error[unknown-keyword]: `contaner` is not a YANG statement
     --> t.yang:2:3
      |
    2 |   contaner c;
      |   ^^^^^^^^
      |
      = note: see RFC 7950 6.3
      = help: did you mean `container`?
    ");
}

#[test]
fn unbalanced_braces_are_reported() {
    assert_eq!(codes("module m { container c { }"), ["unclosed-block"]);
    assert_eq!(codes("module m { } }"), ["unexpected-brace"]);
    assert_eq!(
        codes("module m { { leaf a; } leaf b; }"),
        ["unexpected-brace"]
    );
    assert_eq!(codes("module m { };"), ["unexpected-semicolon"]);
    insta::assert_snapshot!(rendered("module m {\n  container c {\n}"), @r"
    error[unclosed-block]: the block of `module m` is not closed
     --> t.yang:1:1
      |
    1 | module m {
      | ^^^^^^^^
      |
     ::: t.yang:3:2
      |
    3 | }
      |  - the text ends here
      |
      = note: see RFC 7950 6.3
      = help: add the missing `}`
    ");
}

#[test]
fn escapes_are_judged_by_the_version() {
    assert!(codes(r#"module m { description "\d"; }"#).is_empty());
    assert_eq!(
        codes(r#"module m { yang-version 1.1; description "\d"; }"#),
        ["unknown-escape"]
    );
}

#[test]
fn nesting_is_bounded() {
    let text = "container c { ".repeat(100_000);
    let (tree, found) = parsed(&text);
    assert!(found.iter().any(|d| d.code == "too-deep"));
    assert!(tree.len() <= MAX_DEPTH + 1);
}

#[test]
fn an_argument_can_be_read_again_from_its_place() {
    let mut sources = SourceMap::new();
    let source = sources.add("t", "x \"a\n   b\" + 'c';").unwrap();
    let tree = parse(&sources, source, &mut Diagnostics::new());
    let span = tree.argument_span(StatementId(0));
    assert_eq!(argument_at(&sources, span), "a\nbc");
    assert_eq!(tree.name(StatementId(0)), "a\nbc");
}

fn any_tree() -> impl Strategy<Value = String> {
    let argument = prop_oneof![
        "[a-z0-9]{1,8}",
        "[ -~\n\tøλ\\\\\"']{0,20}".prop_map(|text| {
            let pieces: Vec<_> = text.split('\'').map(|piece| format!("'{piece}'")).collect();
            pieces.join(" + \"'\" + ")
        }),
        "[ -!#-\\[\\]-~\n]{0,20}".prop_map(|text| format!("\"{text}\"")),
    ];
    let leaf = ("[a-z]{1,5}:[a-z]{1,5}", argument).prop_map(|(k, a)| format!("{k} {a};\n"));
    leaf.prop_recursive(4, 40, 5, |inner| {
        ("[a-z]{1,5}:[a-z]{1,5}", prop::collection::vec(inner, 0..5))
            .prop_map(|(k, children)| format!("{k} {{ {} }}", children.concat()))
    })
}

proptest! {
    #[test]
    fn the_parser_survives_any_text(text in "\\PC*") {
        parsed(&text);
    }

    #[test]
    fn the_parser_survives_any_mix_of_its_tokens(
        tokens in prop::collection::vec(
            prop::sample::select(vec!["{", "}", ";", "\"", "'", "\\", "/*", "*/", "//", "\n", "+", " ", "leaf", "a:b", "ø", "\t"]),
            0..60,
        )
    ) {
        let text = tokens.concat();
        let (tree, _) = parsed(&text);
        tree.print();
    }

    #[test]
    fn what_is_printed_parses_to_the_same_statements(text in any_tree()) {
        let (tree, found) = parsed(&text);
        prop_assert_eq!(found, vec![]);
        let once = tree.print();
        let (again, found) = parsed(&once);
        prop_assert_eq!(found, vec![]);
        prop_assert_eq!(tree.len(), again.len());
        for id in tree.ids() {
            prop_assert_eq!(tree.argument(id), again.argument(id));
            prop_assert_eq!(tree.keyword_text(id), again.keyword_text(id));
            prop_assert_eq!(tree.parent(id), again.parent(id));
        }
    }
}

#[test]
fn keywords_may_be_long() {
    for length in [250, 251, 252, 300, 70_000] {
        let keyword = format!("acme:{}", "x".repeat(length));
        let (tree, found) = parsed(&format!("module m {{ {keyword} \"a\n b\" + 'c'; }}"));
        assert!(found.is_empty(), "{found:?}");
        let statement = StatementId(1);
        assert_eq!(tree.keyword_text(statement), keyword);
        assert_eq!(tree.argument(statement), Some("a\nbc"));
    }
}

#[test]
fn prose_is_trimmed_and_joined_as_other_text_is() {
    let argument = "'a'\n + \"b  \n   c\\n\" + \"d\"";
    let (tree, _) = parsed(&format!(
        "module m {{ description {argument}; units {argument}; contact \"x\"; reference y; }}"
    ));
    let value = |id| tree.argument(StatementId(id));
    assert_eq!(value(1), value(2));
    assert_eq!(value(3), Some("x"));
    assert_eq!(value(4), Some("y"));
}

#[test]
fn statements_may_be_far_from_each_other() {
    let many = "leaf x { type string; } ".repeat(40_000);
    let gap = " ".repeat(300);
    let (tree, found) = parsed(&format!(
        "module{gap}m {{ container a {{ {many} }} container b {{ }} leaf{gap}c; }}"
    ));
    assert!(found.is_empty(), "{found:?}");
    let root = StatementId(0);
    assert_eq!(tree.name(root), "m");
    let tops: Vec<_> = tree.children(root).collect();
    let names: Vec<_> = tops.iter().map(|id| tree.name(*id)).collect();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(tree.children(tops[0]).count(), 40_000);
    let last = tree.children(tops[0]).last().unwrap();
    assert_eq!(tree.parent(last), Some(tops[0]));
    assert!(tops.iter().all(|id| tree.parent(*id) == Some(root)));
    assert_eq!(tree.children(tops[1]).count(), 0);
}
