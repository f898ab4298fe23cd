//! Operations of edit-config and of YANG Patch (RFC 6241 7.2, RFC 7950 7.5.8 to 7.8.6, RFC 8072).

use banyan_data::Tree;
use banyan_data::document::ParseOptions;
use banyan_data::edit::Operation;
use banyan_data::patch::from_yang_patch;
use banyan_data::xml::parse_edit;

use crate::fixture::{committed, data, edited, edited_by, schema_of, shown, to_json, to_xml};

const MODEL: &str = "
    container c {
      leaf a { type string; }
      leaf b { type string; }
      list l { key k; ordered-by user; leaf k { type string; } leaf v { type string; } leaf w { type string; } }
      container p { presence 'it matters'; leaf x { type string; } }
    }";

fn before() -> Tree {
    data(
        &schema_of(MODEL),
        "<c><a>1</a><l><k>1</k><v>1</v><w>1</w></l><l><k>2</k><v>2</v></l></c>",
    )
}

// Rule 58.
#[test]
fn create_refuses_what_exists_and_delete_what_does_not() {
    let before = before();
    let with = |operation: &str, node: &str| {
        let node = node.replacen('>', &format!(" nc:operation='{operation}'>"), 1);
        edited(&before, &format!("<c>{node}</c>"))
    };
    assert!(with("create", "<b>1</b>").is_ok());
    assert_eq!(
        with("create", "<a>1</a>").unwrap_err(),
        ["DataExists /t:c/a -"]
    );
    assert!(with("create", "<l><k>3</k></l>").is_ok());
    assert_eq!(
        with("create", "<l><k>2</k></l>").unwrap_err(),
        ["DataExists /t:c/l[k='2'] -"]
    );
    assert!(with("delete", "<a></a>").is_ok());
    assert_eq!(
        with("delete", "<b></b>").unwrap_err(),
        ["DataMissing /t:c/b -"]
    );
    assert_eq!(
        with("delete", "<l><k>3</k></l>").unwrap_err(),
        ["DataMissing /t:c/l[k='3'] -"]
    );
    assert_eq!(
        with("delete", "<p></p>").unwrap_err(),
        ["DataMissing /t:c/p -"]
    );
    // remove is content with absence.
    assert_eq!(with("remove", "<b></b>").unwrap(), before);
    assert_eq!(with("remove", "<l><k>3</k></l>").unwrap(), before);
}

// Rule 58.
#[test]
fn operations_nest_and_those_inside_win() {
    let before = before();
    let after = edited(
        &before,
        "<c nc:operation='replace'><a>2</a><l nc:operation='create'><k>9</k><v nc:operation='merge'>9</v></l></c>",
    )
    .unwrap();
    assert_eq!(
        to_json(&after),
        "{\"t:c\":{\"a\":\"2\",\"l\":[{\"k\":\"9\",\"v\":\"9\"}]}}"
    );
    let after = edited(
        &before,
        "<c><l><k>1</k><v nc:operation='delete'/></l><l nc:operation='remove'><k>2</k></l></c>",
    )
    .unwrap();
    assert_eq!(
        to_json(&after),
        "{\"t:c\":{\"a\":\"1\",\"l\":[{\"k\":\"1\",\"w\":\"1\"}]}}"
    );
    // Inside of a replaced entry nothing is left that could be deleted.
    assert_eq!(
        edited(
            &before,
            "<c><l nc:operation='replace'><k>1</k><v nc:operation='delete'/></l></c>"
        )
        .unwrap_err(),
        ["DataMissing /t:c/l[k='1']/v -"]
    );
}

// Rule 58.
#[test]
fn the_default_operation_holds_where_no_other_is_given() {
    let before = before();
    let xml = "<c><b>1</b></c>";
    let merged = edited_by(&before, Operation::Merge, xml).unwrap();
    assert!(to_json(&merged).contains("\"b\":\"1\"") && to_json(&merged).contains("\"a\":\"1\""));
    let replaced = edited_by(&before, Operation::Replace, xml).unwrap();
    assert_eq!(to_json(&replaced), "{\"t:c\":{\"b\":\"1\"}}");
    // none: nothing is made, what is walked through has to be there, and an operation inside counts.
    assert_eq!(
        edited_by(&before, Operation::None, xml).unwrap_err(),
        ["DataMissing /t:c/b -"]
    );
    assert_eq!(
        edited_by(&before, Operation::None, "<c><a>5</a></c>").unwrap(),
        before
    );
    let inside = "<c><l><k>2</k><v nc:operation='replace'>5</v></l></c>";
    let after = edited_by(&before, Operation::None, inside).unwrap();
    assert!(to_json(&after).contains("{\"k\":\"2\",\"v\":\"5\"}"));
    assert_eq!(
        edited_by(
            &before,
            Operation::None,
            "<c><l><k>7</k><v nc:operation='replace'>5</v></l></c>"
        )
        .unwrap_err(),
        ["DataMissing /t:c/l[k='7'] -"]
    );
}

// Rule 58.
#[test]
fn a_replaced_entry_keeps_its_place() {
    let before = before();
    let after = edited(
        &before,
        "<c><l nc:operation='replace'><k>1</k><v>5</v></l></c>",
    )
    .unwrap();
    assert_eq!(
        to_json(&after),
        "{\"t:c\":{\"a\":\"1\",\"l\":[{\"k\":\"1\",\"v\":\"5\"},{\"k\":\"2\",\"v\":\"2\"}]}}"
    );
    let moved = edited(
        &before,
        "<c><l nc:operation='replace' yang:insert='last'><k>1</k><v>5</v></l></c>",
    )
    .unwrap();
    assert!(to_json(&moved).ends_with("{\"k\":\"1\",\"v\":\"5\"}]}}"));
}

// Rule 58.
#[test]
fn an_unknown_operation_is_refused() {
    assert_eq!(
        edited(&before(), "<c><a nc:operation='purge'>1</a></c>").unwrap_err(),
        ["BadAttribute /t:c/a -"]
    );
    assert!(edited(&before(), "<c><a nc:operation='merge'>1</a></c>").is_ok());
}

// Rule 59.
#[test]
fn one_node_cannot_be_edited_twice_in_one_request() {
    let before = before();
    assert_eq!(
        edited(&before, "<c><a>2</a><a nc:operation='delete'/></c>").unwrap_err(),
        ["Duplicate /t:c/a -"]
    );
    for [first, second] in [["delete", "create"], ["create", "delete"]] {
        let twice = format!(
            "<c><l nc:operation='{first}'><k>1</k></l><l nc:operation='{second}'><k>1</k></l></c>"
        );
        assert_eq!(edited(&before, &twice).unwrap_err(), ["Duplicate /t:c/l -"]);
    }
    // It can be replaced, and edits of a YANG Patch come one after the other.
    let replaced = "<c><l nc:operation='replace'><k>1</k><v>7</v></l></c>";
    assert!(edited(&before, replaced).is_ok());
    let patch = "{\"ietf-yang-patch:yang-patch\":{\"patch-id\":\"1\",\"edit\":[\
                 {\"edit-id\":\"1\",\"operation\":\"delete\",\"target\":\"/t:c/l=1\"},\
                 {\"edit-id\":\"2\",\"operation\":\"create\",\"target\":\"/t:c/l=1\",\"value\":{\"t:l\":[{\"k\":\"1\",\"v\":\"7\"}]}}]}}";
    let edit = from_yang_patch(before.schema(), patch, &before).unwrap();
    let after = edit.apply(&before).unwrap();
    assert!(to_json(&after).ends_with("{\"k\":\"1\",\"v\":\"7\"}]}}"));
}

// Rule 59.
#[test]
fn a_target_and_what_refers_to_it_can_go_together() {
    let schema = schema_of(
        "list l { key k; leaf k { type string; } } leaf r { type leafref { path '/l/k'; } }",
    );
    let before = data(&schema, "<l><k>1</k></l><r>1</r>");
    let target = "<l nc:operation='delete'><k>1</k></l>";
    let after = committed(&before, &format!("{target}<r nc:operation='delete'/>")).unwrap();
    assert_eq!(to_xml(&after), "");
    assert_eq!(
        committed(&before, target).unwrap_err(),
        ["InstanceRequired /t:r instance-required"]
    );
    // Both can come together, too, in whatever order they stand.
    let empty = data(&schema, "");
    assert!(committed(&empty, "<r>1</r><l><k>1</k></l>").is_ok());
}

// Rule 59.
#[test]
fn the_edits_of_a_yang_patch_apply_one_after_the_other() {
    let before = before();
    let patched = |edits: &str| {
        let text =
            format!("{{\"ietf-yang-patch:yang-patch\":{{\"patch-id\":\"p\",\"edit\":[{edits}]}}}}");
        let edit = from_yang_patch(before.schema(), &text, &before).map_err(|e| e.to_string())?;
        edit.apply(&before).map_err(|e| e.to_string())
    };
    let delete = "{\"edit-id\":\"1\",\"operation\":\"delete\",\"target\":\"/t:c/l=1\"}";
    let create = "{\"edit-id\":\"2\",\"operation\":\"create\",\"target\":\"/t:c/l=1\",\"value\":{\"t:l\":[{\"k\":\"1\",\"v\":\"new\"}]}}";
    let after = patched(&format!("{delete},{create}")).unwrap();
    assert!(to_json(&after).ends_with("{\"k\":\"1\",\"v\":\"new\"}]}}"));
    assert!(
        patched(&format!("{create},{delete}"))
            .unwrap_err()
            .contains("exists already")
    );
}

// RFC 6241 7.2, RFC 7950 7.8.2: nodes of one request have no order that could say which of two is meant.
#[test]
fn an_edit_names_each_instance_once() {
    let schema = schema_of(
        "list e { key n; leaf n { type string; } leaf v { type string; } }
         list two { key 'a b'; leaf a { type uint8; } leaf b { type uint8; } }
         list ord { key k; ordered-by user; leaf k { type string; } leaf v { type string; } }
         leaf-list tags { type string; } leaf l { type string; } container c { leaf-list n { type uint8; } }",
    );
    let tree = data(&schema, "<e><n>q</n></e><tags>a</tags>");
    for (edit, path) in [
        ("<e><n>q</n><n>r</n></e>", "/t:e[n='q']/n"),
        ("<e><n>q</n><n>q</n></e>", "/t:e[n='q']/n"),
        (
            "<ord><k>x</k><v>1</v></ord><ord><k>y</k></ord><ord><k>x</k><v>2</v></ord>",
            "/t:ord",
        ),
        (
            "<two><b>2</b><a>01</a></two><tags>z</tags><two><a>1</a><b>2</b></two>",
            "/t:two",
        ),
        ("<tags>a</tags><l>x</l><tags>a</tags>", "/t:tags"),
        ("<c><n>1</n><n>01</n></c>", "/t:c/n"),
        ("<l>a</l><l>a</l>", "/t:l"),
        ("<e><n>q</n><v>1</v><v>2</v></e>", "/t:e[n='q']/v"),
        // Not even a deletion beside a creation.
        (
            "<e nc:operation='delete'><n>q</n></e><e nc:operation='create'><n>q</n></e>",
            "/t:e",
        ),
        (
            "<tags nc:operation='delete'>a</tags><tags>a</tags>",
            "/t:tags",
        ),
    ] {
        assert_eq!(
            edited(&tree, edit).unwrap_err(),
            [format!("Duplicate {path} -")],
            "{edit}"
        );
    }
    for edit in [
        "<e><n>q</n></e><e><n>r</n></e><e nc:operation='remove'><n>s</n></e>",
        "<two><a>1</a><b>2</b></two><two><a>2</a><b>1</b></two><tags>b</tags><tags>a</tags>",
        // All that was there goes first.
        "<e nc:operation='delete'/><e><n>q</n></e>",
    ] {
        assert!(edited(&tree, edit).is_ok(), "{edit}");
    }
    let text = b"<e xmlns='urn:t'><n>q</n></e>\n<e xmlns='urn:t'><n>r</n></e>\n  <e xmlns='urn:t'><n>q</n></e>";
    let options = ParseOptions::default();
    let errors = parse_edit(&schema, text, Operation::Merge, &options).unwrap_err();
    assert_eq!(
        errors[0].position.map(|at| (at.line, at.column)),
        Some((3, 3))
    );
    assert_eq!(errors[0].message, "the entry with n=\"q\" is given twice");
    for (json, path) in [
        ("{\"t:e\":[{\"n\":\"q\",\"n\":\"r\"}]}", "/t:e[n='q']/n"),
        ("{\"t:e\":[{\"n\":\"q\"},{\"n\":\"q\"}]}", "/t:e"),
        ("{\"t:tags\":[\"a\",\"a\"]}", "/t:tags"),
        ("{\"t:tags\":[\"a\"],\"t:tags\":[\"b\"]}", "/t:tags"),
        ("{\"t:tags\":[],\"t:tags\":[\"b\"]}", "/t:tags"),
        ("{\"t:l\":\"a\",\"t:l\":\"a\"}", "/t:l"),
    ] {
        let errors =
            banyan_data::json::parse_edit(&schema, json.as_bytes(), Operation::Merge, &options);
        let errors = errors.unwrap_err();
        assert_eq!(shown(&errors), [format!("Duplicate {path} -")], "{json}");
        assert!(errors[0].position.is_some(), "{json}");
    }
}
