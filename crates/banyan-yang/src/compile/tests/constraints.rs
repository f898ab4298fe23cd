//! `must`, `when`, `if-feature`.

use super::*;
use crate::compile::Features;
use crate::schema::WhenContext;

#[test]
fn must_keeps_its_message_and_tag() {
    let schema = schema_of(
        "container c { must 'a' { error-message no; error-app-tag tag; } leaf a { type string; } }",
    );
    let must = &node(&schema, "c").musts()[0];
    assert_eq!(&*must.expression.text, "a");
    assert_eq!(
        (must.error_message.as_deref(), must.error_app_tag.as_deref()),
        (Some("no"), Some("tag"))
    );
    assert_eq!(schema.sources().slice(must.expression.span), "'a'");
}

#[test]
fn when_knows_its_context() {
    let schema = schema_of(
        "leaf a { type string; } leaf b { when '../a'; type string; } choice c { when 'a'; case d { when 'a'; leaf e { type string; } } }",
    );
    assert_eq!(node(&schema, "b").whens()[0].context, WhenContext::Node);
    assert_eq!(node(&schema, "c").whens()[0].context, WhenContext::Parent);
    assert_eq!(node(&schema, "c/d").whens()[0].context, WhenContext::Parent);
}

#[test]
fn an_expression_has_no_variables() {
    assert_eq!(
        codes("leaf a { type string; must '../a[. = $b]'; }"),
        ["invalid-xpath"]
    );
}

#[test]
fn an_expression_that_does_not_parse_is_an_error() {
    insta::assert_snapshot!(refused_body("  leaf a { type string; must '../b ='; }"), @r"
    error[invalid-xpath]: invalid XPath: expected a name, '*', '.', '..' or another step of a path, found the end
     --> m.yang:5:30
      |
    5 |   leaf a { type string; must '../b ='; }
      |                              ^^^^^^^^
      |
      = note: see RFC 7950 6.4
      = help: write an expression of XPath 1.0, such as `. > 0 and ../p:enabled = 'true'`
    ");
}

#[test]
fn an_expression_over_an_unknown_node_is_a_warning() {
    let compiled = compile(&[&module("  container c {\n    leaf a { type string; must \"../bb = 'x'\"; }\n    leaf b { type string; }\n  }")]).unwrap();
    assert_eq!(compiled.diagnostics.len(), 1);
    insta::assert_snapshot!(compiled.diagnostics[0].render(compiled.schema.sources()), @r#"
    warning[unknown-node]: in this expression there is no node `bb` in container c
     --> m.yang:6:32
      |
    6 |     leaf a { type string; must "../bb = 'x'"; }
      |                                ^^^^^^^^^^^^^
      |
      = note: see RFC 7950 6.4.1
      = help: did you mean `b`?
    "#);
    assert!(
        codes("list l { key k; leaf k { type string; must \"../../l[k = current()]/k\"; } }")
            .is_empty()
    );
    assert_eq!(
        codes("list l { key k; leaf k { type string; must \"../../l[kk = 1]\"; } }"),
        ["unknown-node"]
    );
    assert_eq!(
        codes("leaf a { when '../b'; type string; }"),
        ["unknown-node"]
    );
    assert!(codes("anydata x; leaf a { when '../x/y or //z or ../*/q'; type string; }").is_empty());
    assert!(codes("rpc r { input { must 'a'; leaf a { type string; must '../b'; } leaf b { type string; } } }").is_empty());
}

fn with_features(body: &str, on: &[&str]) -> Arc<Schema> {
    let source = source(&[&module(body)]);
    let on = on.iter().map(|name| (*name).to_owned()).collect();
    let compiled = Compiler::new(&source)
        .implement("m", None)
        .features("m", Features::Only(on))
        .compile()
        .unwrap_or_else(|error| panic!("{error}"));
    compiled.schema
}

#[test]
fn features_switch_nodes_on_and_off() {
    let body = "feature a; feature b { if-feature a; } feature c;
         leaf la { if-feature a; type string; } leaf lb { if-feature b; type string; }
         leaf expr { if-feature 'not (a or b) or c and not m:a'; type string; }
         leaf two { if-feature a; if-feature c; type string; }";
    let names = |on: &[&str]| {
        let schema = with_features(body, on);
        schema
            .nodes()
            .skip(1)
            .map(|(_, node)| node.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["expr"]);
    assert_eq!(names(&["b"]), ["expr"], "b needs a");
    assert_eq!(names(&["a", "b"]), ["la", "lb"]);
    assert_eq!(names(&["a", "c"]), ["la", "two"]);
    assert_eq!(
        with_features(body, &["a", "b"])
            .module(ModuleId(0))
            .features
            .len(),
        2
    );
}

#[test]
fn a_wrong_if_feature_is_reported() {
    insta::assert_snapshot!(refused_body("  feature fast;\n  leaf a { if-feature 'fast or'; type string; }\n  leaf b { if-feature fsat; type string; }"), @r"
    error[invalid-if-feature]: `fast or` is not an expression over features
     --> m.yang:6:23
      |
    6 |   leaf a { if-feature 'fast or'; type string; }
      |                       ^^^^^^^^^
      |
      = note: see RFC 7950 7.20.2
      = help: write names joined by `and`, `or`, `not` and parentheses

    error[unknown-name]: there is no feature `fsat` in module m
     --> m.yang:7:23
      |
    7 |   leaf b { if-feature fsat; type string; }
      |                       ^^^^
      |
      = note: see RFC 7950 7.20.2
      = help: did you mean `fast`?
    ");
    assert_eq!(
        codes("feature a { if-feature b; } feature b { if-feature a; }"),
        ["circular-feature"]
    );
    let deep = format!(
        "feature f; leaf a {{ if-feature '{} f {}'; type string; }}",
        "(".repeat(5000),
        ")".repeat(5000)
    );
    assert_eq!(codes(&deep), ["invalid-if-feature"]);
}

#[test]
fn an_unknown_feature_that_is_asked_for_is_a_warning() {
    let source = source(&[&module("feature a;")]);
    let asked = Features::Only(["b".to_owned()].into());
    let compiled = Compiler::new(&source)
        .implement("m", None)
        .features("m", asked)
        .compile()
        .unwrap();
    assert_eq!(compiled.diagnostics[0].code, "unknown-feature");
}
