//! Statements at the wrong place, too often, too rarely, or with the wrong argument.

use super::{module, module_1, told, told_of};

#[test]
fn a_text_holds_a_module() {
    insta::assert_snapshot!(told_of("no-module", "// nothing\n", &[]), @r"
    error[no-module]: this text holds no module
     --> m.yang:1:1
      |
    1 | // nothing
      | ^
      |
      = note: see RFC 7950 5.1
      = help: a YANG text is one `module name { ... }` or `submodule name { ... }`
    ");
}

#[test]
fn a_text_holds_one_module() {
    insta::assert_snapshot!(told_of("second-module", &(module("") + "leaf a { type string; }"), &[]), @r"
    error[second-module]: `leaf a` stands outside of the module
     --> m.yang:7:1
      |
    7 | leaf a { type string; }
      | ^^^^^^
      |
      = note: see RFC 7950 5.1
      = help: keep one module or submodule in a text; check for a `}` too many above
    ");
}

#[test]
fn a_statement_stands_where_it_can() {
    insta::assert_snapshot!(told("misplaced-statement", "  leaf a { type string; key b; }"), @r"
    error[misplaced-statement]: `key` cannot stand in `leaf a`
     --> m.yang:5:25
      |
    5 |   leaf a { type string; key b; }
      |   ------                ^^^^^
      |   |
      |   inside this statement
      |
      = note: see RFC 7950 14
      = help: it can stand in `list`
    ");
}

#[test]
fn version_1_lacks_statements_of_version_1_1() {
    insta::assert_snapshot!(told_of("needs-yang-1.1", &module_1("  container c { action a; }"), &[]), @r"
    error[needs-yang-1.1]: `action` in `container` needs YANG 1.1, and this module is of version 1
     --> m.yang:4:17
      |
    4 |   container c { action a; }
      |                 ^^^^^^^^
      |
      = note: see RFC 7950 1.1
      = help: add `yang-version 1.1;` to the module
    ");
}

#[test]
fn a_statement_stands_once() {
    insta::assert_snapshot!(told("repeated-statement", "  leaf a { type string; type int8; }"), @r"
    error[repeated-statement]: `leaf a` has more than one `type`
     --> m.yang:5:25
      |
    5 |   leaf a { type string; type int8; }
      |            -----------  ^^^^^^^^^
      |            |
      |            the first one
      |
      = note: see RFC 7950 14
      = help: keep one `type`
    ");
}

#[test]
fn a_statement_is_there() {
    insta::assert_snapshot!(told("missing-statement", "  leaf a;"), @r"
    error[missing-statement]: `leaf a` has no `type`
     --> m.yang:5:3
      |
    5 |   leaf a;
      |   ^^^^^^
      |
      = note: see RFC 7950 14
      = help: add a `type` statement
    ");
}

#[test]
fn an_input_has_data() {
    insta::assert_snapshot!(told("missing-data-definition", "  rpc r { input; }"), @r"
    error[missing-data-definition]: `input` defines no data
     --> m.yang:5:11
      |
    5 |   rpc r { input; }
      |           ^^^^^
      |
      = note: see RFC 7950 14
      = help: leave `input` out: an operation has one all the same
    ");
}

#[test]
fn an_argument_is_there() {
    insta::assert_snapshot!(told("missing-argument", "  leaf { type string; }"), @r"
    error[missing-argument]: `leaf` needs an argument
     --> m.yang:5:3
      |
    5 |   leaf { type string; }
      |   ^^^^
      |
      = note: see RFC 7950 14
      = help: after `leaf` write an identifier: a letter or `_`, then letters, digits, `_`, `-`, `.`
    ");
}

#[test]
fn an_argument_is_not_there() {
    insta::assert_snapshot!(told("unexpected-argument", "  rpc r { input in { leaf a { type string; } } }"), @r"
    error[unexpected-argument]: `input` takes no argument
     --> m.yang:5:17
      |
    5 |   rpc r { input in { leaf a { type string; } } }
      |                 ^^
      |
      = note: see RFC 7950 14
      = help: remove the argument
    ");
}

#[test]
fn an_argument_is_of_its_form() {
    insta::assert_snapshot!(told("invalid-argument", "  leaf a { type string; mandatory tru; }"), @r"
    error[invalid-argument]: `tru` is not a valid argument of `mandatory`
     --> m.yang:5:35
      |
    5 |   leaf a { type string; mandatory tru; }
      |                                   ^^^
      |
      = note: see RFC 7950 14
      = help: write `true` or `false`
    ");
}

#[test]
fn sections_are_in_order() {
    insta::assert_snapshot!(told("statement-order", "  leaf a { type string; }
  revision 2024-01-01;"), @r"
    error[statement-order]: `revision 2024-01-01` stands too late in the module
     --> m.yang:6:3
      |
    6 |   revision 2024-01-01;
      |   ^^^^^^^^^^^^^^^^^^^
      |
     ::: m.yang:5:3
      |
    5 |   leaf a { type string; }
      |   ------ must stand after it
      |
      = note: see RFC 7950 7.1.1
      = help: move it before the definitions
    ");
}
