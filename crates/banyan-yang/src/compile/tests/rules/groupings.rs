//! Rules 13 to 17: groupings, refine, schema node identifiers.

use super::*;

// Rule 13.
#[test]
fn names_in_a_grouping_are_those_of_its_module_and_its_nodes_are_the_users() {
    let library = "module g { yang-version 1.1; namespace urn:g; prefix lib; import o { prefix x; }
        typedef t { type int8; } grouping inner { leaf b { type t; must '../a = 1 and ../x:c = 2'; } }
        grouping top { leaf a { type t; default 7; } uses inner; } }";
    let other = "module o { namespace urn:o; prefix o; }";
    let user = "module m { yang-version 1.1; namespace urn:m; prefix m; import g { prefix g; } import o { prefix o; }
        typedef t { type string; } grouping inner { leaf wrong { type t; } } container c { uses g:top; } }";
    let compiled = compile(&[user, library, other]).unwrap_or_else(|error| panic!("{error}"));
    let schema = compiled.schema;
    assert_eq!(outline(&schema), "container m:c\n  leaf a\n  leaf b\n");
    assert_eq!(ty(&schema, "c/a").builtin_name(), "int8");
    // An unprefixed name is the user's, a prefix what it is where the grouping stands.
    let must = &node(&schema, "c/b").musts()[0].expression;
    assert_eq!(must.prefixes.module(None), schema.module_by_name("m"));
    assert_eq!(must.prefixes.module(Some("x")), schema.module_by_name("o"));
    assert_eq!(must.prefixes.module(Some("o")), None);
    let unknown = library.replace("x:c", "o:c");
    assert_eq!(codes_of(&[user, &unknown, other]), ["unknown-prefix"]);
}

const REFINED: &str = "grouping g { container c { leaf l { type string; } leaf-list ll { type string; default a; default b; }
      choice ch { case one { leaf deep { type int8; } } leaf short { type int8; } } list li { key k; leaf k { type string; } must a; leaf a { type int8; } } anydata ad; } } feature f;";

fn refined(refines: &str) -> Vec<&'static str> {
    codes(&format!("{REFINED} uses g {{ {refines} }}"))
}

// Rule 14.
#[test]
fn refine_changes_what_the_rfc_lets_it_change() {
    let schema = schema_of(&format!(
        "{REFINED} container other {{ uses g; }} uses g {{ refine c {{ presence p; config true; description new; reference r; must 'l'; if-feature f; }}
           refine c/l {{ mandatory true; }} refine c/ll {{ max-elements 4; }} refine c/ch {{ default short; }}
           refine c/li {{ min-elements 1; max-elements 3; must 'k'; }} refine c/ad {{ mandatory true; }} }}"
    ));
    let c = node(&schema, "c");
    assert!(c.presence && c.musts().len() == 1);
    let description = |path| schema.description(find(&schema, path).unwrap());
    assert_eq!(description("c").as_deref(), Some("new"));
    assert!(node(&schema, "c/l").mandatory && node(&schema, "c/ad").mandatory);
    assert_eq!(
        node(&schema, "c/ch").default_case(),
        find(&schema, "c/ch/short")
    );
    // `must` adds; the other use is untouched.
    let list = node(&schema, "c/li");
    assert_eq!(
        (list.musts().len(), list.min_elements(), list.max_elements()),
        (2, 1, Some(3))
    );
    assert_eq!(node(&schema, "other/c/li").musts().len(), 1);
    assert!(!node(&schema, "other/c").presence && !node(&schema, "other/c/l").mandatory);
}

// Rule 14.
#[test]
fn a_refine_must_fit_its_node() {
    for wrong in [
        "refine c { mandatory true; }",
        "refine c/l { presence p; }",
        "refine c/li { default x; }",
        "refine c/ch { must '1'; }",
        "refine c/l { min-elements 1; }",
        "refine c/ch/one { config false; }",
    ] {
        assert_eq!(refined(wrong), ["misplaced-property"], "{wrong}");
    }
    assert_eq!(
        refined("refine c/l { type int8; }"),
        ["misplaced-statement"]
    );
    assert_eq!(refined("refine c/none { config false; }"), ["unknown-node"]);
    assert_eq!(
        codes_1_0(
            "feature f; grouping g { leaf l { type string; } } uses g { refine l { if-feature f; } }"
        ),
        ["needs-yang-1.1"]
    );
}

// Rule 14.
#[test]
fn a_refine_names_choice_and_case() {
    let schema = schema_of(&format!(
        "{REFINED} uses g {{ refine c/ch/one/deep {{ default 1; }} refine c/ch/short/short {{ default 2; }} }}"
    ));
    assert_eq!(&*node(&schema, "c/ch/one/deep").defaults()[0].text, "1");
    assert_eq!(&*node(&schema, "c/ch/short/short").defaults()[0].text, "2");
    insta::assert_snapshot!(refused_body("  grouping g { container c { choice ch { leaf x { type int8; } } } }\n  uses g { refine c/x { default 1; } }"), @r"
    error[unknown-node]: `x`, which `refine` names, is not in container c
     --> m.yang:6:19
      |
    6 |   uses g { refine c/x { default 1; } }
      |                   ^^^
      |
      = note: see RFC 7950 7.13.2
      = help: name the choice and the case too: ch/x/x
    ");
}

// Rule 15.
#[test]
fn a_refined_leaf_is_not_mandatory_and_has_a_default() {
    let leaf = |refine: &str| {
        codes(&format!(
            "grouping g {{ leaf l {{ type string; default x; }} leaf m {{ type string; mandatory true; }} leaf-list ll {{ type string; default x; }} }} uses g {{ {refine} }}"
        ))
    };
    assert_eq!(
        leaf("refine l { mandatory true; }"),
        ["default-and-mandatory"]
    );
    assert_eq!(leaf("refine m { default y; }"), ["default-and-mandatory"]);
    assert_eq!(
        leaf("refine ll { min-elements 1; }"),
        ["default-and-mandatory"]
    );
    assert!(leaf("refine m { mandatory false; default y; } refine l { default z; }").is_empty());
}

// Rule 15.
#[test]
fn a_refined_default_of_a_leaf_list_replaces_all() {
    let schema = schema_of(&format!(
        "{REFINED} uses g {{ refine c/ll {{ default x; }} }}"
    ));
    let defaults: Vec<_> = node(&schema, "c/ll")
        .defaults()
        .iter()
        .map(|d| d.text.to_string())
        .collect();
    assert_eq!(defaults, ["x"]);
    assert_eq!(
        refined("refine c/ll { default x; default x; }"),
        ["invalid-default"]
    );
}

// Rule 16.
#[test]
fn a_grouping_can_be_used_again_in_an_augment_of_itself() {
    let schema = schema_of(
        "grouping g { container c { leaf l { type int8; } } } uses g { augment c { uses g; } } augment /m:c/m:c { uses g; }",
    );
    insta::assert_snapshot!(outline(&schema), @r"
    container m:c
      leaf l
      container c
        leaf l
        container c
          leaf l
    ");
}

// Rule 16.
#[test]
fn an_augment_in_uses_adds_actions_and_notifications_by_a_descendant_path_in_any_order() {
    let schema = schema_of(
        "grouping g { container c { list l { key k; leaf k { type int8; } } } }
         uses g { augment c/n/o { leaf deepest { type int8; } } augment c { container n { container o; } } augment c/l { action a { input { leaf i { type int8; } } } notification e; } }",
    );
    assert!(find(&schema, "c/n/o/deepest").is_some());
    assert_eq!(node(&schema, "c/l/a").kind, NodeKind::Action);
    assert_eq!(node(&schema, "c/l/e").kind, NodeKind::Notification);
    let wrong = |body: &str| {
        codes(&format!(
            "grouping g {{ container c {{ leaf l {{ type int8; }} }} }} uses g {{ {body} }}"
        ))
    };
    assert_eq!(
        wrong("augment c/l { leaf x { type int8; } }"),
        ["augment-target"]
    );
    assert_eq!(
        wrong("augment /m:c { leaf x { type int8; } }"),
        ["invalid-argument"]
    );
    assert_eq!(
        wrong("augment d { leaf x { type int8; } }"),
        ["unknown-node"]
    );
    // A refine is for what the grouping has.
    assert_eq!(
        wrong("augment c { container n; } refine c/n { presence p; }"),
        ["unknown-node"]
    );
}

// Rule 17.
#[test]
fn schema_node_identifiers_name_choice_and_case_even_an_implicit_one() {
    let base = "container c { choice ch { container x { presence p; } case y { container z; } } } list l { key k; unique 'ch/a/a'; leaf k { type int8; } choice ch { leaf a { type int8; } } }";
    let at = |path: &str| {
        codes(&format!(
            "{base} augment {path} {{ leaf new {{ type int8; }} }}"
        ))
    };
    assert!(at("/m:c/m:ch/m:x/m:x").is_empty());
    assert!(at("/m:c/m:ch/m:x").is_empty(), "the case itself");
    assert!(at("/m:c/m:ch/m:y/m:z").is_empty());
    assert_eq!(at("/m:c/m:x"), ["unknown-node"]);
    assert_eq!(at("/m:c/m:ch/m:z"), ["unknown-node"]);
    insta::assert_snapshot!(refused_body("  container c { choice ch { case y { container z; } } }\n  augment /m:c/m:z { leaf a { type int8; } }"), @r"
    error[unknown-node]: there is no node `m:z` in /m:c, which this `augment` names
     --> m.yang:6:11
      |
    6 |   augment /m:c/m:z { leaf a { type int8; } }
      |           ^^^^^^^^
      |
      = note: see RFC 7950 7.17
      = help: name the choice and the case too: ch/y/z
    ");
    assert_eq!(codes(&base.replace("'ch/a/a'", "a")), ["invalid-unique"]);
}
