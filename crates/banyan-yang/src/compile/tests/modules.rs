//! Modules, imports, includes, revisions, the digest.

use super::*;
use crate::compile::{Features, ModuleText};

#[test]
fn a_missing_import_is_reported_at_the_import() {
    insta::assert_snapshot!(refused(&["module m { namespace urn:m; prefix m;\n  import nowhere { prefix n; }\n  leaf a { type n:t; }\n}"]), @r"
    error[module-not-found]: module nowhere is needed, but it was not found
     --> m.yang:2:3
      |
    2 |   import nowhere { prefix n; }
      |   ^^^^^^^^^^^^^^
      |
      = note: see RFC 7950 7.1.5
      = help: add nowhere.yang to the places where modules are looked for
    ");
    insta::assert_snapshot!(
        Compiler::new(&source(&[])).implement("absent", None).compile().unwrap_err(),
        @r"
    error[module-not-found]: module absent is needed, but it was not found
     |
     = note: see RFC 7950 5.2
     = help: add absent.yang to the places where modules are looked for
    "
    );
}

#[test]
fn one_bad_module_does_not_take_the_set_down_in_lenient_mode() {
    let texts = source(&[
        "module good { namespace urn:g; prefix g; leaf a { type string; } }",
        "module bad { namespace urn:b; leaf a { type string; } }",
        "module user { namespace urn:u; prefix u; import bad { prefix b; } leaf c { type string; } leaf d { type b:t; } }",
    ]);
    let compiled = Compiler::new(&texts)
        .implement("good", None)
        .implement("bad", None)
        .implement("user", None)
        .mode(Mode::Lenient)
        .compile()
        .unwrap();
    let names: Vec<_> = compiled
        .schema
        .modules()
        .map(|(_, module)| &*module.name)
        .collect();
    assert_eq!(names, ["good", "user"]);
    assert_eq!(outline(&compiled.schema), "leaf good:a\nleaf user:c\n");
    let codes: Vec<_> = compiled.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["missing-statement", "left-out"]);
}

#[test]
fn submodules_are_part_of_their_module() {
    let schema = schema(&[
        "module m { yang-version 1.1; namespace urn:m; prefix m; include s; leaf a { type t; } }",
        "submodule s { yang-version 1.1; belongs-to m { prefix x; } include s2; revision 2020-01-01; typedef t { type int8; } leaf b { type x:t; } container c { uses g; } }",
        "submodule s2 { yang-version 1.1; belongs-to m { prefix m; } grouping g { leaf d { type t; } } }",
    ]);
    assert_eq!(
        outline(&schema),
        "leaf m:a\nleaf m:b\ncontainer m:c\n  leaf d\n"
    );
    let module = schema.module(ModuleId(0));
    assert_eq!(module.submodules.len(), 2);
    assert_eq!(module.submodules[0].revision.as_deref(), Some("2020-01-01"));
    assert!(module.submodules[0].text.starts_with("submodule s "));
}

#[test]
fn a_submodule_of_another_module_is_refused() {
    insta::assert_snapshot!(refused(&[
        "module m { namespace urn:m; prefix m;\n  include s;\n}",
        "submodule s {\n  belongs-to other { prefix o; }\n}",
    ]), @r"
    error[wrong-module]: submodule s belongs to module other, not to m
     --> m.yang:2:3
      |
    2 |   include s;
      |   ^^^^^^^^^
      |
     ::: s.yang:2:3
      |
    2 |   belongs-to other { prefix o; }
      |   ---------------- as it says here
      |
      = note: see RFC 7950 7.2.2
      = help: include a submodule of m, or import module other
    ");
}

#[test]
fn circular_imports_are_reported_with_the_cycle() {
    insta::assert_snapshot!(refused(&[
        "module a { namespace urn:a; prefix a;\n  import b { prefix b; }\n}",
        "module b { namespace urn:b; prefix b;\n  import c { prefix c; }\n}",
        "module c { namespace urn:c; prefix c;\n  import a { prefix a; }\n}",
    ]), @r"
    error[circular-import]: modules import each other: a -> b -> c -> a
     --> a.yang:2:3
      |
    2 |   import b { prefix b; }
      |   ^^^^^^^^
      |
     ::: b.yang:2:3
      |
    2 |   import c { prefix c; }
      |   -------- imported here
      |
     ::: c.yang:2:3
      |
    2 |   import a { prefix a; }
      |   -------- imported here
      |
      = note: see RFC 7950 5.1
      = help: move what they share to a module that both import
    ");
}

#[test]
fn only_one_revision_can_be_implemented() {
    let texts = source(&[
        "module t { namespace urn:t; prefix t; revision 2020-01-01; }",
        "module t { namespace urn:t; prefix t; revision 2021-01-01; }",
    ]);
    let error = Compiler::new(&texts)
        .implement("t", Some("2020-01-01"))
        .implement("t", Some("2021-01-01"))
        .compile()
        .unwrap_err();
    assert_eq!(error.diagnostics[0].code, "two-revisions-implemented");
    let both = Compiler::new(&texts)
        .import_only("t", Some("2021-01-01"))
        .implement("t", Some("2020-01-01"))
        .compile()
        .unwrap();
    let implemented = both.schema.module(both.schema.module_by_name("t").unwrap());
    assert_eq!(implemented.revision.as_deref(), Some("2020-01-01"));
}

#[test]
fn namespaces_are_unique() {
    assert_eq!(
        codes_of(&[
            "module m { namespace urn:m; prefix m; import b { prefix b; } }",
            "module b { namespace urn:m; prefix b; }"
        ]),
        ["duplicate-namespace"]
    );
}

#[test]
fn a_text_under_a_wrong_name_is_refused() {
    let mut texts = MemorySource::new();
    let text = ModuleText {
        origin: "a.yang".into(),
        text: "module b { namespace urn:b; prefix b; }".into(),
    };
    texts.insert("a", "", text);
    let error = Compiler::new(&texts)
        .implement("a", None)
        .compile()
        .unwrap_err();
    assert_eq!(error.diagnostics[0].code, "wrong-module");
}

#[test]
fn every_error_is_reported_in_one_run() {
    let error = compile(&[&module(
        "leaf a { type none; } container b { leaf c { type int8 { range 1..1000; } } } list d; uses e; leaf f { type leafref { path ../g; } } augment /m:h { leaf i { type string; } }",
    )])
    .unwrap_err();
    let codes: Vec<_> = error.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(
        codes,
        [
            "unknown-name",
            "invalid-range",
            "missing-key",
            "unknown-name",
            "leafref-target",
            "unknown-node"
        ]
    );
}

#[test]
fn the_text_of_a_module_is_kept() {
    let text = module("leaf a { type string; }");
    assert_eq!(&*schema(&[&text]).module(ModuleId(0)).text, text);
}

// Rule 64.
#[test]
fn the_digest_tells_sets_apart_but_not_orders() {
    let texts = source(&[
        "module a { namespace urn:a; prefix a; feature f; }",
        "module b { namespace urn:b; prefix b; }",
        "module c { namespace urn:c; prefix c; import a { prefix a; } }",
    ]);
    let digest = |compiler: Compiler<'_>| *compiler.compile().unwrap().schema.digest();
    let new = || Compiler::new(&texts);
    let ab = digest(new().implement("a", None).implement("b", None));
    assert_eq!(ab, digest(new().implement("b", None).implement("a", None)));
    assert_ne!(ab, digest(new().implement("a", None)));
    assert_ne!(
        ab,
        digest(
            new()
                .implement("a", None)
                .implement("b", None)
                .features("a", Features::none())
        )
    );
    assert_ne!(
        ab,
        digest(new().import_only("a", None).implement("b", None))
    );
}
