//! The client commands, as a person types them.

use super::program::Daemon;

const SHOP: &str = r#"module shop {
  yang-version 1.1;
  namespace "urn:shop";
  prefix s;
  container shop {
    list item {
      key "name";
      leaf name { type string; }
      leaf price { type uint32 { range "1..1000"; } mandatory true; }
      leaf-list tag { type string; }
    }
    leaf open { type boolean; default "true"; }
  }
  rpc add {
    input { leaf a { type int32; mandatory true; } leaf b { type int32; default "1"; } }
    output { leaf sum { type int32; } }
  }
}"#;

fn shop() -> Daemon {
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], "");
    daemon.start();
    daemon
}

#[test]
fn what_is_set_is_in_running_after_the_commit() {
    let daemon = shop();
    daemon.ok(&["set", "/shop:shop/item[name='tea']/price", "7"]);
    assert!(!daemon.ok(&["get", "/shop:shop"]).contains("tea"));
    let diff = daemon.ok(&["diff"]);
    assert!(diff.contains('+') && diff.contains("tea"), "{diff}");
    daemon.ok(&["commit", "--comment", "first tea"]);
    assert!(daemon.ok(&["get", "/shop:shop"]).contains("tea"));
    assert_eq!(daemon.ok(&["diff"]).trim(), "");
    let history = daemon.ok(&["history"]);
    assert!(history.contains("first tea"), "{history}");
}

#[test]
fn every_spelling_of_a_path_names_the_same_node() {
    let daemon = shop();
    daemon.ok(&["set", "/shop/item{tea}/price", "7"]);
    daemon.ok(&["set", "/shop:shop/item[name='coffee']/price", "9"]);
    daemon.ok(&["commit"]);
    let json = daemon.ok(&["get", "/shop:shop/item{coffee}", "--format", "json"]);
    assert!(
        json.contains("\"price\": 9") || json.contains("\"price\":9"),
        "{json}"
    );
    let xml = daemon.ok(&["get", "/shop/item{tea}", "--format", "xml"]);
    assert!(
        xml.contains("<price>7</price>") && !xml.contains("coffee"),
        "{xml}"
    );
}

#[test]
fn a_wrong_value_or_name_is_refused_with_the_place_and_a_suggestion() {
    let daemon = shop();
    let said = daemon.refused(&["set", "/shop/item{tea}/price", "0"]);
    assert!(said.contains("price") && said.contains("1..1000"), "{said}");
    let said = daemon.refused(&["set", "/shop/item{tea}/prize", "5"]);
    assert!(said.contains("price"), "{said}");
    daemon.ok(&["set", "/shop/item{tea}"]);
    let said = daemon.refused(&["commit"]);
    assert!(said.contains("price") && said.contains("tea"), "{said}");
    daemon.ok(&["discard"]);
    assert_eq!(daemon.ok(&["diff"]).trim(), "");
}

#[test]
fn a_must_that_fails_shows_the_expression_the_values_and_the_line_of_yang() {
    let model = SHOP.replace(
        "leaf open {",
        "leaf sold { type uint32; must \". <= ../stock\"; }\n    leaf stock { type uint32; }\n    leaf open {",
    );
    let mut daemon = Daemon::new(&[("shop", &model)], &["shop"], "");
    daemon.start();
    daemon.ok(&["set", "/shop/sold", "5"]);
    daemon.ok(&["set", "/shop/stock", "3"]);
    let said = daemon.refused(&["commit"]);
    for wanted in [
        "/shop:shop/shop:sold",
        "must: . <= ../stock",
        "../stock = 3",
        "shop.yang:12:",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}

#[test]
fn a_rollback_makes_the_old_state_the_candidate() {
    let daemon = shop();
    for price in ["1", "2", "3"] {
        daemon.ok(&["set", "/shop/item{tea}/price", price]);
        daemon.ok(&["commit"]);
    }
    daemon.ok(&["rollback", "2"]);
    let diff = daemon.ok(&["diff"]);
    assert!(diff.contains('1') && diff.contains('3'), "{diff}");
    daemon.ok(&["commit"]);
    assert!(daemon.ok(&["get", "/shop/item{tea}/price"]).contains('1'));
}

#[test]
fn a_confirmed_commit_is_taken_back_unless_it_is_confirmed_by_the_name_that_was_printed() {
    let daemon = shop();
    daemon.ok(&["set", "/shop/item{tea}/price", "1"]);
    let said = daemon.ok(&["commit", "--confirmed", "60"]);
    let name = said.trim().rsplit(' ').next().expect("a name");
    assert!(daemon.ok(&["get", "/shop"]).contains("tea"));
    daemon.ok(&["commit", "--persist-id", name]);
    daemon.ok(&["set", "/shop/item{milk}/price", "1"]);
    daemon.ok(&["commit", "--confirmed", "1"]);
    daemon.wait_for(&["get", "/shop"], |shown| !shown.contains("milk"));
    assert!(daemon.ok(&["get", "/shop"]).contains("tea"));
}

#[test]
fn an_edit_document_is_read_from_a_file() {
    let daemon = shop();
    let file = daemon.path().join("edit.json");
    std::fs::write(
        &file,
        r#"{"shop:shop": {"item": [{"name": "milk", "price": 2, "tag": ["a", "b"]}]}}"#,
    )
    .expect("a file");
    daemon.ok(&["edit", file.to_str().expect("a path")]);
    daemon.ok(&["commit"]);
    assert!(daemon.ok(&["get", "/shop/item{milk}"]).contains("milk"));
    daemon.ok(&["delete", "/shop/item{milk}"]);
    daemon.ok(&["commit"]);
    assert!(!daemon.ok(&["get"]).contains("milk"));
}

#[test]
fn an_rpc_runs_the_program_bound_to_it_and_its_output_is_checked() {
    let operation = "[[operation]]\npath = '/shop:add'\nexec = ['python3', '-c', '''
import json, sys
given = json.load(sys.stdin)
print(json.dumps({\"shop:sum\": given['shop:a'] + given['shop:b']}))
''']\n";
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], operation);
    daemon.start();
    let sum = daemon.ok(&["rpc", "shop:add", r#"{"a": 2}"#]);
    assert!(sum.contains('3'), "{sum}");
    let said = daemon.refused(&["rpc", "shop:add", r#"{"b": 2}"#]);
    assert!(said.contains("'a'") && said.contains("shop:a"), "{said}");
}

#[test]
fn configuration_survives_a_clean_restart() {
    let mut daemon = shop();
    daemon.ok(&["set", "/shop/item{tea}/price", "7"]);
    daemon.ok(&["commit"]);
    daemon.stop();
    daemon.start();
    assert!(daemon.ok(&["get", "/shop"]).contains("tea"));
    let file =
        std::fs::read_to_string(daemon.path().join("store/running_db")).expect("the running file");
    assert!(
        file.contains("<config") && file.contains("<name>tea</name>"),
        "{file}"
    );
}

#[test]
fn datastores_have_names_and_files() {
    let daemon = shop();
    daemon.ok(&["set", "/shop:shop/item[name='tea']/price", "7"]);
    daemon.ok(&["commit"]);
    daemon.ok(&["store", "copy", "running", "before"]);
    daemon.ok(&["set", "/shop:shop/item[name='tea']/price", "9"]);
    daemon.ok(&["commit"]);
    let list = daemon.ok(&["store", "list"]);
    assert!(
        list.contains("before") && list.contains("file-inmem"),
        "{list}"
    );
    let shown = daemon.ok(&["store", "show", "before", "--format", "json"]);
    assert!(shown.contains('7') && !shown.contains('9'), "{shown}");
    for format in ["xml", "json"] {
        let file = daemon.path().join(format!("saved.{format}"));
        let file = file.to_str().unwrap();
        daemon.ok(&["store", "save", "before", file, "--format", format]);
        daemon.ok(&["store", "load", "copy", file]);
        let copy = daemon.ok(&["store", "show", "copy", "--format", "json"]);
        assert_eq!(copy, shown);
    }
    daemon.ok(&["store", "copy", "copy", "running"]);
    assert!(daemon.ok(&["get", "/shop:shop"]).contains('7'));
    daemon.ok(&["store", "delete", "copy"]);
    let refused = daemon.refused(&["store", "show", "copy"]);
    assert!(refused.contains("there is no datastore copy"), "{refused}");
    daemon.refused(&["store", "delete", "running"]);
}

#[test]
fn diff_shows_what_a_commit_would_change_and_nothing_of_others() {
    // Without rules in running, so that a whole running can be put together by hand.
    let mut daemon = Daemon::new(&[("shop", SHOP)], &["shop"], "[access]\nmode = 'disabled'");
    daemon.start();
    daemon.ok(&["set", "/shop/item{tea}/price", "7"]);
    let replace = |item: &str| {
        let file = daemon.path().join("lab.xml");
        let text = format!("<config><shop xmlns='urn:shop'><item>{item}</item></shop></config>");
        std::fs::write(&file, text).unwrap();
        daemon.ok(&["store", "load", "lab", file.to_str().unwrap()]);
        daemon.ok(&["store", "copy", "lab", "running"]);
    };
    replace("<name>coffee</name><price>9</price>");
    let diff = daemon.ok(&["diff"]);
    assert!(diff.contains("tea") && !diff.contains("coffee"), "{diff}");
    let tried = daemon.ok(&["commit", "--dry-run"]);
    assert!(tried.contains(diff.trim()), "{diff}\n{tried}");
    // What cannot be committed is told as the commit would tell it.
    replace("<name>tea</name><price>8</price>");
    let refused = daemon.refused(&["diff"]);
    assert!(
        refused.contains("set to 7") || refused.contains("7 here"),
        "{refused}"
    );
    assert_eq!(daemon.refused(&["commit", "--dry-run"]), refused);
}
