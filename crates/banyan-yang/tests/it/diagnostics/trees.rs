//! What is said when a tree diagram is drawn: less than the compiler says, in the same words.

use banyan_yang::tree::{TreeModules, TreeOptions};

use super::{incomplete, module, source};

/// What is said when a module with this body is drawn.
fn drawn(body: &str) -> String {
    let source = source(&module(body), &[]);
    let modules = TreeModules::read(&source, &[("m", None)]);
    let found = modules.draw(&TreeOptions::default()).diagnostics;
    let all: Vec<_> = found
        .iter()
        .map(|found| found.render(modules.sources()))
        .collect();
    let all = all.join("\n\n");
    assert_eq!(incomplete(&found), Vec::<&str>::new(), "{all}");
    all
}

#[test]
fn a_grouping_that_uses_itself_is_not_drawn() {
    insta::assert_snapshot!(drawn("  grouping g { container c { uses g; } }\n  uses g;"), @r"
    error[circular-uses]: `grouping g` uses itself
     --> m.yang:5:12
      |
    5 |   grouping g { container c { uses g; } }
      |            ^
      |
      = note: see RFC 7950 7.12
      = help: remove one of the `uses` that lead back to it
    ");
}

#[test]
fn a_grouping_that_is_not_there_is_not_drawn() {
    insta::assert_snapshot!(drawn("  uses absent;"), @r"
    error[unknown-name]: there is no grouping `absent` in module m
     --> m.yang:5:8
      |
    5 |   uses absent;
      |        ^^^^^^
      |
      = note: see RFC 7950 7.13
      = help: define the grouping, or import the module that does
    ");
}

#[test]
fn a_prefix_of_no_module_is_not_followed() {
    insta::assert_snapshot!(drawn("  uses x:g;"), @r"
    error[unknown-prefix]: the prefix `x` is not defined in this text
     --> m.yang:5:8
      |
    5 |   uses x:g;
      |        ^^^
      |
      = note: see RFC 7950 7.1.4
      = help: import the module and give it this prefix
    ");
}

#[test]
fn a_path_of_an_augment_that_leads_nowhere_is_not_drawn() {
    insta::assert_snapshot!(drawn("  augment /m:absent { leaf a { type string; } }"), @r"
    error[unknown-node]: there is no node `m:absent` on the path `/m:absent`
     --> m.yang:5:11
      |
    5 |   augment /m:absent { leaf a { type string; } }
      |           ^^^^^^^^^
      |
      = note: see RFC 7950 6.5
      = help: correct the path: each step is a node with the prefix of its module; choices and cases are steps too
    ");
}

#[test]
fn a_leaf_is_not_drawn_with_children() {
    insta::assert_snapshot!(drawn("  leaf b { type string; }\n  augment /m:b { leaf a { type string; } }"), @r"
    error[augment-target]: a leaf cannot be augmented
     --> m.yang:6:11
      |
    6 |   augment /m:b { leaf a { type string; } }
      |           ^^^^
      |
      = note: see RFC 7950 7.17
      = help: name a container, list, choice, case, input, output or notification
    ");
}

#[test]
fn a_name_is_drawn_once() {
    insta::assert_snapshot!(drawn("  container c { leaf a { type string; } }\n  augment /m:c { leaf a { type int8; } }"), @r"
    error[duplicate-node]: there is a node `a` already
     --> m.yang:6:11
      |
    6 |   augment /m:c { leaf a { type int8; } }
      |           ^^^^
      |
      = note: see RFC 7950 6.2.1
      = help: rename one of them
    ");
}
