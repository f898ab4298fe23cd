//! State about the engine itself: its sessions, datastores and locks (RFC 6022 2.1.2, 2.1.4).
//!
//! Built when a read asks for it, as RFC 7951 JSON. State about the schema is in `monitoring`.

use banyan_yang::schema::Schema;
use serde_json::{Map, Value, json};

use crate::backend::Datastore;
use crate::engine::Engine;
use crate::session::Session;

/// Where the state stands.
pub(crate) const PATH: &str = "/ietf-netconf-monitoring:netconf-state";

const STORES: [Datastore; 3] = [Datastore::Running, Datastore::Candidate, Datastore::Startup];

/// The state, an RFC 7951 object.
pub(crate) fn netconf_state(engine: &Engine) -> Value {
    let schema = engine.schema();
    let sessions: Vec<Value> = engine
        .sessions()
        .all()
        .iter()
        .map(|session| described(schema, session))
        .collect();
    let stores: Vec<Value> = STORES
        .iter()
        .map(|store| match engine.sessions().locked(*store) {
            None => json!({ "name": store.name() }),
            Some(lock) => json!({
                "name": store.name(),
                "locks": { "global-lock": {
                    "locked-by-session": lock.owner.0,
                    "locked-time": lock.since.to_string(),
                }},
            }),
        })
        .collect();
    let mut state = Map::new();
    state.insert("datastores".to_owned(), json!({ "datastore": stores }));
    if !sessions.is_empty() {
        state.insert("sessions".to_owned(), json!({ "session": sessions }));
    }
    json!({ "ietf-netconf-monitoring:netconf-state": state })
}

fn described(schema: &Schema, session: &Session) -> Value {
    let transport = match &*session.source.transport {
        "ssh" => "ietf-netconf-monitoring:netconf-ssh",
        "tls" => "ietf-netconf-monitoring:netconf-tls",
        // Transports without a standard name have one of ours, where our module is loaded.
        _ if schema.module_by_name("banyan").is_some() => "banyan:local",
        _ => "ietf-netconf-monitoring:netconf-ssh",
    };
    let mut entry = json!({
        "session-id": session.id.0,
        "transport": transport,
        "username": &**session.principal.effective(),
        "login-time": session.since.to_string(),
    });
    if let Some(peer) = &session.source.peer {
        // `inet:host` has no port.
        let host = peer
            .parse::<std::net::SocketAddr>()
            .map_or_else(|_| peer.to_string(), |address| address.ip().to_string());
        entry["source-host"] = host.into();
    }
    entry
}
