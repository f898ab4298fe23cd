//! What modules, submodules and their revisions are to each other.

use banyan_yang::compile::{Compiler, Features};

use super::{Unreadable, module, module_1, source, told, told_by, told_of};

#[test]
fn an_import_is_found() {
    insta::assert_snapshot!(told("module-not-found", "  import absent { prefix a; }"), @r"
    error[module-not-found]: module absent is needed, but it was not found
     --> m.yang:5:3
      |
    5 |   import absent { prefix a; }
      |   ^^^^^^^^^^^^^
      |
      = note: see RFC 7950 7.1.5
      = help: add absent.yang to the places where modules are looked for
    ");
}

#[test]
fn a_module_can_be_read() {
    insta::assert_snapshot!(told_by("module-unreadable", Compiler::new(&Unreadable).implement("m", None)), @r"
    error[module-unreadable]: module m is needed, but it cannot be read: permission denied
     |
     = note: see RFC 7950 5.2
     = help: check that the file can be read, and that it is UTF-8
    ");
}

#[test]
fn a_revision_is_found() {
    insta::assert_snapshot!(told_of("revision-not-found", &module("  import other { prefix o; revision-date 2023-01-01; }"), &["module other { namespace urn:o; prefix o; revision 2024-01-01; }"]), @r"
    error[revision-not-found]: module other@2023-01-01 was not found; the revision that is there is 2024-01-01
     --> m.yang:5:3
      |
    5 |   import other { prefix o; revision-date 2023-01-01; }
      |   ^^^^^^^^^^^^
      |
     ::: other.yang:1:1
      |
    1 | module other { namespace urn:o; prefix o; revision 2024-01-01; }
      | ------------ used instead
      |
      = note: see RFC 7950 5.1.1
      = help: provide the revision, or ask for the one that is there
    ");
}

#[test]
fn a_text_is_what_was_looked_for() {
    insta::assert_snapshot!(told_of("wrong-module", "module n { namespace urn:n; prefix n; }", &[]), @r"
    error[wrong-module]: this is module n, where module m was looked for
     --> m.yang:1:1
      |
    1 | module n { namespace urn:n; prefix n; }
      | ^^^^^^^^
      |
      = note: see RFC 7950 5.2
      = help: the file's name must be that of the module in it
    ");
}

#[test]
fn a_module_does_not_import_itself() {
    insta::assert_snapshot!(told("circular-import", "  import m { prefix me; }"), @r"
    error[circular-import]: module m imports itself
     --> m.yang:5:3
      |
    5 |   import m { prefix me; }
      |   ^^^^^^^^
      |
      = note: see RFC 7950 7.1.5
      = help: remove the import: a module sees all that it defines
    ");
}

#[test]
fn submodules_of_version_1_do_not_include_each_other() {
    insta::assert_snapshot!(told_of("circular-include", &module_1("  include a;"), &["submodule a { belongs-to m { prefix m; } include b; }", "submodule b { belongs-to m { prefix m; } include a; }"]), @r"
    error[circular-include]: submodules include each other: a -> b -> a
     --> a.yang:1:42
      |
    1 | submodule a { belongs-to m { prefix m; } include b; }
      |                                          ^^^^^^^^^
      |
     ::: b.yang:1:42
      |
    1 | submodule b { belongs-to m { prefix m; } include a; }
      |                                          --------- included here
      |
      = note: see RFC 6020 5.1
      = help: YANG 1.1 allows it, and needs no `include` in submodules at all
    ");
}

#[test]
fn a_prefix_means_one_module() {
    insta::assert_snapshot!(told_of("duplicate-prefix", &module("  import other { prefix m; }"), &["module other { namespace urn:o; prefix o; revision 2024-01-01; }"]), @r"
    error[duplicate-prefix]: the prefix `m` is used twice
     --> m.yang:5:18
      |
    5 |   import other { prefix m; }
      |                  ^^^^^^^^
      |
     ::: m.yang:4:3
      |
    4 |   prefix m;
      |   -------- first used here
      |
      = note: see RFC 7950 7.1.4
      = help: give each import a prefix of its own
    ");
}

#[test]
fn a_namespace_is_of_one_module() {
    insta::assert_snapshot!(told_of("duplicate-namespace", &module("  import other { prefix o; }"), &["module other { namespace urn:m; prefix o; }"]), @r"
    error[duplicate-namespace]: modules m and other have the same namespace
     --> other.yang:1:16
      |
    1 | module other { namespace urn:m; prefix o; }
      |                ^^^^^^^^^^^^^^^
      |
     ::: m.yang:3:3
      |
    3 |   namespace urn:m;
      |   --------------- the other one
      |
      = note: see RFC 7950 7.1.3
      = help: give each module a namespace of its own
    ");
}

#[test]
fn a_module_and_its_submodules_are_of_one_version() {
    insta::assert_snapshot!(told_of("version-mismatch", &module("  include a;"), &["submodule a { belongs-to m { prefix m; } }"]), @r"
    error[version-mismatch]: submodule a is of YANG version 1, but module m is of version 1.1
     --> a.yang:1:1
      |
    1 | submodule a { belongs-to m { prefix m; } }
      | ^^^^^^^^^^^
      |
     ::: m.yang:2:3
      |
    2 |   yang-version 1.1;
      |   ---------------- the module
      |
      = note: see RFC 7950 12
      = help: state `yang-version 1.1;` in both
    ");
}

#[test]
fn version_1_imports_one_revision() {
    insta::assert_snapshot!(told_of("two-revisions-imported", &module_1("  import other { prefix a; revision-date 2024-01-01; }\n  import other { prefix b; revision-date 2023-01-01; }"), &["module other { namespace urn:o; prefix o; revision 2024-01-01; }", "module other { namespace urn:o; prefix o; revision 2023-01-01; }"]), @r"
    error[two-revisions-imported]: module other is imported in two revisions, which needs YANG 1.1
     --> m.yang:5:3
      |
    5 |   import other { prefix b; revision-date 2023-01-01; }
      |   ^^^^^^^^^^^^
      |
     ::: m.yang:4:3
      |
    4 |   import other { prefix a; revision-date 2024-01-01; }
      |   ------------ imported here first
      |
      = note: see RFC 6020 7.1.5
      = help: add `yang-version 1.1;` to the module, or import one revision
    ");
}

#[test]
fn one_revision_of_a_submodule_is_included() {
    insta::assert_snapshot!(told_of("two-revisions-included", &module("  include a { revision-date 2024-01-01; }\n  include b;"), &["submodule a { yang-version 1.1; belongs-to m { prefix m; } revision 2024-01-01; }", "submodule b {
  yang-version 1.1;
  belongs-to m { prefix m; }
  include a { revision-date 2023-01-01; }
}"]), @r"
    error[two-revisions-included]: submodule a is included in two revisions, 2024-01-01 and 2023-01-01
     --> b.yang:4:3
      |
    4 |   include a { revision-date 2023-01-01; }
      |   ^^^^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   include a { revision-date 2024-01-01; }
      |   --------- included here first
      |
      = note: see RFC 7950 7.1.6
      = help: include one revision everywhere
    ");
}

#[test]
fn one_revision_is_implemented() {
    let source = source(
        "",
        &[
            "module other { namespace urn:o; prefix o; revision 2024-01-01; }",
            "module other { namespace urn:o; prefix o; revision 2023-01-01; }",
        ],
    );
    insta::assert_snapshot!(told_by(
            "two-revisions-implemented",
            Compiler::new(&source).implement("other", Some("2024-01-01")).implement("other", Some("2023-01-01")),
        ), @r"
    error[two-revisions-implemented]: module other cannot be implemented in two revisions, 2024-01-01 and 2023-01-01
     |
     = note: see RFC 7950 5.6.5
     = help: implement one of them and ask for the other as import-only
    ");
}

#[test]
fn version_1_sees_what_it_includes() {
    insta::assert_snapshot!(told_of("not-included", &module_1("  include a;\n  include b;"), &["submodule a {
  belongs-to m { prefix m; }
  leaf x { type t; }
}", "submodule b {
  belongs-to m { prefix m; }
  typedef t { type string; }
}"]), @r"
    error[not-included]: `typedef t` is defined in submodule b, which submodule a does not include
     --> a.yang:3:17
      |
    3 |   leaf x { type t; }
      |                 ^
      |
     ::: b.yang:3:3
      |
    3 |   typedef t { type string; }
      |   --------- defined here
      |
      = note: see RFC 6020 5.1
      = help: add `include b;`, or `yang-version 1.1;` to the module and its submodules
    ");
}

#[test]
fn a_feature_that_is_asked_for_exists() {
    let source = source(&module("  feature fast;"), &[]);
    insta::assert_snapshot!(told_by(
            "unknown-feature",
            Compiler::new(&source).implement("m", None).features("m", Features::Only(["fats".to_owned()].into())),
        ), @r"
    warning[unknown-feature]: module m has no feature `fats`
     |
     = note: see RFC 7950 7.20.1
     = help: did you mean `fast`?
    ");
}

#[test]
fn what_depends_on_an_error_is_left_out() {
    insta::assert_snapshot!(told("left-out", "  typedef t;
  leaf a { type t; }"), @r"
    error[missing-statement]: `typedef t` has no `type`
     --> m.yang:5:3
      |
    5 |   typedef t;
      |   ^^^^^^^^^
      |
      = note: see RFC 7950 14
      = help: add a `type` statement

    warning[left-out]: `type t` is left out, because `typedef t` has errors
     --> m.yang:6:12
      |
    6 |   leaf a { type t; }
      |            ^^^^^^
      |
      = help: mend those errors, which are reported at their places, and it is back
    ");
}
