//! State about the engine itself: its sessions, datastores and locks (RFC 6022 2.1.2, 2.1.4).
//!
//! Built when a read asks for it, as RFC 7951 JSON. State about the schema is in `monitoring`.

use std::net::{IpAddr, SocketAddr};

use serde_json::{Map, Value, json};

use crate::access::Subject;
use crate::backend::Datastore;
use crate::bind;
use crate::engine::Engine;
use crate::session::Session;

/// Where the state stands.
pub(crate) const PATH: &str = "/ietf-netconf-monitoring:netconf-state";

/// Where the confirmed commit that is pending stands.
pub(crate) const PENDING: &str = "/banyan:pending-confirmed-commit";

const STORES: [Datastore; 3] = [Datastore::Running, Datastore::Candidate, Datastore::Startup];

/// The state, an RFC 7951 object, as far as `subject` may read what locks name.
pub(crate) fn netconf_state(engine: &Engine, subject: Option<&Subject>) -> Value {
    let sessions: Vec<Value> = engine
        .sessions()
        .all()
        .iter()
        .map(|session| described(engine, session))
        .collect();
    let stores: Vec<Value> = STORES
        .iter()
        .map(|store| datastore(engine, *store, subject))
        .collect();
    let mut state = Map::new();
    state.insert("datastores".to_owned(), json!({ "datastore": stores }));
    if !sessions.is_empty() {
        state.insert("sessions".to_owned(), json!({ "session": sessions }));
    }
    json!({ "ietf-netconf-monitoring:netconf-state": state })
}

/// The confirmed commit that waits for its confirmation, an RFC 7951 object; empty without one.
pub(crate) fn pending_commit(engine: &Engine) -> Value {
    let Some(pending) = engine.0.pending().clone() else {
        return json!({});
    };
    let now = engine.clock().now();
    let mut state = json!({
        "tid": pending.tid.0,
        "seq": pending.made.seq.to_string(),
        "user": &**pending.principal.effective(),
        "persists": pending.persist.is_some(),
        "since": pending.since.to_string(),
        "remaining": u32::try_from(pending.left(now)).unwrap_or(u32::MAX),
    });
    if engine.sessions().is_open(pending.session) {
        state["session-id"] = pending.session.0.into();
    }
    if let Some(id) = &pending.persist {
        state["persist-id"] = (**id).into();
    }
    json!({ "banyan:pending-confirmed-commit": state })
}

/// RFC 6022 2.1.2: a datastore with its lock, or with the partial ones of running.
fn datastore(engine: &Engine, store: Datastore, subject: Option<&Subject>) -> Value {
    let sessions = engine.sessions();
    let mut entry = json!({ "name": store.name() });
    if let Some(lock) = sessions.locked(store) {
        entry["locks"] = json!({ "global-lock": {
            "locked-by-session": lock.owner.0,
            "locked-time": lock.since.to_string(),
        }});
        return entry;
    }
    let partial: Vec<Value> = match store {
        Datastore::Running => sessions.partial_locks(),
        Datastore::Candidate | Datastore::Startup => Vec::new(),
    }
    .iter()
    .map(|lock| {
        // Nodes may have been deleted since by the lock's owner, so these are what was locked.
        let nodes: Vec<&str> = lock.nodes.iter().map(|node| &*node.path).collect();
        let mut entry = json!({
            "lock-id": lock.id,
            "locked-by-session": lock.owner.0,
            "locked-time": lock.since.to_string(),
        });
        // Both name instances: they are for who may read all of those.
        if subject.is_none_or(|subject| engine.sees_all(subject, &nodes)) {
            entry["select"] = lock.select.clone().into();
            entry["locked-node"] = nodes.into();
        }
        entry
    })
    .collect();
    if !partial.is_empty() {
        entry["locks"] = json!({ "partial-lock": partial });
    }
    entry
}

fn described(engine: &Engine, session: &Session) -> Value {
    let schema = engine.schema();
    let ours = schema.module_by_name("banyan").is_some();
    let transport = match &*session.source.transport {
        "ssh" => "ietf-netconf-monitoring:netconf-ssh",
        "tls" => "ietf-netconf-monitoring:netconf-tls",
        // Transports without a standard name have one of ours, where our module is loaded.
        _ if ours => "banyan:local",
        _ => "ietf-netconf-monitoring:netconf-ssh",
    };
    let mut entry = json!({
        "session-id": session.id.0,
        "transport": transport,
        "username": &**session.principal.effective(),
        "login-time": session.since.to_string(),
    });
    if let Some(peer) = &session.source.peer {
        // `inet:host` has no port; a process on the same machine is no host.
        let host = peer
            .parse::<SocketAddr>()
            .map(|address| address.ip())
            .or_else(|_| peer.parse::<IpAddr>());
        if let Ok(host) = host {
            entry["source-host"] = host.to_string().into();
        }
        if ours {
            entry["banyan:peer"] = (&**peer).into();
        }
    }
    if ours {
        add_own(engine, session, &mut entry);
    }
    entry
}

/// What our own module says of a session.
fn add_own(engine: &Engine, session: &Session, entry: &mut Value) {
    entry["banyan:front-end"] = (&*session.source.front_end).into();
    let Some(candidate) = &session.candidate else {
        entry["banyan:candidate"] = "shared".into();
        return;
    };
    entry["banyan:candidate"] = "private".into();
    let changes = candidate.modified().map_or(0, |work| {
        bind::count(&bind::diff(&work.base.tree, &work.tree))
    });
    entry["banyan:changes"] = changes.to_string().into();
    let lock = engine
        .sessions()
        .locked_for(session.id, Datastore::Candidate);
    if let Some(lock) = lock {
        entry["banyan:candidate-locked-since"] = lock.since.to_string().into();
    }
}
