//! `banyan data query`, as one types it, slips included.

use serde_json::{Value, json};

use super::data_validate::{data, with};

const NET: &str = "<max-frame xmlns='urn:net'>9000</max-frame><net xmlns='urn:net'>\
  <interface><name>a</name><mtu>70</mtu></interface><interface><name>b</name><mtu>1500</mtu></interface>\
  <rule><id>2</id><via>b</via></rule><rule><id>1</id><via>a</via></rule></net>";

fn query(arguments: &[&str]) -> (i32, String, String) {
    let directory = with(&[("net.xml", &format!("<data>{NET}</data>"))]);
    data(&directory, "query", &[&["net.xml"], arguments].concat())
}

#[track_caller]
fn answers(arguments: &[&str], expected: &str) {
    let (status, out, err) = query(arguments);
    assert_eq!((status, out.as_str(), err.as_str()), (0, expected, ""));
}

#[test]
fn nodes_are_printed_with_path_and_value_and_other_results_as_they_are() {
    answers(
        &["/n:net/interface[mtu > 100]"],
        "/net:net/interface[name='b']\n",
    );
    answers(
        &["//mtu"],
        "/net:net/interface[name='a']/mtu = 70\n/net:net/interface[name='b']/mtu = 1500\n",
    );
    answers(&["count(//net:rule) + 1"], "3\n");
    answers(&["--", "-count(//rule)"], "-2\n");
    answers(&["/net/interface/mtu > /max-frame"], "false\n");
    answers(
        &["//rule[last()]/via/text()"],
        "/net:net/rule[id='1']/via/text() = a\n",
    );
    answers(&["//rule[. = 'none'] | /"], "/\n");
}

#[test]
fn several_expressions_have_a_heading_each() {
    answers(&["1 + 1", "'x'"], "# 1 + 1\n2\n# 'x'\nx\n");
}

#[test]
fn an_expression_may_stand_on_an_instance_and_use_variables() {
    answers(
        &[
            "--context",
            "/net:net/rule[id='1']/via",
            "--var",
            "least=60",
            "/net/interface[name = current()][mtu > $least]/mtu",
        ],
        "/net:net/interface[name='a']/mtu = 70\n",
    );
    answers(
        &["--context", "/net:net/rule[id='2']/via", "deref(.)/../mtu"],
        "/net:net/interface[name='b']/mtu = 1500\n",
    );
}

#[test]
fn programs_get_one_object_for_each_expression() {
    let (status, out, _) = query(&[
        "--format",
        "json",
        "//mtu",
        "/net/rule[1]",
        "1 div 0",
        "//mtv",
        "a[",
    ]);
    assert_eq!(status, 1);
    let answers: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let found = json!([
        {"path": "/net:net/interface[name='a']/mtu", "value": "70"},
        {"path": "/net:net/interface[name='b']/mtu", "value": "1500"}
    ]);
    assert_eq!(
        answers[0],
        json!({"expression": "//mtu", "type": "node-set", "nodes": found})
    );
    assert_eq!(
        answers[1]["data"],
        json!({"net:net": {"rule": [{"id": 2, "via": "b"}]}})
    );
    assert_eq!(
        answers[2],
        json!({"expression": "1 div 0", "type": "number", "value": "Infinity"})
    );
    assert_eq!(
        answers[3]["warnings"],
        json!(["/ has no node 'mtv' here; did you mean 'mtu'? (at byte 2 of the expression)"])
    );
    let error = answers[4]["error"].as_str().expect("an error");
    assert!(error.starts_with("expected a name"), "{error}");
}

#[test]
fn xml_shows_the_data_with_what_leads_to_them() {
    answers(
        &["--format", "xml", "/net/rule[via = 'a']"],
        "<net xmlns=\"urn:net\">\n  <rule>\n    <id>1</id>\n    <via>a</via>\n  </rule>\n</net>\n",
    );
    answers(&["--format", "xml", "1 = 1"], "true\n");
}

#[test]
fn the_plan_tells_what_was_looked_at_looked_up_and_computed_once() {
    let (_, out, _) = query(&[
        "--explain",
        "/net/interface[name = 'b'][mtu = sum(/net/rule/id) + 1497]/mtu",
    ]);
    for line in [
        "looked up by key name =",
        "= looked at 1, once by key, kept 1",
        "/net:net/interface[name='b']/mtu = 1500",
        "visited     10 nodes",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
    let (_, out, _) = query(&["/net/interface[mtu < sum(/net/rule/id)]", "--explain"]);
    for line in [
        "scan: every entry is tried",
        "= computed once, asked for 2 times",
    ] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn mistakes_are_shown_where_they_are_with_what_may_be_meant() {
    for (arguments, status, message) in [
        (
            &["/net/interface[1"][..],
            1,
            "/net/interface[1\n                  ^",
        ),
        (&["cuont(//mtu)"], 1, "did you mean 'count'?"),
        (&["/net/interfase"], 0, "did you mean 'interface'?"),
        (
            &["/nte:net"],
            1,
            "did you mean 'net'? (at byte 1 of the expression)",
        ),
        (
            &["$leest", "--var", "least=1"],
            1,
            "did you mean $least? (at byte 0 of the expression)",
        ),
        (&["--var", "least", "1"], 2, "NAME=VALUE"),
        (
            &["--context", "/net:net/rule[id='7']", "."],
            2,
            "no such instance",
        ),
        (&["--budget", "3", "//mtu"], 1, "more than 3 steps"),
    ] {
        let (code, out, err) = query(arguments);
        assert_eq!(code, status, "{arguments:?}: {out}{err}");
        assert!(err.contains(message), "{message} in {err}");
    }
}

#[test]
fn the_functions_of_yang_see_through_unions() {
    let model = "module u {
  yang-version 1.1;
  namespace urn:u;
  prefix u;
  identity animal;
  identity dog { base animal; }
  typedef level { type enumeration { enum low { value 3; } enum high { value 9; } } }
  container c {
    list l { key k; leaf k { type string; } leaf v { type uint8; } }
    leaf r { type union { type uint8; type leafref { path \"../l/k\"; } } }
    leaf rr { type leafref { path \"../r\"; } }
    leaf i { type union { type uint8; type instance-identifier; } }
    leaf e { type union { type uint8; type level; } }
    leaf b { type union { type uint8; type bits { bit x; bit y; } } }
    leaf d { type union { type uint8; type identityref { base animal; } } }
  }
}";
    let xml = "<c xmlns='urn:u' xmlns:u='urn:u'><l><k>a</k><v>1</v></l><l><k>b</k><v>2</v></l><r>b</r><rr>b</rr>\
      <i>/u:c/u:l[u:k='a']/u:v</i><e>high</e><b>x</b><d>dog</d></c>";
    let directory = with(&[("u.yang", model), ("u.xml", xml)]);
    for (expression, value) in [
        ("deref(/c/r)", "/u:c/l[k='b']/k = b"),
        ("deref(/c/rr)", "/u:c/r = b"),
        ("deref(deref(/c/rr))", "/u:c/l[k='b']/k = b"),
        ("deref(/c/i)", "/u:c/l[k='a']/v = 1"),
        ("enum-value(/c/e)", "9"),
        ("bit-is-set(/c/b, 'x')", "true"),
        ("bit-is-set(/c/b, 'y')", "false"),
        ("derived-from(/c/d, 'u:animal')", "true"),
        ("derived-from(/c/d, 'u:dog')", "false"),
        ("derived-from-or-self(/c/d, 'u:dog')", "true"),
    ] {
        let (status, out, err) = data(&directory, "query", &["-m", "u.yang", "u.xml", expression]);
        let expected = format!("{value}\n");
        assert_eq!(
            (status, out, err),
            (0, expected, String::new()),
            "{expression}"
        );
    }
    let wrong = "derived-from(/c/d, 'dog')";
    let (_, _, err) = data(&directory, "query", &["-m", "u.yang", "u.xml", wrong]);
    assert!(err.contains("did you mean 'u:dog'?"), "{err}");
}
