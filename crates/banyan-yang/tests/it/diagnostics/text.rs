//! Texts that are no sequence of statements: characters, strings, comments, braces.

use super::{module, told, told_of};

#[test]
fn a_comment_ends() {
    insta::assert_snapshot!(told_of("unterminated-comment", &(module("") + "/* no end"), &[]), @r"
    error[unterminated-comment]: this comment has no end
     --> m.yang:7:1
      |
    7 | /* no end
      | ^^
      |
      = note: see RFC 7950 6.1.1
      = help: close it with `*/`
    ");
}

#[test]
fn a_string_ends() {
    insta::assert_snapshot!(told("unterminated-string", r#"  description "abc;"#), @r#"
    error[unterminated-string]: this string has no closing quote
     --> m.yang:5:15
      |
    5 |   description "abc;
      |               ^
      |
      = note: see RFC 7950 6.1.3
      = help: add the closing `"`; a `"` inside of the string is written `\"`
    "#);
}

#[test]
fn an_unquoted_string_holds_no_quote() {
    insta::assert_snapshot!(told("quote-in-unquoted-string", r#"  description it"s;"#), @r#"
    error[quote-in-unquoted-string]: an unquoted string must not contain a quote
     --> m.yang:5:17
      |
    5 |   description it"s;
      |                 ^
      |
      = note: see RFC 7950 6.1.3
      = help: put the whole string in quotes
    "#);
}

#[test]
fn an_unquoted_string_holds_no_end_of_a_comment() {
    insta::assert_snapshot!(told("comment-in-unquoted-string", "  description a*/b;"), @r"
    error[comment-in-unquoted-string]: an unquoted string must not contain `*/`
     --> m.yang:5:16
      |
    5 |   description a*/b;
      |                ^^
      |
      = note: see RFC 7950 6.1.3
      = help: put the whole string in quotes
    ");
}

#[test]
fn few_characters_can_be_escaped() {
    insta::assert_snapshot!(told("unknown-escape", r#"  description "a\.b";"#), @r#"
    error[unknown-escape]: only \n, \t, \" and \\ may be escaped in double quotes
     --> m.yang:5:17
      |
    5 |   description "a\.b";
      |                 ^^
      |
      = note: see RFC 7950 6.1.3
      = help: use single quotes, where a backslash is an ordinary character, or double it
    "#);
}

#[test]
fn control_characters_are_forbidden() {
    insta::assert_snapshot!(told("forbidden-character", "  description \"a\u{7}b\";"), @r#"
    error[forbidden-character]: the character U+0007 is not allowed in YANG
     --> m.yang:5:17
      |
    5 |   description "a␇b";
      |                 ^
      |
      = note: see RFC 7950 14 (yang-char)
      = help: remove it
    "#);
}

#[test]
fn a_brace_closes_something() {
    insta::assert_snapshot!(told_of("unexpected-brace", &(module("") + "}"), &[]), @r"
    error[unexpected-brace]: this `}` closes nothing
     --> m.yang:7:1
      |
    7 | }
      | ^
      |
      = note: see RFC 7950 6.3
      = help: remove it, or look for a `}` too many above
    ");
}

#[test]
fn a_semicolon_ends_something() {
    insta::assert_snapshot!(told("unexpected-semicolon", "  container c { };"), @r"
    error[unexpected-semicolon]: this `;` ends nothing
     --> m.yang:5:18
      |
    5 |   container c { };
      |                  ^
      |
      = note: see RFC 7950 6.3
      = help: a block `{ ... }` is not followed by `;`
    ");
}

#[test]
fn a_block_is_closed() {
    insta::assert_snapshot!(told_of("unclosed-block", &module("  container c {"), &[]), @r"
    error[unclosed-block]: the block of `module m` is not closed
     --> m.yang:1:1
      |
    1 | module m {
      | ^^^^^^^^
      |
     ::: m.yang:7:1
      |
    7 |
      | - the text ends here
      |
      = note: see RFC 7950 6.3
      = help: add the missing `}`
    ");
}

#[test]
fn a_keyword_is_not_quoted() {
    insta::assert_snapshot!(told("quoted-keyword", r#"  "leaf" a { type string; }"#), @r#"
    error[quoted-keyword]: a keyword is expected here, not a string
     --> m.yang:5:3
      |
    5 |   "leaf" a { type string; }
      |   ^^^^^^
      |
      = note: see RFC 7950 6.3
      = help: a string can only be the argument of a statement; pieces are joined with `+`
    "#);
}

#[test]
fn a_keyword_is_known() {
    insta::assert_snapshot!(told("unknown-keyword", "  laef a { type string; }"), @r"
    error[unknown-keyword]: `laef` is not a YANG statement
     --> m.yang:5:3
      |
    5 |   laef a { type string; }
      |   ^^^^
      |
      = note: see RFC 7950 6.3
      = help: did you mean `leaf`?
    ");
}

#[test]
fn only_quoted_strings_are_joined() {
    insta::assert_snapshot!(told("unquoted-concatenation", r#"  description "a" + b;"#), @r#"
    error[unquoted-concatenation]: only a quoted string can follow `+`
     --> m.yang:5:21
      |
    5 |   description "a" + b;
      |                     ^
      |
      = note: see RFC 7950 6.1.3.1
      = help: put it in quotes
    "#);
}

#[test]
fn a_statement_ends() {
    insta::assert_snapshot!(told("missing-semicolon", "  leaf a { type string }"), @r"
    error[missing-semicolon]: `;` or `{` is missing after `type string`
     --> m.yang:5:22
      |
    5 |   leaf a { type string }
      |                      ^
      |
      = note: see RFC 7950 6.3
      = help: end the statement with `;`, or open its block with `{`
    ");
}

#[test]
fn blocks_are_nested_within_reason() {
    let body = "container c {\n".repeat(220) + &"}".repeat(220);
    insta::assert_snapshot!(told("too-deep", &body), @r"
    error[too-deep]: statements are nested more than 200 deep; this block is left out
       --> m.yang:204:13
        |
    204 | container c {
        |             ^
        |
        = help: move inner parts to groupings
    ");
}
