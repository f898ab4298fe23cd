//! Top-level `augment`.

use super::*;

const BASE: &str = "module base { yang-version 1.1; namespace urn:b; prefix b; container top { leaf a { type string; } choice ch { leaf x { type string; } } } rpc r { input { leaf i { type string; } } } notification n; }";

#[test]
fn augments_apply_in_any_order() {
    let schema = schema(&[
        "module m { namespace urn:m; prefix m; import base { prefix b; }
           augment /b:top/m:one/m:two { leaf three { type string; } }
           augment /b:top/m:one { container two; }
           augment /b:top { container one; }
           augment /b:top/b:ch { leaf y { type string; } case z { leaf z { type string; } } }
           augment /b:r/b:input { leaf j { type string; } }
           augment /b:n { leaf k { type string; } } }",
        BASE,
    ]);
    insta::assert_snapshot!(outline(&schema), @r"
    container base:top
      leaf a
      choice ch
        case x
          leaf x
        case m:y
          leaf y
        case m:z
          leaf z
      container m:one
        container two
          leaf three
    rpc base:r
      input input
        leaf i
        leaf m:j
    notification base:n
      leaf m:k
    ");
}

#[test]
fn a_module_that_is_augmented_is_implemented() {
    let texts = [
        "module m { namespace urn:m; prefix m; import base { prefix b; } augment /b:top { leaf z { type string; } } }",
        BASE,
    ];
    assert!(
        schema(&texts)
            .modules()
            .all(|(_, module)| module.implemented)
    );
    let schema = schema(&[
        "module m { namespace urn:m; prefix m; import base { prefix b; } }",
        BASE,
    ]);
    assert!(
        !schema
            .module(schema.module_by_name("base").unwrap())
            .implemented
    );
    assert!(find(&schema, "base:top").is_none());
}

#[test]
fn a_module_that_a_leafref_points_to_is_implemented() {
    let schema = schema(&[
        "module m { namespace urn:m; prefix m; import base { prefix b; } leaf l { type leafref { path /b:top/b:a; } } }",
        BASE,
    ]);
    assert!(find(&schema, "base:top/a").is_some());
}

#[test]
fn an_augment_must_have_a_target_that_can_be_augmented() {
    insta::assert_snapshot!(refused(&["module m { namespace urn:m; prefix m; import base { prefix b; }\n  augment /b:tpo { leaf z { type string; } }\n}", BASE]), @r"
    error[unknown-node]: there is no node `b:tpo` at the top of module base, which this `augment` names
     --> m.yang:2:11
      |
    2 |   augment /b:tpo { leaf z { type string; } }
      |           ^^^^^^
      |
      = note: see RFC 7950 7.17
      = help: did you mean `top`?
    ");
    insta::assert_snapshot!(refused(&["module m { namespace urn:m; prefix m; import base { prefix b; }\n  augment /b:top/b:a { leaf z { type string; } }\n}", BASE]), @r"
    error[augment-target]: a leaf cannot be augmented
     --> m.yang:2:11
      |
    2 |   augment /b:top/b:a { leaf z { type string; } }
      |           ^^^^^^^^^^
      |
     ::: base.yang:1:76
      |
    1 | module base { yang-version 1.1; namespace urn:b; prefix b; container top { leaf a { type string; } choice ch { leaf x { type string; ...
      |                                                                            ------ the target
      |
      = note: see RFC 7950 7.17
      = help: name a container, list, choice, case, input, output or notification
    ");
    assert_eq!(
        codes("container c; augment m:c { leaf a { type string; } }"),
        ["invalid-argument"]
    );
    assert_eq!(
        codes("container c; augment /x:c { leaf a { type string; } }"),
        ["unknown-prefix"]
    );
    assert_eq!(
        codes("container c; augment /m:c { case a; }"),
        ["misplaced-node"]
    );
}

#[test]
fn mandatory_nodes_are_added_to_other_modules_only_under_a_when() {
    let augment = |body: &str| {
        let text = format!(
            "module m {{ yang-version 1.1; namespace urn:m; prefix m; import base {{ prefix b; }} augment /b:top {{ {body} }} }}"
        );
        codes_of(&[&text, BASE])
    };
    assert_eq!(
        augment("leaf z { type string; mandatory true; }"),
        ["mandatory-augment"]
    );
    assert_eq!(
        augment("container y { leaf z { type string; mandatory true; } }"),
        ["mandatory-augment"]
    );
    assert!(
        augment("container y { presence p; leaf z { type string; mandatory true; } }").is_empty()
    );
    assert!(augment("when 'b:a'; leaf z { type string; mandatory true; }").is_empty());
    assert!(
        codes("container c; augment /m:c { leaf z { type string; mandatory true; } }").is_empty()
    );
}

#[test]
fn an_augment_of_what_a_feature_switches_off_is_off_too() {
    let source = source(&[&module(
        "feature f; container c { if-feature f; } augment /m:c { leaf a { type string; } }",
    )]);
    let compiled = Compiler::new(&source)
        .implement("m", None)
        .default_features(crate::compile::Features::none())
        .compile()
        .unwrap();
    assert_eq!(compiled.diagnostics, vec![]);
    assert_eq!(compiled.schema.nodes().len(), 1);
}
