//! Sessions and the locks that live and die with them (RFC 6241 7.5 to 7.9, RFC 5717).
//!
//! A small table under one mutex that is never held across an await or a look into a tree.

mod locks;
mod partial;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use crate::backend::{Cancel, Candidates, Encoding, Principal, Source};
use crate::candidate::Candidate;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::notice::{Mailbox, Notices};
use crate::number::SessionId;

use locks::Lockable;
pub use locks::{Lock, Taken};
pub use partial::PartialLock;
use partial::PartialLocks;
pub(crate) use partial::prefix;

/// The engine itself: what in-process users name when they act on their own.
pub const INTERNAL: SessionId = SessionId(0);

/// An open session.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Who opened it.
    pub principal: Principal,
    /// How it came in.
    pub source: Source,
    /// When it was opened.
    pub since: Timestamp,
    /// Cancelled when the session was killed, or the engine stops.
    pub ended: Cancel,
    /// Cancelled when it was killed.
    killed: Cancel,
    /// Who has killed it.
    pub(crate) killed_by: Option<SessionId>,
    /// The candidate that it has for itself; `None`: it works on the shared one.
    pub(crate) candidate: Option<Arc<Candidate>>,
    /// Where its subscriptions put what they bring; `None`: its front end takes nothing.
    pub(crate) mailbox: Option<Mailbox>,
}

impl Session {
    /// Which candidate it works on.
    pub fn candidates(&self) -> Candidates {
        match self.candidate {
            Some(_) => Candidates::Private,
            None => Candidates::Shared,
        }
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "session {} (user {}, {} over {}",
            self.id,
            self.principal.effective(),
            self.source.front_end,
            self.source.transport
        )?;
        if let Some(peer) = &self.source.peer {
            write!(f, " from {peer}")?;
        }
        f.write_str(")")
    }
}

#[derive(Default)]
struct Table {
    last: u32,
    open: BTreeMap<SessionId, Session>,
    locks: HashMap<Lockable, Lock>,
    partial: PartialLocks,
}

impl Table {
    fn describe(&self, id: SessionId) -> String {
        match self.open.get(&id) {
            Some(session) => session.to_string(),
            None if id == INTERNAL => "the engine itself".to_owned(),
            None => format!("session {id}"),
        }
    }
}

/// All sessions and locks of an engine.
#[derive(Default)]
pub struct Sessions(Mutex<Table>);

/// A duration in the two largest units that say something.
pub(crate) fn age(from: Timestamp, to: Timestamp) -> String {
    let seconds = (to.as_second() - from.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

impl Sessions {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change of the table is a single insert or remove, so a panic leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session.
    ///
    /// # Errors
    /// All numbers are in use.
    pub fn open(
        &self,
        principal: Principal,
        source: Source,
        candidates: Candidates,
        now: Timestamp,
    ) -> Result<SessionId, BackendError> {
        let mut table = self.table();
        // RFC 6241 8.1: session-id is 1 to 4294967295.
        let mut next = table.last;
        for _ in 0..=table.open.len() {
            next = next.checked_add(1).unwrap_or(1);
            if !table.open.contains_key(&SessionId(next)) {
                break;
            }
        }
        let id = SessionId(next);
        if table.open.contains_key(&id) {
            return Err(BackendError::new(
                ErrorTag::ResourceDenied,
                "no session number is free; close sessions that are not needed",
            ));
        }
        table.last = next;
        let session = Session {
            id,
            principal,
            source,
            since: now,
            ended: Cancel::default(),
            killed: Cancel::default(),
            killed_by: None,
            candidate: own_candidate(id, candidates),
            mailbox: None,
        };
        table.open.insert(id, session);
        Ok(id)
    }

    /// Gives a session another candidate.
    ///
    /// # Errors
    /// It has begun to work on the one that it has.
    pub fn choose(&self, id: SessionId, candidates: Candidates) -> Result<(), BackendError> {
        let mut table = self.table();
        let locked = table.locks.contains_key(&Lockable::Own(id));
        let Some(session) = table.open.get_mut(&id) else {
            return Ok(());
        };
        if session.candidates() == candidates {
            return Ok(());
        }
        let begun = |candidate: &Arc<Candidate>| candidate.work().is_some();
        if locked || session.candidate.as_ref().is_some_and(begun) {
            return Err(BackendError::new(
                ErrorTag::OperationFailed,
                "the session already works on a private candidate; choose before its first use",
            ));
        }
        session.candidate = own_candidate(id, candidates);
        Ok(())
    }

    /// The candidate that a session has for itself, if it has one.
    pub(crate) fn own_candidate_of(&self, id: SessionId) -> Option<Arc<Candidate>> {
        self.table().open.get(&id)?.candidate.clone()
    }

    /// Gives a session a mailbox; what comes out of it is for its front end. `None`: it is not open, or has one.
    pub(crate) fn take_notices(&self, id: SessionId, encoding: Encoding) -> Option<Notices> {
        let mut table = self.table();
        let session = table.open.get_mut(&id)?;
        if session.mailbox.is_some() {
            return None;
        }
        let (mailbox, notices) = Mailbox::new(encoding);
        session.mailbox = Some(mailbox);
        Some(notices)
    }

    /// Whether the session is open.
    pub fn is_open(&self, id: SessionId) -> bool {
        self.table().open.contains_key(&id)
    }

    /// Closes a session and gives its locks free. Returns it, if it was open.
    pub fn close(&self, id: SessionId) -> Option<Session> {
        let mut table = self.table();
        let session = table.open.remove(&id);
        if let Some(session) = &session {
            session.ended.cancel();
        }
        table.locks.retain(|_, lock| lock.owner != id);
        table.partial.retain(|lock| lock.owner != id);
        session
    }

    /// The session of that number.
    pub fn get(&self, id: SessionId) -> Option<Session> {
        self.table().open.get(&id).cloned()
    }

    /// All open sessions.
    pub fn all(&self) -> Vec<Session> {
        self.table().open.values().cloned().collect()
    }

    /// Who a session is, for people.
    pub fn describe(&self, id: SessionId) -> String {
        self.table().describe(id)
    }

    /// Who an open session is, for people.
    pub(crate) fn described(&self, id: SessionId) -> Option<String> {
        let table = self.table();
        let known = table.open.contains_key(&id) || id == INTERNAL;
        known.then(|| table.describe(id))
    }

    /// Ends all sessions: the engine stops.
    pub fn end_all(&self) {
        for session in self.table().open.values() {
            session.ended.cancel();
        }
    }

    /// The session's end, to wait for; already over when the session is unknown.
    pub fn end_of(&self, id: SessionId) -> Cancel {
        match self.table().open.get(&id) {
            Some(session) => session.ended.clone(),
            None => {
                let over = Cancel::default();
                over.cancel();
                over
            }
        }
    }

    /// What ends the work of a session when it is killed. The engine itself, and those who act in it without a session of
    /// their own ([`INTERNAL`]), never are.
    ///
    /// # Errors
    /// The session is not open: nothing would tell whether it was killed.
    pub(crate) fn killed(&self, id: SessionId) -> Result<Cancel, BackendError> {
        if id == INTERNAL {
            return Ok(Cancel::default());
        }
        let killed = self.table().open.get(&id).map(|open| open.killed.clone());
        killed.ok_or_else(|| {
            BackendError::new(
                ErrorTag::OperationFailed,
                format!(
                    "session {id} is not open (any more): it was closed, or ended with kill-session; nothing was changed, so open a session and repeat the request"
                ),
            )
        })
    }

    /// Ends another session (RFC 6241 7.9): its front end sees it, and closes.
    ///
    /// # Errors
    /// The session is the caller's own, or not open.
    pub fn kill(&self, caller: SessionId, victim: SessionId) -> Result<(), BackendError> {
        if caller == victim {
            return Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::InvalidValue,
                "kill-session cannot end its own session; use close-session",
            )
            .with_info("bad-element", "session-id")
            .into());
        }
        match self.table().open.get_mut(&victim) {
            Some(session) => {
                // Its front end may be the first to close it.
                session.killed_by.get_or_insert(caller);
                session.killed.cancel();
                session.ended.cancel();
                Ok(())
            }
            None => Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::InvalidValue,
                format!("there is no session {victim}"),
            )
            .with_info("bad-element", "session-id")
            .into()),
        }
    }
}

fn own_candidate(id: SessionId, candidates: Candidates) -> Option<Arc<Candidate>> {
    match candidates {
        Candidates::Shared => None,
        Candidates::Private => Some(Arc::new(Candidate::private(id))),
    }
}

/// How a session came in, in one line for records.
pub(crate) fn source_line(source: &Source) -> String {
    let mut line = format!("{} {}", source.front_end, source.transport);
    if let Some(peer) = &source.peer {
        line.push(' ');
        line.push_str(peer);
    }
    line
}

/// The source of what the engine does on its own.
pub(crate) fn internal_source() -> Source {
    Source {
        front_end: Arc::from("engine"),
        transport: Arc::from("internal"),
        peer: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Datastore;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn source() -> Source {
        Source {
            front_end: "netconf".into(),
            transport: "ssh".into(),
            peer: Some("192.0.2.1".into()),
        }
    }

    #[test]
    fn the_notices_of_a_session_are_taken_once_and_end_with_it() {
        let (sessions, alice, _) = two_sessions();
        let mut notices = sessions.take_notices(alice, Encoding::Xml).unwrap();
        assert!(sessions.take_notices(alice, Encoding::Xml).is_none());
        assert!(
            sessions
                .take_notices(SessionId(99), Encoding::Xml)
                .is_none()
        );
        sessions.close(alice);
        assert_eq!(notices.blocking_recv(), None);
    }

    fn two_sessions() -> (Sessions, SessionId, SessionId) {
        let sessions = Sessions::default();
        let alice = sessions
            .open(
                Principal::user("alice"),
                source(),
                Candidates::Shared,
                at(0),
            )
            .unwrap();
        let bob = sessions
            .open(Principal::user("bob"), source(), Candidates::Shared, at(0))
            .unwrap();
        (sessions, alice, bob)
    }

    #[test]
    fn a_denied_lock_names_owner_protocol_and_age() {
        let (sessions, alice, bob) = two_sessions();
        sessions.lock(alice, Datastore::Running, at(10)).unwrap();
        let error = sessions.lock(bob, Datastore::Running, at(210)).unwrap_err();
        assert_eq!(error.reports[0].tag, ErrorTag::LockDenied);
        assert_eq!(error.reports[0].info, [("session-id".into(), "1".into())]);
        insta::assert_snapshot!(error, @"running has been locked for 3 min 20 s by session 1 (user alice, netconf over ssh from 192.0.2.1); wait until it is unlocked, or end that session: banyan kill-session 1");
    }

    #[test]
    fn a_lock_dies_with_its_session() {
        let (sessions, alice, bob) = two_sessions();
        sessions.lock(alice, Datastore::Candidate, at(0)).unwrap();
        sessions.close(alice);
        sessions.lock(bob, Datastore::Candidate, at(1)).unwrap();
    }

    #[test]
    fn only_the_owner_unlocks() {
        let (sessions, alice, bob) = two_sessions();
        sessions.lock(alice, Datastore::Startup, at(0)).unwrap();
        sessions.unlock(bob, Datastore::Startup, at(1)).unwrap_err();
        sessions.unlock(alice, Datastore::Startup, at(1)).unwrap();
        let error = sessions
            .unlock(alice, Datastore::Startup, at(1))
            .unwrap_err();
        assert_eq!(error.to_string(), "startup is not locked");
    }

    #[test]
    fn numbers_are_not_reused_while_in_use() {
        let (sessions, alice, bob) = two_sessions();
        assert_eq!((alice, bob), (SessionId(1), SessionId(2)));
        sessions.table().last = u32::MAX;
        let next = sessions
            .open(
                Principal::user("carol"),
                source(),
                Candidates::Shared,
                at(0),
            )
            .unwrap();
        assert_eq!(next, SessionId(3));
    }

    #[test]
    fn a_killed_session_sees_its_end() {
        let (sessions, alice, bob) = two_sessions();
        sessions.kill(alice, alice).unwrap_err();
        sessions.kill(alice, SessionId(99)).unwrap_err();
        sessions.kill(alice, bob).unwrap();
        assert!(sessions.end_of(bob).is_cancelled());
        assert_eq!(sessions.close(bob).unwrap().killed_by, Some(alice));
        assert!(!sessions.end_of(alice).is_cancelled());
    }
}
