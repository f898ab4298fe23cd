//! Nodes: their statements, and which may come and go.

use super::{Comparison, Rule, changes, changes_1_0, compared, lines, module};

/// What changes if the substatements of a leaf do, without its name.
fn leaf(old: &str, new: &str) -> Vec<String> {
    let body = |statements: &str| {
        format!(
            "feature f; feature g; leaf y {{ type int8; }} leaf x {{ type int8; {statements} }}"
        )
    };
    without_path(changes(&body(old), &body(new)), "/m:x")
}

fn without_path(lines: Vec<String>, path: &str) -> Vec<String> {
    let path = format!(" {path}");
    lines
        .into_iter()
        .map(|line| line.replace(&path, ""))
        .collect()
}

/// The same for a list with the key `k` and the leaf `v`.
fn list(old: &str, new: &str) -> Vec<String> {
    let body = |statements: &str| {
        format!("list x {{ leaf k {{ type int8; }} leaf v {{ type int8; }} {statements} }}")
    };
    without_path(changes(&body(old), &body(new)), "/m:x")
}

#[test]
fn a_default_may_be_added_to_a_leaf_that_has_none() {
    assert_eq!(leaf("", "default 1;"), ["allowed default: 1 added"]);
    assert_eq!(
        leaf("default 1;", "default 2;"),
        ["forbidden default: 1 -> 2"]
    );
    assert_eq!(leaf("default 1;", ""), ["forbidden default: 1 removed"]);
    let body =
        |leaf: &str| format!("typedef t {{ type int8; default 3; }} leaf x {{ type t; {leaf} }}");
    assert_eq!(
        changes(&body(""), &body("default 4;")),
        ["forbidden /m:x default: 3 -> 4"]
    );
}

#[test]
fn a_default_case_and_defaults_of_a_leaf_list_are_not_in_the_list() {
    let choice = |default: &str| format!("choice c {{ {default} leaf a {{ type int8; }} }}");
    assert_eq!(
        changes(&choice(""), &choice("default a;")),
        ["forbidden /m:c default: a added"]
    );
    assert_eq!(
        changes(
            "leaf-list l { type int8; }",
            "leaf-list l { type int8; default 1; default 2; }"
        ),
        ["forbidden /m:l default: 1 2 added"]
    );
}

#[test]
fn units_may_only_be_added() {
    assert_eq!(leaf("", "units s;"), ["allowed units: s added"]);
    assert_eq!(leaf("units s;", "units ms;"), ["forbidden units: s -> ms"]);
    assert_eq!(leaf("units s;", ""), ["forbidden units: s removed"]);
}

#[test]
fn texts_for_people_may_change() {
    assert_eq!(
        leaf(
            "description \"a b\"; reference r;",
            "description \"a\n   c\"; reference s;"
        ),
        [
            "editorial description: a b -> a c",
            "editorial reference: r -> s"
        ]
    );
    assert_eq!(
        leaf("description \"a b\";", "description \"a\n b\";"),
        Vec::<String>::new()
    );
}

#[test]
fn a_must_may_be_removed_or_relaxed() {
    let must = |text: &str| format!("must \"{text}\";");
    assert_eq!(leaf(&must(". > 1"), ""), ["allowed must: . > 1 removed"]);
    assert_eq!(leaf("", &must(". > 1")), ["forbidden must: . > 1 added"]);
    assert_eq!(
        leaf(&must(". > 5"), &must(". > 5 or ../y")),
        ["allowed must: . > 5 -> . > 5 or ../y"]
    );
    assert_eq!(
        leaf(&must(". > 5 or ../y"), &must(". > 5")),
        ["forbidden must: . > 5 or ../y -> . > 5"]
    );
    assert_eq!(
        leaf(&must("../y"), &must("not(../y = 3)")),
        ["unproven must: ../y -> not(../y = 3)"]
    );
    assert_eq!(
        leaf(&must("../y>1"), &must("../m:y > 1")),
        Vec::<String>::new()
    );
}

#[test]
fn the_error_tag_of_a_must_is_part_of_the_protocol_and_its_message_is_not() {
    let must = |inner: &str| format!("must . {{ {inner} }}");
    assert_eq!(
        leaf(&must("error-app-tag a;"), &must("error-app-tag b;")),
        ["forbidden error-app-tag: a (.) -> b (.)"]
    );
    assert_eq!(
        leaf(&must("error-message a;"), &must("error-message b;")),
        ["editorial error-message: a (.) -> b (.)"]
    );
}

#[test]
fn a_when_may_be_removed_or_relaxed_in_yang_1_1_only() {
    assert_eq!(leaf("when ../y;", ""), ["allowed when: ../y removed"]);
    assert_eq!(leaf("", "when ../y;"), ["forbidden when: ../y added"]);
    assert_eq!(
        leaf("when \"../y and ../y = 1\";", "when ../y;"),
        ["allowed when: ../y and ../y = 1 -> ../y"]
    );
    let body = |when: &str| format!("leaf y {{ type int8; }} leaf x {{ type int8; {when} }}");
    assert_eq!(
        changes_1_0(&body("when ../y;"), &body("")),
        ["forbidden /m:x when: ../y removed"]
    );
}

#[test]
fn mandatory_may_be_removed() {
    assert_eq!(
        leaf("mandatory true;", ""),
        ["allowed mandatory: true -> false"]
    );
    assert_eq!(
        leaf("", "mandatory true;"),
        ["forbidden mandatory: false -> true"]
    );
}

#[test]
fn fewer_may_be_required_and_more_allowed() {
    assert_eq!(
        list("key k; min-elements 2;", "key k; min-elements 1;"),
        ["allowed min-elements: 2 -> 1"]
    );
    assert_eq!(
        list("key k;", "key k; min-elements 1;"),
        ["forbidden min-elements: 0 -> 1"]
    );
    assert_eq!(
        list("key k; max-elements 2;", "key k;"),
        ["allowed max-elements: 2 -> unbounded"]
    );
    assert_eq!(
        list("key k; max-elements 3;", "key k; max-elements 2;"),
        ["forbidden max-elements: 3 -> 2"]
    );
}

#[test]
fn what_the_list_does_not_name_is_forbidden() {
    assert_eq!(list("key k;", "key \"k v\";"), ["forbidden key: k -> k v"]);
    assert_eq!(
        list("key k;", "key k; unique v;"),
        ["forbidden unique: v added"]
    );
    assert_eq!(
        list("key k; unique v;", "key k;"),
        ["forbidden unique: v removed"]
    );
    assert_eq!(
        list("key k;", "key k; ordered-by user;"),
        ["forbidden ordered-by: system -> user"]
    );
    assert_eq!(
        changes("container c;", "container c { presence yes; }"),
        ["forbidden /m:c presence: presence added"]
    );
    assert_eq!(
        changes("anydata a;", "anyxml a;"),
        ["forbidden /m:a kind: anydata -> anyxml"]
    );
}

#[test]
fn data_may_be_added_unless_they_are_mandatory() {
    let container = |inner: &str| format!("container c {{ leaf a {{ type int8; }} {inner} }}");
    assert_eq!(
        changes(&container(""), &container("leaf b { type int8; }")),
        ["allowed /m:c/b definition: leaf added"]
    );
    assert_eq!(
        changes(
            &container(""),
            &container("leaf b { type int8; mandatory true; }")
        ),
        ["forbidden /m:c/b definition: leaf added"]
    );
    let nested = |presence: &str| {
        format!("container n {{ {presence} leaf b {{ type int8; mandatory true; }} }}")
    };
    assert_eq!(
        changes(&container(""), &container(&nested(""))),
        ["forbidden /m:c/n definition: container added"]
    );
    assert_eq!(
        changes(&container(""), &container(&nested("presence p;"))),
        ["allowed /m:c/n definition: container added"]
    );
    assert_eq!(
        changes("", "leaf-list l { type int8; min-elements 1; }"),
        ["forbidden /m:l definition: leaf-list added"]
    );
}

#[test]
fn mandatory_data_may_be_added_if_they_depend_on_a_new_feature() {
    let mandatory = |condition: &str| {
        format!("leaf b {{ if-feature \"{condition}\"; type int8; mandatory true; }}")
    };
    let with = |feature: &str, condition: &str| {
        changes(
            "feature old;",
            &format!("feature old; {feature} {}", mandatory(condition)),
        )
    };
    assert_eq!(with("", "old"), ["forbidden /m:b definition: leaf added"]);
    assert_eq!(
        with("feature new;", "new and old"),
        [
            "allowed m:new definition: feature added",
            "allowed /m:b definition: leaf added"
        ]
    );
    assert_eq!(
        with("feature new;", "new or old")[1],
        "forbidden /m:b definition: leaf added"
    );
    // The condition may stand on the `uses` that brings the node.
    let grouping = "grouping g { leaf b { type int8; mandatory true; } }";
    assert_eq!(
        changes(
            grouping,
            &format!("feature new; {grouping} uses g {{ if-feature new; }}")
        )[1],
        "allowed /m:b definition: leaf added"
    );
}

#[test]
fn a_case_may_be_added_even_with_a_mandatory_node() {
    let choice = |inner: &str| format!("choice c {{ leaf a {{ type int8; }} {inner} }}");
    assert_eq!(
        changes(
            &choice(""),
            &choice("case b { leaf b { type int8; mandatory true; } }")
        ),
        ["allowed /m:c/b definition: case added"]
    );
    assert_eq!(
        changes(
            &choice("case b { leaf b { type int8; } }"),
            &choice("case b { leaf b { type int8; } leaf d { type int8; mandatory true; } }")
        ),
        ["forbidden /m:c/b/d definition: leaf added"]
    );
}

#[test]
fn nothing_may_be_removed_or_renamed() {
    assert_eq!(
        changes("leaf a { type int8; status obsolete; }", ""),
        ["forbidden /m:a definition: leaf removed"]
    );
    assert_eq!(
        changes("rpc a; notification n;", "rpc b; notification n;"),
        [
            "forbidden /m:a definition: rpc removed",
            "allowed /m:b definition: rpc added"
        ]
    );
}

#[test]
fn a_node_may_not_move_into_a_choice() {
    assert_eq!(
        changes(
            "leaf a { type int8; }",
            "choice c { leaf a { type int8; } leaf b { type int8; } }"
        ),
        [
            "forbidden /m:a place: /m:a -> /m:c/a/a",
            "allowed /m:c definition: choice added"
        ]
    );
    assert_eq!(
        changes(
            "choice c { case x { leaf a { type int8; } leaf b { type int8; } } case y { leaf d { type int8; } } }",
            "choice c { case x { leaf a { type int8; } } case y { leaf d { type int8; } leaf b { type int16; } } }",
        ),
        [
            "forbidden /m:c/x/b place: /m:c/x/b -> /m:c/y/b",
            "forbidden /m:c/x/b type: int8 -> int16"
        ]
    );
}

#[test]
fn state_data_may_become_configuration_that_is_not_mandatory() {
    let body = |config: bool, mandatory: bool| {
        format!(
            "container c {{ config {config}; leaf a {{ type int8; mandatory {mandatory}; }} leaf b {{ type int8; }} }}"
        )
    };
    assert_eq!(
        changes(&body(false, false), &body(true, false)),
        ["allowed /m:c config: false -> true"]
    );
    assert_eq!(
        changes(&body(false, true), &body(true, true)),
        [
            "forbidden /m:c config: false -> true",
            "forbidden /m:c/a config: false -> true"
        ]
    );
    assert_eq!(
        changes(&body(true, false), &body(false, false)),
        ["forbidden /m:c config: true -> false"]
    );
}

#[test]
fn an_if_feature_may_be_removed_from_a_node_that_is_not_mandatory() {
    assert_eq!(
        leaf("if-feature f;", ""),
        ["allowed if-feature: m:f removed"]
    );
    assert_eq!(
        leaf("if-feature f; mandatory true;", "mandatory true;"),
        ["forbidden if-feature: m:f removed"]
    );
    assert_eq!(
        leaf("", "if-feature f;"),
        ["forbidden if-feature: m:f added"]
    );
    assert_eq!(
        leaf("if-feature \"f and g\";", "if-feature f;"),
        ["allowed if-feature: m:f and m:g -> m:f"]
    );
    let uses = |condition: &str| {
        format!("feature f; grouping g {{ leaf a {{ type int8; }} }} uses g {{ {condition} }}")
    };
    assert_eq!(
        changes(&uses(""), &uses("if-feature f;")),
        ["forbidden /m:a if-feature: m:f added"]
    );
}

#[test]
fn status_only_gets_worse() {
    assert_eq!(
        leaf("", "status deprecated;"),
        ["allowed status: current -> deprecated"]
    );
    assert_eq!(
        leaf("status deprecated;", "status obsolete;"),
        ["allowed status: deprecated -> obsolete"]
    );
    assert_eq!(
        leaf("status obsolete;", "status current;"),
        ["forbidden status: obsolete -> current"]
    );
}

#[test]
fn nodes_may_be_replaced_by_equivalent_ones() {
    let inline = "container c { leaf a { type int8; } leaf b { type int8; } }";
    let used = "grouping g { leaf a { type int8; } leaf b { type int8; } } container c { uses g; }";
    assert_eq!(
        changes(inline, used),
        ["allowed m:g definition: grouping added"]
    );
}

#[test]
fn data_definitions_keep_their_order() {
    let leaves = |names: &[&str]| {
        let leaf = |name: &&str| format!("leaf {name} {{ type int8; }}");
        let leaves: Vec<String> = names.iter().map(leaf).collect();
        format!("container c {{ {} }}", leaves.join(" "))
    };
    assert_eq!(
        changes(&leaves(&["a", "b", "d"]), &leaves(&["d", "a", "b"])),
        ["forbidden /m:c/d order: after b -> first"]
    );
    assert_eq!(
        changes(&leaves(&["a", "b"]), &leaves(&["x", "a", "y", "b"])),
        [
            "allowed /m:c/x definition: leaf added",
            "allowed /m:c/y definition: leaf added"
        ]
    );
    // Augments are no data definitions.
    let augments = |first: &str, second: &str| {
        let one = |name: &str| format!("augment /c {{ leaf {name} {{ type int8; }} }}");
        format!("container c; {} {}", one(first), one(second))
    };
    assert_eq!(
        changes(&augments("a", "b"), &augments("b", "a")),
        Vec::<String>::new()
    );
}

#[test]
fn what_a_module_adds_to_another_is_its_own_and_the_rest_is_not() {
    let augment = |leaf: &str| {
        format!("import other {{ prefix o; }} revision 2019-01-01; augment /o:top {{ {leaf} }}")
    };
    let text = |revision: &str, leaf: &str| {
        format!(
            "module m {{ yang-version 1.1; namespace urn:m; prefix m; {} }}",
            augment(leaf).replace(
                "revision 2019",
                &format!("revision {revision}; revision 2019")
            )
        )
    };
    let (_, _, comparison) = compared(
        &text("2020-01-01", "leaf a { type int8; }"),
        &text("2021-01-01", "leaf b { type int8; }"),
    );
    assert_eq!(
        lines(&comparison),
        [
            "forbidden /other:top/m:a definition: leaf removed",
            "allowed /other:top/m:b definition: leaf added"
        ]
    );
}

#[test]
fn a_mandatory_input_parameter_may_not_be_added() {
    let rpc = |inner: &str| format!("rpc r {{ input {{ leaf a {{ type int8; }} {inner} }} }}");
    assert_eq!(
        changes(&rpc(""), &rpc("leaf b { type int8; }")),
        ["allowed /m:r/input/b definition: leaf added"]
    );
    assert_eq!(
        changes(&rpc(""), &rpc("leaf b { type int8; mandatory true; }")),
        ["forbidden /m:r/input/b definition: leaf added"]
    );
}

#[test]
fn what_an_extension_means_for_an_update_is_left_to_it() {
    let body = |leaf: &str| format!("extension e {{ argument a; }} leaf x {{ type int8; {leaf} }}");
    assert_eq!(
        changes(&body(""), &body("m:e one;")),
        ["unruled /m:x extension: m:e \"one\" added"]
    );
}

#[test]
fn a_module_of_yang_1_is_judged_by_rfc_6020() {
    let header = "namespace urn:m; prefix m;";
    let (_, _, comparison): (_, _, Comparison) = compared(
        &module(header, "2020-01-01", "leaf a { type int8; }"),
        &module(header, "2021-01-01", ""),
    );
    let change = comparison.breaking().next().expect("the leaf is gone");
    assert_eq!(
        (change.rule, change.section),
        (Rule::NoRemoval, "RFC 6020 10")
    );
}
