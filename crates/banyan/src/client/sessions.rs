//! Sessions and their locks: `show sessions`, `show locks`, `kill-session`; and `update`.

use serde_json::{Value, json};

use super::outcome::{Tell, counted};
use super::table::{entries, head, leaf, to_the_second};
use super::{CommandError, call, history, open, output_leaf, print};
use crate::args::{KillSession, Prefer, Update};

/// `banyan kill-session`
pub async fn kill(kill: KillSession) -> Result<(), CommandError> {
    open(&kill.connect).await?.kill_session(kill.id).await?;
    Ok(())
}

/// `banyan update`
pub async fn update(update: Update) -> Result<(), CommandError> {
    let mode = match update.prefer {
        None => "revert-on-conflict",
        Some(Prefer::Candidate) => "prefer-candidate",
        Some(Prefer::Running) => "prefer-running",
    };
    let client = open(&update.connect).await?;
    let leaves = [("resolution-mode", Some(mode.to_owned()))];
    let reply = call(&client, "update-candidate", &leaves).await?;
    let tell = Tell::from(update.telling);
    if tell == Tell::Nothing {
        return Ok(());
    }
    let number = |name: &str| -> u64 { output_leaf(&reply, name).parse().unwrap_or_default() };
    let (from, to) = (number("from"), number("to"));
    // Who may not read the history has updated nevertheless.
    let taken = history::since(&client, from, to).await.unwrap_or_default();
    match tell {
        Tell::Json => {
            let commits: Vec<Value> = taken.iter().map(history::json_head).collect();
            let told = json!({ "updated": to > from, "from": from, "to": to, "commits": commits });
            print(&told.to_string());
        }
        _ if to == from => print("nothing to take in: the candidate stands on what is running"),
        _ => {
            let mut text = format!(
                "took in {}, {} to {to}\n",
                counted(to - from, "commit"),
                from + 1
            );
            for commit in &taken {
                history::push_commit(commit, &mut text);
            }
            print(&text);
        }
    }
    Ok(())
}

/// Local names of a session's leaves that are of our own module.
const OWN: &str = "banyan:";

fn own(session: &Value, name: &str) -> String {
    leaf(session, &format!("{OWN}{name}"))
}

/// How a session came in: `netconf ssh`.
fn protocol(session: &Value) -> String {
    let transport = match leaf(session, "transport").as_str() {
        "ietf-netconf-monitoring:netconf-ssh" => "ssh",
        "ietf-netconf-monitoring:netconf-tls" => "tls",
        _ => "local",
    };
    format!("{} {transport}", own(session, "front-end"))
}

fn peer(session: &Value) -> String {
    match own(session, "peer") {
        peer if peer == "-" => leaf(session, "source-host"),
        peer => peer,
    }
}

/// The rows of `show sessions`.
pub(super) fn sessions(state: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "ID",
        "USER",
        "PROTOCOL",
        "PEER",
        "SINCE",
        "CANDIDATE",
        "CHANGES",
    ])];
    for session in entries(&state["sessions"]["session"]) {
        rows.push(vec![
            leaf(session, "session-id"),
            leaf(session, "username"),
            protocol(session),
            peer(session),
            to_the_second(&leaf(session, "login-time")),
            own(session, "candidate"),
            own(session, "changes"),
        ]);
    }
    rows
}

/// The rows of `show locks`, with their age at `now`.
pub(super) fn locks(state: &Value, now: jiff::Timestamp) -> Vec<Vec<String>> {
    let all: Vec<&Value> = entries(&state["sessions"]["session"]).collect();
    let mut rows = vec![head(&[
        "WHAT", "LOCK", "SESSION", "USER", "PROTOCOL", "PEER", "AGE",
    ])];
    let mut row = |what: String, lock: String, owner: String, since: String| {
        let session = all
            .iter()
            .copied()
            .find(|session| leaf(session, "session-id") == owner);
        let of = |cell: &dyn Fn(&Value) -> String| session.map_or("-".to_owned(), cell);
        rows.push(vec![
            what,
            lock,
            of(&|_| owner.clone()),
            of(&|session| leaf(session, "username")),
            of(&protocol),
            of(&peer),
            age(&since, now),
        ]);
    };
    for store in entries(&state["datastores"]["datastore"]) {
        let name = leaf(store, "name");
        let global = &store["locks"]["global-lock"];
        if !global.is_null() {
            row(
                name.clone(),
                "whole".to_owned(),
                leaf(global, "locked-by-session"),
                leaf(global, "locked-time"),
            );
        }
        for partial in entries(&store["locks"]["partial-lock"]) {
            for node in entries(&partial["locked-node"]) {
                row(
                    node.as_str().unwrap_or("-").to_owned(),
                    format!("partial {}", leaf(partial, "lock-id")),
                    leaf(partial, "locked-by-session"),
                    leaf(partial, "locked-time"),
                );
            }
        }
    }
    for session in &all {
        let since = own(session, "candidate-locked-since");
        if since != "-" {
            row(
                "private candidate".to_owned(),
                "whole".to_owned(),
                leaf(session, "session-id"),
                since,
            );
        }
    }
    rows
}

/// The rows of `show confirmed`: one at most.
pub(super) fn confirmed(pending: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "TRANSACTION",
        "COMMIT",
        "USER",
        "SESSION",
        "PERSIST-ID",
        "SINCE",
        "LEFT",
    ])];
    if pending["tid"].is_null() {
        return rows;
    }
    let id = match (
        leaf(pending, "persist-id"),
        leaf(pending, "persists").as_str(),
    ) {
        // Not for everybody to see.
        (id, "true") if id == "-" => "(hidden)".to_owned(),
        (id, _) => id,
    };
    rows.push(vec![
        leaf(pending, "tid"),
        leaf(pending, "seq"),
        leaf(pending, "user"),
        leaf(pending, "session-id"),
        id,
        to_the_second(&leaf(pending, "since")),
        format!("{} s", leaf(pending, "remaining")),
    ]);
    rows
}

/// How long ago a time was, in the two largest units that say something.
fn age(since: &str, now: jiff::Timestamp) -> String {
    let Ok(since) = since.parse::<jiff::Timestamp>() else {
        return "-".to_owned();
    };
    let seconds = (now.as_second() - since.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::aligned;
    use super::*;

    fn state() -> Value {
        serde_json::json!({
            "datastores": { "datastore": [
                { "name": "running", "locks": { "partial-lock": [{
                    "lock-id": 3, "locked-by-session": 7, "locked-time": "2026-11-27T10:00:00Z",
                    "select": ["/t:a"], "locked-node": ["/t:a", "/t:b"],
                }]}},
                { "name": "candidate", "locks": { "global-lock": {
                    "locked-by-session": 8, "locked-time": "2026-11-27T10:58:30Z",
                }}},
                { "name": "startup" },
            ]},
            "sessions": { "session": [
                {
                    "session-id": 7, "username": "alice", "login-time": "2026-11-27T09:00:00.5Z",
                    "transport": "ietf-netconf-monitoring:netconf-ssh", "source-host": "192.0.2.1",
                    "banyan:front-end": "netconf", "banyan:peer": "192.0.2.1:4711",
                    "banyan:candidate": "private", "banyan:changes": "2",
                    "banyan:candidate-locked-since": "2026-11-27T11:00:00Z",
                },
                {
                    "session-id": 8, "username": "bob", "login-time": "2026-11-27T09:00:00Z",
                    "transport": "banyan:local", "banyan:front-end": "netconf",
                    "banyan:candidate": "shared",
                },
            ]},
        })
    }

    #[test]
    fn a_lock_is_shown_with_owner_protocol_peer_and_age() {
        let now = "2026-11-27T11:00:05Z".parse().unwrap();
        insta::assert_snapshot!(aligned(&locks(&state(), now)), @r"
        WHAT               LOCK       SESSION  USER   PROTOCOL       PEER            AGE
        /t:a               partial 3  7        alice  netconf ssh    192.0.2.1:4711  1 h 0 min
        /t:b               partial 3  7        alice  netconf ssh    192.0.2.1:4711  1 h 0 min
        candidate          whole      8        bob    netconf local  -               1 min 35 s
        private candidate  whole      7        alice  netconf ssh    192.0.2.1:4711  5 s
        ");
    }

    #[test]
    fn a_pending_confirmed_commit_is_shown_with_the_time_that_is_left() {
        let pending = serde_json::json!({
            "tid": 12, "seq": "9", "user": "alice", "persists": true, "persist-id": "p1",
            "since": "2026-11-27T10:00:00.5Z", "remaining": 55,
        });
        let mut hidden = pending.clone();
        hidden["persist-id"] = Value::Null;
        hidden["session-id"] = 3.into();
        let mut rows = confirmed(&pending);
        rows.extend(confirmed(&hidden).split_off(1));
        insta::assert_snapshot!(aligned(&rows), @r"
        TRANSACTION  COMMIT  USER   SESSION  PERSIST-ID  SINCE                 LEFT
        12           9       alice  -        p1          2026-11-27T10:00:00Z  55 s
        12           9       alice  3        (hidden)    2026-11-27T10:00:00Z  55 s
        ");
        assert_eq!(confirmed(&Value::Null).len(), 1);
    }

    #[test]
    fn a_session_is_shown_with_protocol_peer_and_candidate() {
        insta::assert_snapshot!(aligned(&sessions(&state())), @r"
        ID  USER   PROTOCOL       PEER            SINCE                 CANDIDATE  CHANGES
        7   alice  netconf ssh    192.0.2.1:4711  2026-11-27T09:00:00Z  private    2
        8   bob    netconf local  -               2026-11-27T09:00:00Z  shared     -
        ");
    }
}
