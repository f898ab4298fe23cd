//! What the server tells of itself (RFC 6470): sessions, changes of configurations, confirmed commits.
//!
//! An event holds what was at hand when it happened; its content is made when somebody reads it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::operation::Invocation;
use banyan_yang::schema::{Schema, SchemaId};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::change::ConfigChange;
use super::{Event, Streams};
use crate::access::Subject;
use crate::backend::{Call, Datastore, Principal, Result, SessionEnd, Source};
use crate::bind;
use crate::engine::Core;
use crate::number::SessionId;
use crate::session::{INTERNAL, Session};

/// The module of all of them.
pub(super) const MODULE: &str = "ietf-netconf-notifications";

/// A session, as events name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct By {
    user: Arc<str>,
    session: SessionId,
    peer: Option<Arc<str>>,
}

impl By {
    /// Who calls; `None` is the server itself.
    pub fn caller(call: &Call, source: &Source) -> Option<By> {
        By::session(call.session, &call.principal, source)
    }

    /// A session by its parts; `None` is the server itself.
    pub fn session(session: SessionId, principal: &Principal, source: &Source) -> Option<By> {
        (session != INTERNAL).then(|| By {
            user: principal.effective().clone(),
            session,
            peer: source.peer.clone(),
        })
    }

    fn of(session: &Session) -> By {
        By {
            user: session.principal.effective().clone(),
            session: session.id,
            peer: session.source.peer.clone(),
        }
    }

    /// RFC 6470 `common-session-parms`.
    pub(super) fn json(&self) -> Value {
        let mut parameters = json!({ "username": &*self.user, "session-id": self.session.0 });
        // A process on the same machine has no address.
        let host = self.peer.as_deref().and_then(|peer| {
            let socket = peer.parse::<SocketAddr>().map(|address| address.ip());
            socket.or_else(|_| peer.parse::<IpAddr>()).ok()
        });
        if let Some(host) = host {
            parameters["source-host"] = host.to_string().into();
        }
        parameters
    }
}

/// What a confirmed commit has come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ConfirmEvent {
    /// It has begun, and waits so many seconds.
    Start(u32),
    /// It waits so many seconds from now.
    Extend(u32),
    /// It was confirmed.
    Complete,
    /// It was taken back: by request, or because its session ended.
    Cancel,
    /// It was taken back, because nobody confirmed it in time.
    Timeout,
}

impl ConfirmEvent {
    fn name(self) -> &'static str {
        match self {
            ConfirmEvent::Start(_) => "start",
            ConfirmEvent::Extend(_) => "extend",
            ConfirmEvent::Complete => "complete",
            ConfirmEvent::Cancel => "cancel",
            ConfirmEvent::Timeout => "timeout",
        }
    }
}

/// An event of the server itself.
#[derive(Debug)]
pub(super) enum Own {
    SessionStart(By),
    SessionEnd {
        who: By,
        reason: &'static str,
        killed_by: Option<SessionId>,
    },
    Confirmed(ConfirmEvent, Option<By>),
    Change(ConfigChange),
}

impl Own {
    fn name(&self) -> &'static str {
        match self {
            Own::SessionStart(_) => "netconf-session-start",
            Own::SessionEnd { .. } => "netconf-session-end",
            Own::Confirmed(..) => "netconf-confirmed-commit",
            Own::Change(_) => "netconf-config-change",
        }
    }

    /// The notification, as far as the user may see what it is about; `None` when nothing is left of it.
    pub fn message(
        &self,
        schema: &Arc<Schema>,
        subject: Option<&Subject>,
    ) -> Result<Option<Invocation>> {
        let Some(id) = notification(schema, self.name()) else {
            return Ok(None);
        };
        let content = match self {
            Own::SessionStart(who) => who.json(),
            Own::SessionEnd {
                who,
                reason,
                killed_by,
            } => {
                let mut content = who.json();
                content["termination-reason"] = (*reason).into();
                if let Some(killer) = killed_by.filter(|killer| *killer != INTERNAL) {
                    content["killed-by"] = killer.0.into();
                }
                content
            }
            Own::Confirmed(event, by) => {
                let mut content = by.as_ref().map_or_else(|| json!({}), By::json);
                content["confirm-event"] = event.name().into();
                if let ConfirmEvent::Start(timeout) | ConfirmEvent::Extend(timeout) = event {
                    content["timeout"] = (*timeout).into();
                }
                content
            }
            Own::Change(change) => return change.message(schema, id, subject),
        };
        bind::message_from_json(schema, id, &content).map(Some)
    }
}

/// A notification of the module, where the schema has it.
pub(super) fn notification(schema: &Schema, name: &str) -> Option<SchemaId> {
    let module = schema.module_by_name(MODULE)?;
    let implemented = schema.module(module).implemented;
    schema
        .schema_child(SchemaId::ROOT, module, name)
        .filter(|_| implemented)
}

impl Streams {
    /// A session has begun.
    pub fn session_started(&self, session: &Session) {
        self.tell_own(session.since, 0, || Own::SessionStart(By::of(session)));
    }

    /// A session has ended.
    pub fn session_ended(&self, session: &Session, why: SessionEnd, now: Timestamp) {
        let killed_by = session.killed_by;
        self.tell_own(now, 0, || Own::SessionEnd {
            who: By::of(session),
            reason: match killed_by {
                Some(_) => "killed",
                None => why.name(),
            },
            killed_by,
        });
    }

    /// A confirmed commit has made a step.
    pub fn confirmed(&self, event: ConfirmEvent, by: Option<By>, now: Timestamp) {
        self.tell_own(now, 0, || Own::Confirmed(event, by));
    }

    /// A configuration has changed; the record of the change has so many bytes.
    pub fn changed(&self, change: ConfigChange, time: Timestamp, bytes: u64) {
        self.tell_own(time, bytes, || Own::Change(change));
    }

    fn tell_own(&self, time: Timestamp, bytes: u64, own: impl FnOnce() -> Own) {
        if self.own {
            self.tell(Event::own(time, own(), bytes));
        }
    }
}

impl Core {
    /// A stored configuration that is no longer as it was: startup, by a session.
    pub fn tell_startup(&self, session: SessionId) {
        let by = self.sessions.get(session);
        let change = ConfigChange {
            by: by.as_ref().map(By::of),
            datastore: Datastore::Startup,
            trees: None,
        };
        self.streams.changed(change, self.seams.clock.now(), 0);
    }

    /// Running is what the server itself has made of it, or has learned that it is.
    pub fn tell_replaced(&self, before: &Tree, after: &Tree) {
        if before.ptr_eq(after) {
            return;
        }
        let change = ConfigChange {
            by: None,
            datastore: Datastore::Running,
            trees: Some((before.clone(), after.clone(), None)),
        };
        self.streams.changed(change, self.seams.clock.now(), 0);
    }
}
