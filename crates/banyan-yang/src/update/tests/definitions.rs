//! The header of a module, and definitions that are no nodes.

use super::*;

#[test]
fn a_published_change_needs_a_new_revision() {
    let revision = |old: &str, new: &str, body: &str| {
        let old = module(HEADER, old, "leaf a { type int8; }");
        let new = module(HEADER, new, body);
        let (_, _, comparison) = compared(&old, &new);
        let change = comparison
            .changes
            .into_iter()
            .find(|change| change.aspect == Aspect::Revision);
        change.map(|change| (change.verdict, change.reason))
    };
    let changed = "leaf a { type int8; } leaf b { type int8; }";
    let verdict = |old, new, body| revision(old, new, body).map(|found| found.0);
    assert_eq!(verdict(OLD, NEW, changed), Some(Verdict::Allowed));
    assert_eq!(verdict(OLD, OLD, changed), Some(Verdict::Forbidden));
    assert_eq!(
        revision(NEW, OLD, changed),
        Some((
            Verdict::Forbidden,
            "it is older; are the two in the right order?".to_owned()
        ))
    );
    // Blanks and comments are no change.
    assert_eq!(
        verdict(OLD, OLD, "/* new */ leaf  a { type int8; }"),
        Some(Verdict::Editorial)
    );
}

#[test]
fn the_namespace_stays_and_the_prefix_may_change_with_its_uses() {
    let old = module(
        "yang-version 1.1; namespace urn:m; prefix m;",
        OLD,
        "leaf a { type int8; must ../m:b; } leaf b { type int8; }",
    );
    let new = module(
        "yang-version 1.1; namespace urn:m2; prefix q;",
        NEW,
        "leaf a { type int8; must ../q:b; } leaf b { type int8; }",
    );
    assert_eq!(
        lines(&compared(&old, &new).2),
        [
            "forbidden m namespace: urn:m -> urn:m2",
            "allowed m prefix: m -> q"
        ]
    );
}

#[test]
fn the_name_of_a_module_stays() {
    let old = compiled(&module(HEADER, OLD, "leaf a { type int8; }"));
    let mut source = MemorySource::new();
    source.add("module n { yang-version 1.1; namespace urn:m; prefix m; revision 2021-01-01; leaf a { type int8; } }");
    let new = Compiler::new(&source).implement("n", None).compile();
    let new = new.expect("compiles").schema;
    let id = |schema: &Schema, name: &str| schema.module_by_name(name).expect("there");
    let comparison = compare_modules(&old, id(&old, "m"), &new, id(&new, "n"));
    assert_eq!(lines(&comparison), ["forbidden n name: m -> n"]);
}

#[test]
fn definitions_may_be_added_and_never_removed() {
    let all = "typedef t { type int8; } grouping g { leaf a { type int8; } } extension e; feature f; identity i;";
    let added = changes("", all);
    assert_eq!(added.len(), 5);
    assert!(
        added.iter().all(|line| line.starts_with("allowed ")),
        "{added:?}"
    );
    let removed = changes(all, "");
    assert_eq!(removed.len(), 5);
    assert!(
        removed.iter().all(|line| line.starts_with("forbidden ")),
        "{removed:?}"
    );
}

#[test]
fn a_typedef_that_nothing_uses_is_compared() {
    let typedef = |range: &str| format!("typedef t {{ type int8 {{ range {range}; }} }}");
    assert_eq!(
        changes(&typedef("1..5"), &typedef("1..4")),
        ["forbidden m:t range: 1..5 -> 1..4"]
    );
    assert_eq!(
        changes(
            "typedef t { type int8; }",
            "typedef t { type int8; default 4; units s; }"
        ),
        ["allowed m:t default: 4 added", "allowed m:t units: s added"]
    );
}

#[test]
fn a_grouping_that_nothing_uses_is_compared() {
    let grouping = |inner: &str| format!("grouping g {{ container c {{ {inner} }} }}");
    assert_eq!(
        changes(
            &grouping("leaf a { type int8; }"),
            &grouping("leaf b { type int8; }")
        ),
        [
            "forbidden m:g/c/a definition: leaf removed",
            "allowed m:g/c/b definition: leaf added"
        ]
    );
}

#[test]
fn uses_of_a_changed_typedef_or_grouping_name_it() {
    let body = |range: &str| {
        format!(
            "typedef t {{ type int8 {{ range {range}; }} }} grouping g {{ leaf a {{ type t; }} }} \
             container c {{ uses g; }} leaf d {{ type t; }}"
        )
    };
    let (_, _, comparison) = compared(
        &module(HEADER, OLD, &body("1..5")),
        &module(HEADER, NEW, &body("1..6")),
    );
    let through: Vec<_> = comparison
        .changes
        .iter()
        .filter(|change| change.aspect == Aspect::Range)
        .map(|change| (&*change.path, change.through.as_deref()))
        .collect();
    assert_eq!(
        through,
        [
            ("m:t", None),
            ("m:g/a", Some("typedef m:t")),
            ("/m:c/a", Some("typedef m:t")),
            ("/m:d", Some("typedef m:t")),
        ]
    );
}

#[test]
fn the_argument_of_an_extension_stays() {
    let extension = |argument: &str| format!("extension e {{ argument {argument}; }}");
    assert_eq!(
        changes(&extension("a"), &extension("b")),
        ["forbidden m:e argument: a -> b"]
    );
}

#[test]
fn a_module_may_be_split_into_submodules() {
    let whole = module(HEADER, OLD, "typedef t { type int8; } leaf a { type t; }");
    let old = compiled(&whole);
    let mut source = MemorySource::new();
    source.add("module m { yang-version 1.1; namespace urn:m; prefix m; include s; revision 2021-01-01; leaf a { type t; } }");
    source.add("submodule s { yang-version 1.1; belongs-to m { prefix m; } revision 2021-01-01; typedef t { type int8; } }");
    let new = Compiler::new(&source).implement("m", None).compile();
    let new = new.expect("compiles").schema;
    assert_eq!(
        lines(&compare(&old, &new)),
        ["allowed m submodules: s added"]
    );
}

#[test]
fn module_sets_are_compared_module_by_module() {
    let set = |texts: &[&str]| {
        let mut source = MemorySource::new();
        let mut names = Vec::new();
        for text in texts {
            source.add(*text);
            names.push(text.split_whitespace().nth(1).expect("a name").to_owned());
        }
        let mut compiler = Compiler::new(&source);
        for name in &names {
            compiler = compiler.implement(name, None);
        }
        compiler.compile().expect("compiles").schema
    };
    let old = set(&[
        "module a { namespace urn:a; prefix a; revision 2020-01-01; leaf x { type int8; } }",
        "module b { namespace urn:b; prefix b; revision 2020-01-01; leaf x { type int8; } }",
    ]);
    let new = set(&[
        "module a { namespace urn:a; prefix a; revision 2020-02-01; leaf x { type int16; } }",
        "module c { namespace urn:c; prefix c; leaf y { type int8; } }",
    ]);
    let comparison = compare(&old, &new);
    assert_eq!(
        lines(&comparison),
        [
            "forbidden b definition: module removed",
            "allowed c definition: module added",
            "forbidden /a:x type: int8 -> int16",
        ]
    );
}
