//! Rules 37 and 38: leafrefs and instance-identifiers.

use super::parts;
use crate::compile::tests::*;
use crate::schema::TypeKind;

#[test]
fn leafrefs_lead_to_their_targets() {
    let schema = schema_of(
        "list l { key n; leaf n { type t; } leaf other { type leafref { path '../n'; } } }
         typedef t { type string { length 1..5; } }
         leaf a { type leafref { path '/m:l/m:n'; } }
         leaf b { type leafref { path '../a'; } }
         leaf c { type union { type int8; type leafref { path '/l/n'; require-instance false; } } }
         leaf d { type leafref { path '/l[n=current()/../a]/other'; } }
         rpc r { input { leaf p { type string; } leaf q { type leafref { path '../p'; } } } output { leaf q { type leafref { path '../s'; } } leaf s { type int8; } } }",
    );
    for (path, target) in [
        ("l/other", "l/n"),
        ("a", "l/n"),
        ("b", "a"),
        ("d", "l/other"),
        ("r/input/q", "r/input/p"),
        ("r/output/q", "r/output/s"),
    ] {
        let TypeKind::Leafref { target: found, .. } = &ty(&schema, path).kind else {
            panic!("{path}")
        };
        assert_eq!(Some(*found), find(&schema, target), "{path}");
    }
    assert_eq!(parts(&ty(&schema, "b").resolved().kind), [(1, 5)]);
    let TypeKind::Union(members) = &ty(&schema, "c").kind else {
        panic!()
    };
    assert!(matches!(
        &members[1].kind,
        TypeKind::Leafref {
            require_instance: false,
            ..
        }
    ));
}

#[test]
fn a_leafref_that_leads_nowhere_is_reported() {
    insta::assert_snapshot!(refused_body("  container c { leaf b { type string; } }\n  leaf a { type leafref { path '../c/d'; } }"), @r"
    error[leafref-target]: the leafref `../c/d` leads nowhere: there is no node `d` in container c
     --> m.yang:6:32
      |
    6 |   leaf a { type leafref { path '../c/d'; } }
      |                                ^^^^^^^^
      |
      = note: see RFC 7950 9.9
      = help: what is there: `b`
    ");
    assert_eq!(
        codes("leaf a { type leafref { path '../../b'; } }"),
        ["leafref-target"]
    );
    assert_eq!(
        codes("container c; leaf a { type leafref { path '../c'; } }"),
        ["leafref-target"]
    );
    assert_eq!(
        codes("leaf a { type leafref { path '../*'; } }"),
        ["invalid-path"]
    );
    assert_eq!(
        codes("leaf a { type leafref { path '../['; } }"),
        ["invalid-xpath"]
    );
    assert_eq!(
        codes("leaf a { type leafref { path '/x:b'; } }"),
        ["unknown-prefix"]
    );
    let kept = lenient(&[&module("leaf a { type leafref { path '../b'; } }")]);
    assert_eq!(ty(&kept.schema, "a").builtin_name(), "string");
}

#[test]
fn circular_leafrefs_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused_body("  leaf a { type leafref { path ../b; } }\n  leaf b { type leafref { path ../a; } }"), @r"
    error[circular-leafref]: leafrefs refer to each other: /m:a -> /m:b -> /m:a
     --> m.yang:6:32
      |
    6 |   leaf b { type leafref { path ../a; } }
      |   ------ refers to the next    ^^^^
      |
     ::: m.yang:5:3
      |
    5 |   leaf a { type leafref { path ../b; } }
      |   ------ refers to the next
      |
      = note: see RFC 7950 9.9
      = help: let one of them have a type that is no leafref
    ");
    assert_eq!(
        codes("leaf a { type leafref { path ../a; } }"),
        ["circular-leafref"]
    );
}

#[test]
fn a_configuration_leafref_cannot_refer_to_state() {
    assert_eq!(
        codes("leaf a { type leafref { path ../b; } } leaf b { type string; config false; }"),
        ["leafref-to-state"]
    );
    assert!(codes("leaf a { type leafref { path ../b; require-instance false; } } leaf b { type string; config false; }").is_empty());
}

#[test]
fn chains_of_leafrefs_are_followed_and_bounded() {
    let chain = |count: usize| {
        let mut body = String::from("leaf l0 { type int8; }\n");
        for level in 1..count {
            body.push_str(&format!(
                "leaf l{level} {{ type leafref {{ path ../l{}; }} }}\n",
                level - 1
            ));
        }
        body
    };
    let schema = schema_of(&chain(50));
    let TypeKind::Leafref { resolved, .. } = &ty(&schema, "l49").kind else {
        panic!()
    };
    assert_eq!(resolved.builtin_name(), "int8");
    assert!(codes(&chain(3000)).contains(&"too-deep"));
    let mut backwards: Vec<_> = chain(3000).lines().map(str::to_owned).collect();
    backwards.reverse();
    assert!(codes(&backwards.join("\n")).contains(&"too-deep"));
}

const LIST: &str =
    "list l { key 'k j'; leaf k { type string; } leaf j { type string; } leaf v { type int8; } }
    container c { leaf v { type string; } } leaf b { type string; }\n";

fn path(path: &str) -> Vec<&'static str> {
    codes(&format!(
        "{LIST} leaf a {{ type leafref {{ path \"{path}\"; }} }}"
    ))
}

// Rule 37.
#[test]
fn the_path_of_a_leafref_is_names_with_parents_before_and_keys_between() {
    for right in [
        "/l/v",
        "/m:l/m:v",
        "../l/v",
        "/l[k = current()/../b]/v",
        "../l[m:k=current()/../b][j=current()/../c/v]/v",
    ] {
        assert!(path(right).is_empty(), "{right}");
    }
    for wrong in [
        "b",
        "current()/../b",
        "./../b",
        "../c/../b",
        "//b",
        "../*",
        "..",
        "/",
        "../l[1]/v",
        "../l[k='x']/v",
        "../l[k != current()/../b]/v",
        "../l[k = ../b]/v",
        "../l[k = current()]/v",
        "../b | ../c/v",
        "1",
    ] {
        assert_eq!(path(wrong), ["invalid-path"], "{wrong}");
    }
}

// Rule 37.
#[test]
fn the_form_of_a_path_is_checked_where_it_is_written_used_or_not() {
    assert_eq!(
        codes("typedef t { type leafref { path b/c; } }"),
        ["invalid-path"]
    );
    assert_eq!(
        codes("typedef t { type leafref { path '../['; } } leaf a { type t; } leaf b { type t; }"),
        ["invalid-xpath"]
    );
    assert_eq!(
        codes("container c { typedef t { type leafref { path '/x:b'; } } }"),
        ["unknown-prefix"]
    );
}

// Rule 37.
#[test]
fn predicates_of_a_path_name_keys_of_a_list_each_once() {
    insta::assert_snapshot!(refused_body(&format!("{LIST}  leaf a {{ type leafref {{ path \"/l[v = current()/../b]/v\"; }} }}")), @r#"
    error[leafref-target]: the leafref `/l[v = current()/../b]/v` leads nowhere: v is not a key of list l
     --> m.yang:7:32
      |
    7 |   leaf a { type leafref { path "/l[v = current()/../b]/v"; } }
      |                                ^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = note: see RFC 7950 9.9
    "#);
    for wrong in [
        "/l[v = current()/../b]/v",
        "/l[k = current()/../b][k = current()/../b]/v",
        "/c[v = current()/../b]/v",
        "/l[k = current()/../none]/v",
        "/l[k = current()/../c]/v",
    ] {
        assert_eq!(path(wrong), ["leafref-target"], "{wrong}");
    }
}

// Rule 37.
#[test]
fn deref_in_a_path_is_followed_and_warned_of() {
    let body = "list l { key k; leaf k { type string; } leaf v { type int8; } }
        leaf r { type leafref { path /l/k; } } leaf a { type leafref { path 'deref(../r)/../v'; } }";
    assert_eq!(codes(body), ["deref-in-path"]);
    let compiled = compile(&[&module(body)]).unwrap();
    assert_eq!(ty(&compiled.schema, "a").resolved().builtin_name(), "int8");
}

// Rule 37.
#[test]
fn only_1_1_may_say_that_what_a_leafref_refers_to_need_not_exist() {
    let body = "leaf b { type string; } typedef t { type leafref { path /m:b; } }
        leaf c { type t { require-instance false; } } leaf d { type leafref { path /m:b; require-instance false; } } leaf e { type t; }";
    let schema = schema_of(body);
    let required = |path| match &ty(&schema, path).kind {
        TypeKind::Leafref {
            require_instance, ..
        } => *require_instance,
        _ => panic!("{path}"),
    };
    assert!(required("e") && !required("c") && !required("d"));
    assert_eq!(
        codes_of(&[&format!("module m {{ namespace urn:m; prefix m; {body} }}")]),
        ["needs-yang-1.1", "needs-yang-1.1"]
    );
    assert_eq!(
        codes(
            "typedef t { type leafref { path /b; } } leaf b { type int8; } leaf c { type t { path /b; } }"
        ),
        ["misplaced-restriction"]
    );
}

// Rule 37.
#[test]
fn a_leafref_of_a_typedef_starts_at_the_leaf_that_uses_it() {
    let schema = schema_of(
        "typedef t { type leafref { path ../n; } }
         leaf n { type int8; } leaf a { type t; } container c { leaf n { type int16; } leaf a { type t; } }
         choice ch { case x { leaf d { type t; } } }",
    );
    for (path, builtin) in [("a", "int8"), ("c/a", "int16"), ("ch/x/d", "int8")] {
        assert_eq!(ty(&schema, path).resolved().builtin_name(), builtin);
    }
}

// Rule 37.
#[test]
fn unprefixed_names_of_a_path_are_of_the_module_of_the_leaf() {
    let user = "module m { yang-version 1.1; namespace urn:m; prefix m; import u { prefix u; } leaf a { type u:t; } }";
    let used = |version: &str, path: &str| {
        format!(
            "module u {{ {version} namespace urn:u; prefix u; typedef t {{ type leafref {{ path {path}; }} }} leaf n {{ type int8; }} }}"
        )
    };
    let one = used("", "/n");
    assert_eq!(refused(&[user, &one]), "no error");
    let relative = used("", "../n");
    let with_own = user.replace("leaf a", "leaf n { type int8; } leaf a");
    assert_eq!(refused(&[&with_own, &relative]), "no error");
    let prefixed = used("yang-version 1.1;", "/u:n");
    assert!(codes_of(&[user, &prefixed]).is_empty());
    let unprefixed = used("yang-version 1.1;", "/n");
    insta::assert_snapshot!(refused(&[user, &unprefixed]), @r"
    error[leafref-target]: the leafref `/n` leads nowhere: there is no node `n` at the top
     --> u.yang:1:89
      |
    1 | module u { yang-version 1.1; namespace urn:u; prefix u; typedef t { type leafref { path /n; } } leaf n { type int8; } }
      |                                                                                         ^^
      |
      = note: see RFC 7950 9.9
      = help: what is there: `a`
    ");
    let user = user.replace("leaf a", "leaf b { type leafref { path /u:n; } } leaf a");
    let kept = lenient(&[&user, &unprefixed]);
    assert_eq!(ty(&kept.schema, "a").resolved().builtin_name(), "int8");
}

// Rule 37.
#[test]
fn a_leafref_in_an_operation_sees_its_parameters_and_the_data_but_not_the_other_way_round() {
    assert!(
        codes("leaf n { type int8; config false; } rpc r { input { leaf a { type leafref { path /n; } } } }")
            .is_empty()
    );
    assert_eq!(
        codes(
            "rpc r { input { leaf x { type int8; } } } leaf a { type leafref { path /r/input/x; } }"
        ),
        ["leafref-target"]
    );
}

// Rule 38.
#[test]
fn the_default_of_an_instance_identifier_is_a_path_of_qualified_names_that_exist() {
    let with = |default: &str| {
        codes(&format!(
            "{LIST} leaf-list ll {{ type string; }} leaf a {{ type instance-identifier {{ require-instance false; }} default \"{default}\"; }}"
        ))
    };
    for right in [
        "/m:b",
        "/m:l[m:k='x'][m:j = 'y']/m:v",
        "/m:ll[.='x']",
        "/m:ll[2]",
    ] {
        assert!(with(right).is_empty(), "{right}");
    }
    for wrong in [
        "b",
        "/b",
        "/x:b",
        "/m:none",
        "/m:b/m:c",
        "/",
        "//m:b",
        "/m:l[m:v > 1]",
        "/m:ll[0]",
        "../m:b",
    ] {
        assert_eq!(with(wrong), ["invalid-default"], "{wrong}");
    }
}

// Rule 38.
#[test]
fn an_instance_identifier_takes_require_instance_and_nothing_else() {
    let schema = schema_of(
        "typedef t { type instance-identifier { require-instance false; } } leaf a { type t; } leaf b { type t { require-instance true; } }",
    );
    let required = |path| match &ty(&schema, path).kind {
        TypeKind::InstanceIdentifier { require_instance } => *require_instance,
        _ => panic!("{path}"),
    };
    assert!(!required("a") && required("b"));
    assert_eq!(
        codes("leaf a { type instance-identifier { path /a; } }"),
        ["misplaced-restriction"]
    );
    assert_eq!(
        codes("leaf a { type instance-identifier { require-instance maybe; } }"),
        ["invalid-argument"]
    );
}
