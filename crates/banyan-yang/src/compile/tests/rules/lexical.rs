//! Rules 1 to 3: strings, unquoted arguments, identifiers.

use super::*;
use crate::schema::DefaultText;

fn default_of(body: &str) -> String {
    let schema = schema_of(body);
    let DefaultText { text, .. } = &node(&schema, "a").defaults()[0];
    text.to_string()
}

// Rule 1.
#[test]
fn double_quoted_strings_are_trimmed_to_the_column_after_their_quote() {
    // The quote is in column 32, counted from 0, so 33 columns of white space go.
    let indent = " ".repeat(35);
    let body = format!("  leaf a {{ type string; default \"one  \t\n{indent}two\n   three\"; }}");
    assert_eq!(default_of(&body), "one\n  two\nthree");
    // A tab before the quote and in the indentation is eight columns wide.
    let body = "leaf a { type string; default\n\t\"one\n\t  two\n\t\tthree\"; }";
    assert_eq!(default_of(body), "one\n two\n       three");
}

// Rule 1.
#[test]
fn only_four_escapes_exist_in_version_1_1_and_version_1_keeps_a_backslash() {
    assert_eq!(
        default_of(r#"leaf a { type string; default "a\n\t\"\\b"; }"#),
        "a\n\t\"\\b"
    );
    // An escaped line break or tab is no white space of the text: nothing is trimmed around it.
    assert_eq!(
        default_of(r#"leaf a { type string; default "a \n  b\t"; }"#),
        "a \n  b\t"
    );
    let wrong = r#"leaf a { type string; default "\d"; }"#;
    assert_eq!(codes(wrong), ["unknown-escape"]);
    let schema = schema(&[&module_1_0(wrong)]);
    assert_eq!(&*node(&schema, "a").defaults()[0].text, "\\d");
    assert_eq!(
        default_of(r"leaf a { type string; default '\d\'; }"),
        r"\d\"
    );
}

// Rule 1.
#[test]
fn quoted_strings_are_joined_with_plus_for_every_argument() {
    let schema = schema_of(
        "feature fg; container c;
         leaf \"a\" /* c */ + // c\n 'b' { type 'str' + \"ing\"; mandatory \"tr\"\n+\n'ue'; must '1' + ' = ' + '1'; }
         augment '/m:' + 'c' { if-feature 'f' + 'g'; leaf x { type int8 { range '1' + '..2'; } } }",
    );
    assert!(node(&schema, "ab").mandatory && find(&schema, "c/x").is_some());
    assert_eq!(
        codes("leaf a { type string; default 'a' + b; }"),
        ["unquoted-concatenation"]
    );
    assert_eq!(
        codes("leaf a + 'b' { type string; }")[0],
        "missing-semicolon"
    );
}

// Rule 2.
#[test]
fn an_unquoted_argument_may_hold_quotes_in_version_1_only() {
    let body = "leaf a { type string; default it's; }";
    let schema = schema(&[&module_1_0(body)]);
    assert_eq!(&*node(&schema, "a").defaults()[0].text, "it's");
    insta::assert_snapshot!(refused_body("  leaf a { type string; default it's; }"), @r"
    error[quote-in-unquoted-string]: an unquoted string must not contain a quote
     --> m.yang:5:35
      |
    5 |   leaf a { type string; default it's; }
      |                                   ^
      |
      = note: see RFC 7950 6.1.3
      = help: put the whole string in quotes
    ");
}

// Rule 2.
#[test]
fn a_comment_begins_inside_of_an_unquoted_argument_but_not_inside_of_a_quoted_one() {
    assert_eq!(default_of("leaf a { type string; default a/**/; }"), "a");
    assert_eq!(default_of("leaf a { type string; default a// b;\n; }"), "a");
    assert_eq!(
        default_of("leaf a { type string; default 'http://x/*'; }"),
        "http://x/*"
    );
    assert_eq!(default_of("leaf a { type string; default a/b; }"), "a/b");
    assert_eq!(
        codes("leaf a { type string; default a*/b; }"),
        ["comment-in-unquoted-string"]
    );
}

// Rule 2.
#[test]
fn comments_may_stand_between_any_two_tokens() {
    let text = "/* a */module/**/m/**/{/**/namespace/**/urn:m/**/;//\nprefix/*;*/m;leaf/**/a{type/*}*/string;}/**/}// end";
    let compiled = Compiler::new(&source(&[text]))
        .implement("m", None)
        .compile();
    assert!(find(&compiled.unwrap().schema, "a").is_some());
    assert_eq!(
        codes_of(&["module m { namespace urn:m; prefix m; /* no end }"]),
        ["unterminated-comment"]
    );
}

// Rule 3.
#[test]
fn an_identifier_may_begin_with_xml_in_version_1_1_only() {
    let body =
        "container xml-c { leaf XMLx { type string; } } feature Xml; typedef xmlt { type string; }";
    assert!(codes(body).is_empty());
    assert_eq!(codes_1_0(body), ["invalid-argument"; 4]);
    assert!(codes_1_0("leaf x-ml { type string; } leaf xm { type string; }").is_empty());
}
