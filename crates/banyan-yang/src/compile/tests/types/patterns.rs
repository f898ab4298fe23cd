//! Rule 32: `pattern` in modules; what the expressions mean is tested in `crate::pattern`.

use crate::compile::tests::*;
use crate::schema::TypeKind;

#[test]
fn patterns_of_a_chain_are_collected() {
    let schema = schema_of(
        "typedef a { type string { pattern 'a.*'; } } leaf x { type a { pattern '.*b' { modifier invert-match; error-message no; error-app-tag t; } } }",
    );
    let TypeKind::String { patterns, .. } = &ty(&schema, "x").kind else {
        panic!()
    };
    assert_eq!(patterns.len(), 2);
    let patterns: Vec<_> = patterns.iter().collect();
    assert!(patterns[1].invert_match && patterns[1].error_message.as_deref() == Some("no"));
    assert!(patterns[0].pattern.is_match("axx"));
    assert_eq!(
        codes("leaf x { type string { pattern '['; } }"),
        ["invalid-pattern"]
    );
}

// Rule 32.
#[test]
fn a_pattern_that_is_none_is_pointed_at_inside_of_its_string() {
    insta::assert_snapshot!(refused_body(
        "  leaf a { type string { pattern 'a(?=b)'; } }
  leaf b { type string { pattern \"\\\\d+\" + '\\q'; } }
  leaf c { type string { pattern \"\\\"\\\\t\n                                   [z-a]\"; } }
  leaf d { type string { pattern (a)\\1; } }"
    ), @r#"
    error[invalid-pattern]: the pattern is not a regular expression of XML Schema: XML Schema has no '(?...)': no look-around, no flags, no special groups; a plain ( ) captures nothing
     --> m.yang:5:36
      |
    5 |   leaf a { type string { pattern 'a(?=b)'; } }
      |                                    ^^^^^
      |
      = note: see RFC 7950 9.4.5
      = help: `\` before a special character, such as `(`, `[` or `?`, makes it an ordinary one

    error[invalid-pattern]: the pattern is not a regular expression of XML Schema: there is no escape '\q'
     --> m.yang:6:44
      |
    6 |   leaf b { type string { pattern "\\d+" + '\q'; } }
      |                                            ^^
      |
      = note: see RFC 7950 9.4.5
      = help: `\` before a special character, such as `(`, `[` or `?`, makes it an ordinary one

    error[invalid-pattern]: the pattern is not a regular expression of XML Schema: the range z-a is backwards
     --> m.yang:8:38
      |
    8 | ...                   [z-a]"; } }
      |                         ^^^
      |
      = note: see RFC 7950 9.4.5
      = help: `\` before a special character, such as `(`, `[` or `?`, makes it an ordinary one

    error[invalid-pattern]: the pattern is not a regular expression of XML Schema: XML Schema has no back-references such as '\1'
     --> m.yang:9:37
      |
    9 |   leaf d { type string { pattern (a)\1; } }
      |                                     ^^
      |
      = note: see RFC 7950 9.4.5
      = help: `\` before a special character, such as `(`, `[` or `?`, makes it an ordinary one
    "#);
}

// Rule 32.
#[test]
fn a_pattern_that_is_none_lets_nothing_through_in_strict_mode_and_is_left_out_alone_in_lenient() {
    let body = "leaf a { type string { length 1..3; pattern 'a*?'; pattern '[a-z]*'; } }";
    assert_eq!(codes(body), ["invalid-pattern"]);
    let kept = lenient(&[&module(body)]);
    let TypeKind::String { length, patterns } = &ty(&kept.schema, "a").kind else {
        panic!()
    };
    assert!(!length.allows(4));
    assert_eq!(patterns.len(), 1);
}

const EXTENSIONS: &str = "module openconfig-extensions { namespace urn:e; prefix oc-ext;
    extension regexp-posix; extension posix-pattern { argument pattern; } }";

fn openconfig(marker: &str, body: &str) -> String {
    format!(
        "module m {{ namespace urn:m; prefix m; import openconfig-extensions {{ prefix oc-ext; }} {marker} {body} }}"
    )
}

fn matches(schema: &Schema, path: &str, value: &str) -> bool {
    let TypeKind::String { patterns, .. } = &ty(schema, path).kind else {
        panic!("{path} is no string")
    };
    patterns
        .iter()
        .all(|restriction| restriction.pattern.is_match(value) != restriction.invert_match)
}

// Rule 32.
#[test]
fn caret_and_dollar_are_anchors_in_modules_that_say_so_and_characters_elsewhere() {
    let body = "leaf a { type string { pattern '^(ab|c)$'; } }";
    let posix = schema(&[&openconfig("oc-ext:regexp-posix;", body), EXTENSIONS]);
    assert!(matches(&posix, "a", "ab") && !matches(&posix, "a", "^ab$"));
    assert!(!matches(&posix, "a", "xab") && !matches(&posix, "a", "ab\n"));
    let plain = schema(&[&openconfig("", body), EXTENSIONS]);
    assert!(!matches(&plain, "a", "ab") && matches(&plain, "a", "^ab$"));
}

// Rule 32.
#[test]
fn a_pattern_means_what_its_own_module_says_wherever_it_is_used() {
    let used = "module u { namespace urn:u; prefix u; import openconfig-extensions { prefix x; }
        x:regexp-posix; typedef t { type string { pattern '^a+$'; } } }";
    let user = "module m { namespace urn:m; prefix m; import u { prefix u; } leaf a { type u:t; } leaf b { type string { pattern '^a+$'; } } }";
    let schema = schema(&[user, used, EXTENSIONS]);
    assert!(matches(&schema, "a", "aa") && !matches(&schema, "b", "aa"));
    assert!(matches(&schema, "b", "^a$"));
}

// Rule 32.
#[test]
fn the_marker_of_a_module_is_for_its_submodules_and_that_of_another_module_is_none() {
    let main = "module m { namespace urn:m; prefix m; include s; import openconfig-extensions { prefix e; } e:regexp-posix; }";
    let sub =
        "submodule s { belongs-to m { prefix m; } leaf a { type string { pattern '^a$'; } } }";
    let with_submodule = schema(&[main, sub, EXTENSIONS]);
    assert!(matches(&with_submodule, "a", "a"));
    let own = "module m { namespace urn:m; prefix m; extension regexp-posix; m:regexp-posix; leaf a { type string { pattern '^a$'; } } }";
    assert!(!matches(&schema(&[own]), "a", "a"));
}

// Rule 32.
#[test]
fn a_posix_pattern_beside_the_pattern_is_ignored() {
    let body = "leaf a { type string { pattern 'a|b'; oc-ext:posix-pattern '^(c)$'; } }";
    let schema = schema(&[&openconfig("", body), EXTENSIONS]);
    assert!(matches(&schema, "a", "b") && !matches(&schema, "a", "c"));
}

// Rule 32.
#[test]
fn patterns_along_the_chain_are_anded_and_inverted_ones_must_not_match() {
    let schema = schema_of(
        "typedef a { type string { pattern '[a-z]+'; pattern '.{2,}'; } }
         leaf x { type a { pattern 'x.*' { modifier invert-match; error-message no; error-app-tag t; } } }",
    );
    assert!(matches(&schema, "x", "ab"));
    for wrong in ["a", "a1", "xa"] {
        assert!(!matches(&schema, "x", wrong), "{wrong}");
    }
    assert_eq!(
        codes_of(&[
            "module m { namespace urn:m; prefix m; leaf a { type string { pattern a { modifier invert-match; } } } }"
        ]),
        ["needs-yang-1.1"]
    );
    assert_eq!(
        codes("leaf a { type string { pattern a { modifier no-match; } } }"),
        ["invalid-argument"]
    );
}
