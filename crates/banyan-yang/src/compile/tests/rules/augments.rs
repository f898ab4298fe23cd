//! Rules 18 to 21: augments.

use super::*;

const TARGETS: &str = "module b { yang-version 1.1; namespace urn:b; prefix b;
    container c { leaf l { type int8; } leaf-list ll { type int8; } anydata ad; anyxml ax; choice ch { case ca { leaf x { type int8; } } leaf short { type int8; } } action a; notification n; }
    list li { key k; leaf k { type int8; } } container state { config false; } container p { presence p; }
    rpc r; rpc full { input { leaf i { type int8; } } output { leaf o { type int8; } } } notification n; }";

fn augmenting(version: &str, body: &str) -> String {
    format!(
        "module m {{ yang-version {version}; namespace urn:m; prefix m; import b {{ prefix b; }} {body} }}"
    )
}

fn augment(path: &str, body: &str) -> Vec<&'static str> {
    codes_of(&[
        &augmenting("1.1", &format!("augment {path} {{ {body} }}")),
        TARGETS,
    ])
}

// Rule 18.
#[test]
fn an_augment_adds_to_containers_lists_choices_cases_operations_and_notifications() {
    for target in [
        "/b:c",
        "/b:li",
        "/b:c/b:ch",
        "/b:c/b:ch/b:ca",
        "/b:c/b:ch/b:short",
        "/b:r/b:input",
        "/b:r/b:output",
        "/b:full/b:input",
        "/b:c/b:a/b:output",
        "/b:n",
        "/b:c/b:n",
        "/b:state",
    ] {
        assert!(
            augment(target, "leaf new { type int8; }").is_empty(),
            "{target}"
        );
    }
    for target in [
        "/b:c/b:l",
        "/b:c/b:ll",
        "/b:c/b:ad",
        "/b:c/b:ax",
        "/b:r",
        "/b:c/b:a",
        "/b:c/b:ch/b:ca/b:x",
    ] {
        assert_eq!(
            augment(target, "leaf new { type int8; }"),
            ["augment-target"],
            "{target}"
        );
    }
    assert_eq!(
        augment("/b:none", "leaf new { type int8; }"),
        ["unknown-node"]
    );
}

// Rule 19.
#[test]
fn a_leaf_added_to_a_choice_gets_a_case_of_its_own() {
    let body = "augment /b:c/b:ch { leaf y { type int8; } case z { leaf z { type int8; } leaf zz { type int8; } } container w; }";
    let schema = schema(&[&augmenting("1.1", body), TARGETS]);
    for path in ["b:c/ch/m:y/y", "b:c/ch/m:z/zz", "b:c/ch/m:w/w"] {
        assert!(find(&schema, path).is_some(), "{path}");
    }
    assert_eq!(node(&schema, "b:c/ch/m:y").kind, NodeKind::Case);
    let wrong = "grouping g { leaf y { type int8; } } augment /b:c/b:ch { uses g; }";
    assert_eq!(
        codes_of(&[&augmenting("1.1", wrong), TARGETS]),
        ["misplaced-node"]
    );
    assert_eq!(
        augment("/b:c", "case z { leaf z { type int8; } }"),
        ["misplaced-node"]
    );
}

// Rule 19.
#[test]
fn names_clash_within_the_namespace_of_a_module_only() {
    // The target's own `l` and `short` are in another namespace.
    assert!(augment("/b:c", "leaf l { type int8; } leaf short { type int8; }").is_empty());
    let twice = "augment /b:c { leaf new { type int8; } } augment /b:c { container new; }";
    assert_eq!(
        codes_of(&[&augmenting("1.1", twice), TARGETS]),
        ["duplicate-node"]
    );
    let in_cases =
        "augment /b:c/b:ch { leaf new { type int8; } } augment /b:c { leaf new { type int8; } }";
    assert_eq!(
        codes_of(&[&augmenting("1.1", in_cases), TARGETS]),
        ["duplicate-node"]
    );
    assert_eq!(
        codes("container c { leaf a { type int8; } } augment /m:c { leaf a { type int8; } }"),
        ["duplicate-node"]
    );
}

// Rule 20.
#[test]
fn mandatory_configuration_is_added_to_another_module_only_under_a_when() {
    for body in [
        "leaf x { type int8; mandatory true; }",
        "anydata x { mandatory true; }",
        "choice x { mandatory true; leaf y { type int8; } }",
        "container x { container y { leaf z { type int8; mandatory true; } } }",
        "list x { key k; leaf k { type int8; } min-elements 1; }",
        "leaf-list x { type int8; min-elements 2; }",
        "container x { list y { key k; leaf k { type int8; } min-elements 1; } }",
        "leaf x { when '../b:l'; type int8; mandatory true; }",
    ] {
        assert_eq!(augment("/b:c", body), ["mandatory-augment"], "{body}");
        assert_eq!(
            augment("/b:p", &body.replace("../b:l", "1")),
            ["mandatory-augment"],
            "{body}"
        );
        let conditional = format!("when 'b:l = 1'; {body}");
        assert!(augment("/b:c", &conditional).is_empty(), "{body}");
    }
    insta::assert_snapshot!(refused(&[&augmenting("1.1", "\n  augment /b:c {\n    container x {\n      leaf y { type int8; mandatory true; }\n    }\n  }"), TARGETS]), @r"
    error[mandatory-augment]: `y` is mandatory, but an augment of another module can add such nodes only under a `when`
     --> m.yang:4:7
      |
    4 |       leaf y { type int8; mandatory true; }
      |       ^^^^^^
      |
     ::: m.yang:2:3
      |
    2 |   augment /b:c {
      |   ------------ added by this augment
      |
      = note: see RFC 7950 7.17
      = help: let the node be optional, or the augment depend on a condition that old data do not meet
    ");
}

// Rule 20.
#[test]
fn mandatory_nodes_that_no_old_data_lack_are_free() {
    for body in [
        "container x { presence p; leaf z { type int8; mandatory true; } }",
        "list x { key k; leaf k { type int8; } leaf y { type int8; mandatory true; } }",
        "leaf x { config false; type int8; mandatory true; }",
        "container x { config false; leaf z { type int8; mandatory true; } }",
        "choice x { case y { leaf z { type int8; mandatory true; } } }",
    ] {
        assert!(augment("/b:c", body).is_empty(), "{body}");
    }
    let mandatory = "leaf x { type int8; mandatory true; }";
    for target in ["/b:state", "/b:r/b:input", "/b:n"] {
        assert!(augment(target, mandatory).is_empty(), "{target}");
    }
    assert!(codes(&format!("container c; augment /m:c {{ {mandatory} }}")).is_empty());
    // What the module itself has added elsewhere is its own.
    let own = format!(
        "augment /b:c {{ container o {{ presence p; }} }} augment /b:c/m:o {{ {mandatory} }}"
    );
    assert!(codes_of(&[&augmenting("1.1", &own), TARGETS]).is_empty());
}

// Rule 20.
#[test]
fn version_1_adds_no_mandatory_nodes_to_another_module_at_all() {
    let body = "augment /b:c { when 'b:l = 1'; leaf x { type int8; mandatory true; } }";
    assert_eq!(
        codes_of(&[&augmenting("1", body), TARGETS]),
        ["mandatory-augment"]
    );
    assert!(codes_of(&[&augmenting("1.1", body), TARGETS]).is_empty());
}

// Rule 21.
#[test]
fn chains_of_augments_apply_in_whatever_order_modules_come() {
    let c = "module c { namespace urn:c; prefix c; container top; }";
    let b = "module b { namespace urn:b; prefix b; import c { prefix c; } augment /c:top/b:mid/b:low { leaf own { type int8; } } augment /c:top { container mid { uses g; } } grouping g { container low; } }";
    let a = "module a { namespace urn:a; prefix a; import c { prefix c; } import b { prefix b; } augment /c:top/b:mid/b:low { container last; } augment /c:top/b:mid/b:low/a:last { leaf x { type int8; } } }";
    let mut outlines = Vec::new();
    for order in [
        ["a", "b", "c"],
        ["c", "b", "a"],
        ["b", "a", "c"],
        ["a", "c", "b"],
    ] {
        let source = source(&[a, b, c]);
        let compiler = order.iter().fold(Compiler::new(&source), |compiler, name| {
            compiler.implement(name, None)
        });
        outlines.push(outline(
            &compiler
                .compile()
                .unwrap_or_else(|error| panic!("{error}"))
                .schema,
        ));
    }
    // Asking for the last alone implements the others.
    outlines.push(outline(&schema(&[a, b, c])));
    assert!(outlines.iter().all(|outline| *outline == outlines[0]));
    insta::assert_snapshot!(outlines[0], @r"
    container c:top
      container b:mid
        container low
          container a:last
            leaf x
          leaf own
    ");
    let broken = a.replace("b:mid/b:low/a:last", "b:mid/a:last");
    assert_eq!(codes_of(&[&broken, b, c]), ["unknown-node"]);
}

// Rule 21.
#[test]
fn an_rpc_has_an_input_and_an_output_to_augment_even_when_it_states_none() {
    let body = "augment /b:r/b:input { leaf i { type int8; } } augment /b:r/b:output { leaf o { type int8; } } augment /b:c/b:a/b:input { leaf ai { type int8; } }";
    let schema = schema(&[&augmenting("1.1", body), TARGETS]);
    for path in ["b:r/input/m:i", "b:r/output/m:o", "b:c/a/input/m:ai"] {
        assert!(find(&schema, path).is_some(), "{path}");
    }
    assert_eq!(
        augment("/b:n/b:input", "leaf i { type int8; }"),
        ["unknown-node"]
    );
}
