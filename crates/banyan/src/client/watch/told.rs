//! Events as people read them: a line with the time, and lines below where there is more to say.

use banyan_netconf::names::YANG_PUSH;
use banyan_netconf::reply::Notification;
use banyan_netconf::xml::Fragment;

use super::curly::{is_leaf, push, push_inside, word};
use crate::client::table::to_the_second;

/// The namespace of RFC 6470.
const BASE_EVENTS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-notifications";

/// How wide the leaves of an event may be to stand in its line.
const LINE: usize = 100;

/// An event: its time, its name, and what it says.
pub(super) fn told(event: &Notification) -> String {
    let time = to_the_second(&event.event_time);
    let event = &event.event;
    let name = event.local();
    let (line, below) = match (event.namespace(), name) {
        (BASE_EVENTS, "netconf-config-change") => config_change(event),
        (BASE_EVENTS, "netconf-session-start") => (who(event), String::new()),
        (BASE_EVENTS, "netconf-session-end") => (session_end(event), String::new()),
        (BASE_EVENTS, "netconf-confirmed-commit") => (confirmed_commit(event), String::new()),
        (YANG_PUSH, "push-update") => push_update(event),
        (YANG_PUSH, "push-change-update") => push_change_update(event),
        _ => any(event),
    };
    let head = format!("{time}  {name}  {line}");
    let text = format!("{}\n{below}", head.trim_end());
    text.trim_end().to_owned()
}

/// The text of a leaf; empty when it is absent.
fn leaf(element: &Fragment, name: &str) -> String {
    child(element, name)
        .map(|child| child.text())
        .unwrap_or_default()
}

fn child(element: &Fragment, name: &str) -> Option<Fragment> {
    element.children().find(|child| child.local() == name)
}

/// RFC 6470 2.2, `common-session-parms`.
fn who(element: &Fragment) -> String {
    let mut text = format!(
        "{} (session {}",
        leaf(element, "username"),
        leaf(element, "session-id")
    );
    let host = leaf(element, "source-host");
    if !host.is_empty() {
        text.push_str(&format!(" from {host}"));
    }
    text.push(')');
    text
}

fn config_change(event: &Fragment) -> (String, String) {
    let by = match child(event, "changed-by") {
        Some(by) if child(&by, "username").is_some() => who(&by),
        Some(_) => "the server".to_owned(),
        None => "somebody".to_owned(),
    };
    let store = match leaf(event, "datastore") {
        store if store.is_empty() => "running".to_owned(), // Its default.
        store => store,
    };
    let mut below = String::new();
    for edit in event.children().filter(|child| child.local() == "edit") {
        let operation = match leaf(&edit, "operation") {
            operation if operation.is_empty() => "merge".to_owned(),
            operation => operation,
        };
        below.push_str(&format!("    {operation:<8}{}\n", leaf(&edit, "target")));
    }
    (format!("{store} by {by}"), below)
}

fn session_end(event: &Fragment) -> String {
    let mut text = format!("{}: {}", who(event), leaf(event, "termination-reason"));
    let killer = leaf(event, "killed-by");
    if !killer.is_empty() {
        text.push_str(&format!(" by session {killer}"));
    }
    text
}

fn confirmed_commit(event: &Fragment) -> String {
    let mut text = leaf(event, "confirm-event");
    if child(event, "username").is_some() {
        text.push_str(&format!(" by {}", who(event)));
    }
    let timeout = leaf(event, "timeout");
    if !timeout.is_empty() {
        text.push_str(&format!(", taken back in {timeout} s unless confirmed"));
    }
    text
}

fn push_update(event: &Fragment) -> (String, String) {
    let mut below = String::new();
    let contents = child(event, "datastore-contents");
    if let Some(contents) = &contents {
        push_inside(contents, 4, &mut below);
    }
    let mut line = String::new();
    if below.is_empty() {
        line.push_str("nothing is there");
    }
    (line + incomplete(event), below)
}

fn incomplete(event: &Fragment) -> &'static str {
    match child(event, "incomplete-update") {
        Some(_) => "incomplete",
        None => "",
    }
}

/// RFC 8072 2.5: one edit after the other.
fn push_change_update(event: &Fragment) -> (String, String) {
    let patch = child(event, "datastore-changes").and_then(|it| child(&it, "yang-patch"));
    let mut below = String::new();
    let edits = patch.iter().flat_map(Fragment::children);
    for edit in edits.filter(|child| child.local() == "edit") {
        let operation = leaf(&edit, "operation");
        let mut line = format!("    {operation:<8}{}", leaf(&edit, "target"));
        let place = leaf(&edit, "where");
        if !place.is_empty() {
            line.push_str(&format!(" {place} {}", leaf(&edit, "point")));
        }
        let value = child(&edit, "value").and_then(|value| value.children().next());
        match &value {
            Some(value) if is_leaf(value) => {
                below.push_str(&format!("{} {}\n", line.trim_end(), word(&value.text())));
            }
            Some(value) => {
                below.push_str(&format!("{}\n", line.trim_end()));
                push_inside(value, 12, &mut below);
            }
            None => below.push_str(&format!("{}\n", line.trim_end())),
        }
    }
    (incomplete(event).to_owned(), below)
}

/// One that we know nothing of: in a line, if it has few leaves and nothing else.
fn any(event: &Fragment) -> (String, String) {
    let children: Vec<Fragment> = event.children().collect();
    if children.iter().all(is_leaf) {
        let leaves: Vec<String> = children
            .iter()
            .map(|child| match child.text() {
                text if text.is_empty() => child.local().to_owned(),
                text => format!("{}={}", child.local(), word(&text)),
            })
            .collect();
        let line = leaves.join(" ");
        if line.chars().count() <= LINE {
            return (line, String::new());
        }
    }
    let mut below = String::new();
    for child in &children {
        push(child, 4, &mut below);
    }
    (String::new(), below)
}

#[cfg(test)]
mod tests {
    use banyan_netconf::names::NOTIFICATION;

    use super::*;

    fn shown(event: &str) -> String {
        let text = format!(
            "<notification xmlns=\"{NOTIFICATION}\"><eventTime>2026-11-28T01:02:03.5Z</eventTime>{event}</notification>"
        );
        let element = Fragment::parse(text.into(), 20, None).unwrap_or_else(|_| panic!("{event}"));
        told(&Notification::read(&element).unwrap())
    }

    #[test]
    fn base_events_are_sentences() {
        let base = format!("xmlns=\"{BASE_EVENTS}\"");
        let alice = "<username>alice</username><session-id>4</session-id><source-host>192.0.2.1</source-host>";
        insta::assert_snapshot!(shown(&format!(
            "<netconf-config-change {base}><changed-by>{alice}</changed-by><datastore>running</datastore>\
             <edit><target xmlns:a=\"urn:a\">/a:top/a:mtu</target><operation>replace</operation></edit>\
             <edit><target xmlns:a=\"urn:a\">/a:top/a:old</target><operation>delete</operation></edit></netconf-config-change>"
        )), @r"
        2026-11-28T01:02:03Z  netconf-config-change  running by alice (session 4 from 192.0.2.1)
            replace /a:top/a:mtu
            delete  /a:top/a:old
        ");
        insta::assert_snapshot!(shown(&format!(
            "<netconf-config-change {base}><changed-by><server/></changed-by><datastore>startup</datastore></netconf-config-change>"
        )), @"2026-11-28T01:02:03Z  netconf-config-change  startup by the server");
        insta::assert_snapshot!(
            shown(&format!("<netconf-session-start {base}>{alice}</netconf-session-start>")),
            @"2026-11-28T01:02:03Z  netconf-session-start  alice (session 4 from 192.0.2.1)"
        );
        insta::assert_snapshot!(shown(&format!(
            "<netconf-session-end {base}>{alice}<killed-by>9</killed-by><termination-reason>killed</termination-reason></netconf-session-end>"
        )), @"2026-11-28T01:02:03Z  netconf-session-end  alice (session 4 from 192.0.2.1): killed by session 9");
        insta::assert_snapshot!(shown(&format!(
            "<netconf-confirmed-commit {base}>{alice}<confirm-event>start</confirm-event><timeout>60</timeout></netconf-confirmed-commit>"
        )), @"2026-11-28T01:02:03Z  netconf-confirmed-commit  start by alice (session 4 from 192.0.2.1), taken back in 60 s unless confirmed");
        insta::assert_snapshot!(shown(&format!(
            "<netconf-confirmed-commit {base}><confirm-event>timeout</confirm-event></netconf-confirmed-commit>"
        )), @"2026-11-28T01:02:03Z  netconf-confirmed-commit  timeout");
    }

    #[test]
    fn data_stand_below_their_update() {
        let push = format!("xmlns=\"{YANG_PUSH}\"");
        insta::assert_snapshot!(shown(&format!(
            "<push-update {push}><id>1</id><datastore-contents><top xmlns=\"urn:a\"><mtu>1500</mtu></top></datastore-contents></push-update>"
        )), @r"
        2026-11-28T01:02:03Z  push-update
            top {
                mtu 1500;
            }
        ");
        insta::assert_snapshot!(
            shown(&format!("<push-update {push}><id>1</id></push-update>")),
            @"2026-11-28T01:02:03Z  push-update  nothing is there"
        );
        insta::assert_snapshot!(shown(&format!(
            "<push-change-update {push}><id>1</id><datastore-changes><yang-patch><patch-id>0</patch-id>\
             <edit><edit-id>1</edit-id><operation>replace</operation><target>/a:top/mtu</target>\
             <value><mtu xmlns=\"urn:a\">9000</mtu></value></edit>\
             <edit><edit-id>2</edit-id><operation>delete</operation><target>/a:top/l=x</target></edit>\
             <edit><edit-id>3</edit-id><operation>insert</operation><target>/a:top/l=y</target><point>/a:top/l=z</point>\
             <where>after</where><value><l xmlns=\"urn:a\"><k>y</k><v/></l></value></edit>\
             </yang-patch></datastore-changes></push-change-update>"
        )), @r"
        2026-11-28T01:02:03Z  push-change-update
            replace /a:top/mtu 9000
            delete  /a:top/l=x
            insert  /a:top/l=y after /a:top/l=z
                    k y;
                    v;
        ");
    }

    #[test]
    fn others_are_a_line_or_a_block() {
        insta::assert_snapshot!(
            shown("<down xmlns=\"urn:a\"><port>7</port><why>no light</why><flap/></down>"),
            @r#"2026-11-28T01:02:03Z  down  port=7 why="no light" flap"#
        );
        insta::assert_snapshot!(
            shown("<down xmlns=\"urn:a\"><port>7</port><peer><name>x</name></peer></down>"),
            @r"
        2026-11-28T01:02:03Z  down
            port 7;
            peer {
                name x;
            }
        "
        );
    }
}
