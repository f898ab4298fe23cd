//! What rpcs, actions and notifications carry (RFC 7950 7.14 to 7.16).

use banyan_data::document::{Encoding, ParseOptions};
use banyan_data::operation::{parse_notification, parse_rpc};

use crate::fixture::{call_errors, data, invocation_errors, schema_of, shown, to_json};

const NONE: [&str; 0] = [];

fn action(inside: &str) -> String {
    format!("<action xmlns=\"urn:ietf:params:xml:ns:yang:1\">{inside}</action>")
}

// Rule 56.
#[test]
fn an_action_needs_the_instance_that_it_is_invoked_on() {
    let schema = schema_of(
        "list l { key k; leaf k { type string; } container c { presence 'it matters'; action go { input { leaf a { type string; } } } } }",
    );
    let running = data(&schema, "<l><k>1</k><c/></l><l><k>2</k></l>");
    let go = |key: &str| {
        action(&format!(
            "<l xmlns=\"urn:t\">{key}<c><go><a>1</a></go></c></l>"
        ))
    };
    assert_eq!(call_errors(&running, &go("<k>1</k>")), NONE);
    // The entry is there and the container in it is not; the entry is not there; the key is not given.
    assert_eq!(call_errors(&running, &go("<k>2</k>")), ["DataMissing / -"]);
    assert_eq!(call_errors(&running, &go("<k>3</k>")), ["DataMissing / -"]);
    assert_eq!(call_errors(&running, &go("")), ["MissingElement /t:l/c -"]);
}

// Rule 56.
#[test]
fn an_action_in_a_container_without_presence_can_be_invoked_while_nothing_is_stored() {
    let schema = schema_of("container c { container d { action go; } }");
    let empty = data(&schema, "");
    let go = action("<c xmlns=\"urn:t\"><d><go/></d></c>");
    assert_eq!(call_errors(&empty, &go), NONE);
    assert_eq!(
        call_errors(&empty, &action("<c xmlns=\"urn:t\"><d><stop/></d></c>")),
        ["UnknownElement /t:c/d -"]
    );
}

// Rule 56.
#[test]
fn a_notification_inside_of_data_needs_its_instance() {
    let schema = schema_of(
        "list l { key k; leaf k { type string; } notification down { leaf why { type string; mandatory true; } } }",
    );
    let running = data(&schema, "<l><k>1</k></l>");
    let check = |key: u32, inside: &str| {
        let xml = format!("<l xmlns=\"urn:t\"><k>{key}</k><down>{inside}</down></l>");
        let sent = parse_notification(
            &schema,
            Encoding::Xml,
            xml.as_bytes(),
            &ParseOptions::default(),
        );
        invocation_errors(&running, &sent.unwrap())
    };
    assert_eq!(check(1, "<why>x</why>"), NONE);
    assert_eq!(check(1, ""), ["MissingElement /t:l[k='1']/down/why -"]);
    assert_eq!(check(2, "<why>x</why>"), ["DataMissing / -"]);
}

const RPC: &str = "
    rpc go {
      input {
        must 'not(b) or a';
        leaf a { type string; config false; }
        leaf b { type string; default 1; }
        leaf m { type string; mandatory true; }
        leaf-list v { type uint8; min-elements 1; max-elements 2; }
        leaf w { when \"../a = 'x'\"; type string; }
        choice ch { mandatory true; leaf c { type string; } leaf d { type string; } }
        container n { leaf o { type string; must \"../../b = 1\"; } }
      }
      output { leaf done { type boolean; mandatory true; } }
    }";

// Rule 57.
#[test]
fn constraints_apply_to_what_an_operation_carries() {
    let schema = schema_of(RPC);
    let running = data(&schema, "");
    let go = |inside: &str| call_errors(&running, &format!("<go xmlns=\"urn:t\">{inside}</go>"));
    let good = "<a>x</a><m>1</m><v>1</v><v>2</v><w>1</w><c>1</c><n><o>1</o></n>";
    assert_eq!(go(good), NONE);
    // The default of b is in use, so that a is needed.
    assert_eq!(
        go(""),
        [
            "MustViolation /t:go must-violation",
            "MissingChoice /t:go missing-choice",
            "MissingElement /t:go/m -",
            "TooFewElements /t:go/v too-few-elements",
        ]
    );
    assert_eq!(
        go(&good
            .replace("<a>x</a>", "<a>y</a><b>2</b>")
            .replace("<v>2</v>", "<v>2</v><v>3</v>")),
        [
            "TooManyElements /t:go/v too-many-elements",
            "WhenViolation /t:go/w -",
            "MustViolation /t:go/n/o must-violation",
        ]
    );
}

// Rule 57.
#[test]
fn parameters_are_accepted_in_any_order_and_sent_in_that_of_the_schema() {
    let schema = schema_of(RPC);
    let xml = "<go xmlns=\"urn:t\"><c>1</c><v>2</v><m>1</m><a>x</a></go>";
    let call = parse_rpc(
        &schema,
        Encoding::Xml,
        xml.as_bytes(),
        &ParseOptions::default(),
    )
    .unwrap();
    assert_eq!(
        to_json(&call.content),
        "{\"t:a\":\"x\",\"t:m\":\"1\",\"t:v\":[2],\"t:c\":\"1\"}"
    );
    let twice = xml.replace("<m>1</m>", "<m>1</m><m>2</m>");
    let refused = parse_rpc(
        &schema,
        Encoding::Xml,
        twice.as_bytes(),
        &ParseOptions::default(),
    );
    assert_eq!(shown(&refused.unwrap_err()), ["Duplicate /t:go/m -"]);
}

// Rule 57.
#[test]
fn constraints_apply_to_the_output() {
    let schema = schema_of(RPC);
    let go = schema
        .rpc(schema.module_by_name("t").unwrap(), "go")
        .unwrap();
    let output = banyan_data::operation::output(&schema, go).unwrap();
    let check = |xml: &str| {
        let options = ParseOptions::default();
        let read = banyan_data::operation::parse_parameters(
            &schema,
            output,
            Encoding::Xml,
            xml.as_bytes(),
            &options,
        );
        let call = banyan_data::operation::Invocation {
            path: Default::default(),
            id: go,
            content: read.unwrap(),
        };
        invocation_errors(&data(&schema, ""), &call)
    };
    assert_eq!(check("<done xmlns=\"urn:t\">true</done>"), NONE);
    assert_eq!(check(""), ["MissingElement /t:go/done -"]);
}

// Rule 57.
#[test]
fn values_of_a_leaf_list_keep_their_order_and_may_repeat_in_what_an_operation_carries() {
    let schema = schema_of(
        "rpc go { input { leaf-list v { type uint8; } list l { key k; ordered-by user; leaf k { type uint8; } } } }",
    );
    let read = |inside: &str| {
        let xml = format!("<go xmlns=\"urn:t\">{inside}</go>");
        let call = parse_rpc(
            &schema,
            Encoding::Xml,
            xml.as_bytes(),
            &ParseOptions::default(),
        );
        call.map(|call| to_json(&call.content))
    };
    assert_eq!(
        read("<v>2</v><v>1</v><v>2</v><l><k>2</k></l><l><k>1</k></l>").unwrap(),
        "{\"t:v\":[2,1,2],\"t:l\":[{\"k\":2},{\"k\":1}]}"
    );
    let twice = read("<l><k>2</k></l><l><k>2</k></l>");
    assert_eq!(shown(&twice.unwrap_err()), ["Duplicate /t:go/l -"]);
}
