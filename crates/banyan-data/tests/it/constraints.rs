//! Constraints as YANG writes them (RFC 7950 6.4, 7.5.3, 7.21.5, 9.9, 9.10).

use banyan_data::validate::{Options, full};

use crate::fixture::{data, errors, module, schema};

#[test]
fn a_must_of_a_model_points_at_its_place_in_the_text() {
    let text = "module t {
  namespace urn:t; prefix t;
  container if {
    leaf max-frame { type uint16; default 1518; }
    leaf mtu {
      type uint16;
      must \". >= 68 and . <= ../max-frame\" { error-message \"the MTU must fit the frame\"; }
    }
  }
}";
    let schema = schema(&[text]);
    let report = full(
        &data(&schema, "<if><mtu>9000</mtu></if>"),
        &Options::default(),
    );
    let shown = report.errors[0].report(None, |span| schema.sources().location(span));
    let (place, rest) = (shown.find("  (").unwrap(), shown.find("7:").unwrap());
    assert!(place < rest, "{shown}");
    assert!(
        shown
            .starts_with("error: the MTU must fit the frame\n  path: /t:if/mtu\n  must: \". >= 68")
    );
    assert!(
        shown.ends_with("with: . = 9000, ../max-frame = 1518"),
        "{shown}"
    );
}

#[test]
fn identities_are_compared_in_the_prefixes_of_the_expression() {
    let other = "module u { namespace urn:u; prefix u; import t { prefix x; }
        identity gigabit { base x:ethernet; }
        augment \"/x:if\" { when \"derived-from-or-self(x:type, 'x:ethernet')\";
          leaf duplex { type string; } }
        augment \"/x:if\" { when \"x:type = 'gigabit'\"; leaf lanes { type string; } } }";
    let text = module(
        "identity type; identity ethernet { base type; } identity loopback { base type; }
         container if { leaf type { type identityref { base type; } }
           leaf mac { type string; when \"../type = 't:ethernet'\"; } }",
    );
    let schema = schema(&[
        &text,
        &other.replace("module u {", "module u { yang-version 1.1;"),
    ]);
    let check =
        |ty: &str, rest: &str| errors(&schema, &format!("<if><type>{ty}</type>{rest}</if>"));
    let none: Vec<String> = Vec::new();
    assert_eq!(
        check("t:ethernet", "<mac>1</mac><u:duplex>x</u:duplex>"),
        none
    );
    assert_eq!(
        check("u:gigabit", "<u:duplex>x</u:duplex><u:lanes>4</u:lanes>"),
        none
    );
    assert_eq!(
        check(
            "t:loopback",
            "<mac>1</mac><u:duplex>x</u:duplex><u:lanes>4</u:lanes>"
        ),
        [
            "WhenViolation /t:if/mac -",
            "WhenViolation /t:if/u:duplex -",
            "WhenViolation /t:if/u:lanes -"
        ]
    );
}

// Rule 47.
#[test]
fn the_when_of_uses_and_augment_see_the_parent_and_add_up() {
    let text = module(
        "grouping g { leaf a { when \"../b = 'y'\"; type string; } leaf b { type string; } }
         container c { leaf on { type boolean; default false; } uses g { when \"on = 'true'\"; } }",
    );
    let schema = schema(&[&text]);
    let check = |xml: &str| errors(&schema, &format!("<c>{xml}</c>"));
    assert!(check("<on>true</on><a>1</a><b>y</b>").is_empty());
    assert_eq!(
        check("<on>true</on><a>1</a><b>n</b>"),
        ["WhenViolation /t:c/a -"]
    );
    assert_eq!(
        check("<a>1</a><b>y</b>"),
        ["WhenViolation /t:c/a -", "WhenViolation /t:c/b -"]
    );
}

// Rule 43.
#[test]
fn constraints_through_shorthand_cases_and_refinements_hold() {
    let text = module(
        "grouping g { container c { leaf x { type string; } leaf y { type string; } } }
         container top { uses g { refine c { must \"x or y\"; presence \"it matters\"; } refine c/x { mandatory true; } }
           choice ch { mandatory true; leaf a { type empty; } container b { leaf z { type string; } } } }",
    );
    let schema = schema(&[&text]);
    assert_eq!(errors(&schema, ""), ["MissingChoice /t:top missing-choice"]);
    assert!(errors(&schema, "<top><a/></top>").is_empty());
    assert_eq!(
        errors(&schema, "<top><c/><b><z>1</z></b></top>"),
        [
            "MustViolation /t:top/c must-violation",
            "MissingElement /t:top/c/x -"
        ]
    );
}

#[test]
fn forty_thousand_leafrefs_are_look_ups() {
    let text = module(
        "container ifs { list if { key name; leaf name { type string; } } }
         list use { key n; leaf n { type uint32; } leaf if { type leafref { path \"/ifs/if/name\"; } } }",
    );
    let schema = schema(&[&text]);
    let mut xml = String::from("<ifs>");
    for number in 0..1000 {
        xml += &format!("<if><name>interface-{number}</name></if>");
    }
    xml += "</ifs>";
    for number in 0..40_000 {
        xml += &format!(
            "<use><n>{number}</n><if>interface-{}</if></use>",
            number % 1000
        );
    }
    let tree = data(&schema, &xml);
    let report = full(&tree, &Options::default());
    assert!(report.is_valid());
    assert_eq!(report.counters.evaluated, 40_000);
    assert!(report.counters.visited < 300_000, "{:?}", report.counters);
}
