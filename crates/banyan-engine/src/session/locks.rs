//! Locks of whole datastores and of parts of running (RFC 6241 7.5 and 7.6, RFC 5717), as entries of the table of sessions.

use banyan_data::change::ChangeSet;
use jiff::Timestamp;

use super::{PartialLock, Sessions, Table, age};
use crate::backend::{Datastore, LockedNode};
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::number::SessionId;

/// A lock that is held.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lock {
    /// Whose it is.
    pub owner: SessionId,
    /// Since when.
    pub since: Timestamp,
    /// How it was taken.
    pub taken: Taken,
}

/// How a lock was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    /// By request: it stays until it is given back.
    Asked,
    /// By the first edit: it ends with commit or discard.
    ByEdit,
}

/// What a lock of a whole datastore is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Lockable {
    /// A datastore that all share.
    Shared(Datastore),
    /// The candidate of a session.
    Own(SessionId),
}

impl Table {
    /// What a session means by a datastore.
    fn meant(&self, id: SessionId, store: Datastore) -> Lockable {
        let private = || {
            self.open
                .get(&id)
                .is_some_and(|open| open.candidate.is_some())
        };
        match store {
            Datastore::Candidate if private() => Lockable::Own(id),
            store => Lockable::Shared(store),
        }
    }

    /// Fails when another session than `id` has locked the datastore.
    fn require_free(
        &self,
        id: SessionId,
        store: Datastore,
        now: Timestamp,
    ) -> Result<(), BackendError> {
        match self.locks.get(&self.meant(id, store)) {
            Some(lock) if lock.owner != id => Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::InUse,
                self.held_by_another(store, *lock, now),
            )
            .with_info("session-id", lock.owner.to_string())
            .into()),
            _ => Ok(()),
        }
    }

    fn held_by_another(&self, store: Datastore, lock: Lock, now: Timestamp) -> String {
        format!(
            "{} has been locked for {} by {}; wait until it is unlocked, or end that session: banyan kill-session {}",
            store.name(),
            age(lock.since, now),
            self.describe(lock.owner),
            lock.owner
        )
    }

    fn partially_held(&self, lock: &PartialLock, now: Timestamp) -> String {
        let first = lock.nodes.first().map_or("", |node| &*node.path);
        let more = match lock.nodes.len() {
            0 | 1 => String::new(),
            count => format!(" and {} more", count - 1),
        };
        format!(
            "the partial lock {} of {} has held {first}{more} for {}; wait until it is unlocked, or end that session: banyan kill-session {}",
            lock.id,
            self.describe(lock.owner),
            age(lock.since, now),
            lock.owner,
        )
    }
}

/// `lock-denied`, with the session that is in the way.
fn denied(message: String, owner: SessionId) -> Report {
    Report::new(ErrorLayer::Protocol, ErrorTag::LockDenied, message)
        .with_info("session-id", owner.to_string())
}

impl Sessions {
    /// The lock on a datastore; of candidates, the shared one.
    pub fn locked(&self, store: Datastore) -> Option<Lock> {
        self.table().locks.get(&Lockable::Shared(store)).copied()
    }

    /// The lock on what a session means by a datastore.
    pub fn locked_for(&self, id: SessionId, store: Datastore) -> Option<Lock> {
        let table = self.table();
        table.locks.get(&table.meant(id, store)).copied()
    }

    /// The locks of private candidates, which are in nobody's way.
    pub fn private_locks(&self) -> Vec<Lock> {
        let table = self.table();
        let own =
            |(what, lock): (&Lockable, &Lock)| matches!(what, Lockable::Own(_)).then_some(*lock);
        table.locks.iter().filter_map(own).collect()
    }

    /// The partial locks of running.
    pub fn partial_locks(&self) -> Vec<PartialLock> {
        self.table().partial.held().to_vec()
    }

    /// Takes the lock, unless it is held (RFC 6241 7.5: by whomever), or another session holds a part of it (RFC 5717
    /// 2.4).
    ///
    /// # Errors
    /// `lock-denied` with the owner's session-id.
    pub fn lock(
        &self,
        id: SessionId,
        store: Datastore,
        now: Timestamp,
    ) -> Result<(), BackendError> {
        let mut table = self.table();
        let what = table.meant(id, store);
        if let Some(held) = table.locks.get(&what).copied() {
            let message = if held.owner == id {
                format!("{} is already locked by this session", store.name())
            } else {
                table.held_by_another(store, held, now)
            };
            return Err(denied(message, held.owner).into());
        }
        let others = |lock: &&PartialLock| store == Datastore::Running && lock.owner != id;
        if let Some(lock) = table.partial.held().iter().find(others) {
            return Err(denied(table.partially_held(lock, now), lock.owner).into());
        }
        let lock = Lock {
            owner: id,
            since: now,
            taken: Taken::Asked,
        };
        table.locks.insert(what, lock);
        Ok(())
    }

    /// Takes the lock of the shared candidate for its first edit; `true`: the session did not have it yet.
    ///
    /// # Errors
    /// As [`Sessions::require_free`].
    pub fn lock_by_edit(&self, id: SessionId, now: Timestamp) -> Result<bool, BackendError> {
        let mut table = self.table();
        table.require_free(id, Datastore::Candidate, now)?;
        let what = table.meant(id, Datastore::Candidate);
        if what == Lockable::Own(id) || table.locks.contains_key(&what) {
            return Ok(false);
        }
        let lock = Lock {
            owner: id,
            since: now,
            taken: Taken::ByEdit,
        };
        table.locks.insert(what, lock);
        Ok(true)
    }

    /// Gives back what an edit has locked.
    pub fn unlock_after_edit(&self, id: SessionId) {
        let what = Lockable::Shared(Datastore::Candidate);
        let mut table = self.table();
        let by_edit = |lock: &Lock| lock.owner == id && lock.taken == Taken::ByEdit;
        if table.locks.get(&what).is_some_and(by_edit) {
            table.locks.remove(&what);
        }
    }

    /// Gives the session's lock free (RFC 6241 7.6).
    ///
    /// # Errors
    /// It is not locked, or by another session.
    pub fn unlock(
        &self,
        id: SessionId,
        store: Datastore,
        now: Timestamp,
    ) -> Result<(), BackendError> {
        let mut table = self.table();
        let what = table.meant(id, store);
        let message = match table.locks.get(&what).copied() {
            Some(lock) if lock.owner == id => {
                table.locks.remove(&what);
                return Ok(());
            }
            None => format!("{} is not locked", store.name()),
            Some(lock) => table.held_by_another(store, lock, now),
        };
        Err(Report::new(ErrorLayer::Protocol, ErrorTag::OperationFailed, message).into())
    }

    /// Locks parts of running (RFC 5717 2.4.1) and gives the lock its number.
    ///
    /// # Errors
    /// `lock-denied` when another session has locked running, or some of the nodes, what is above or beneath them.
    pub fn lock_partially(
        &self,
        id: SessionId,
        select: Vec<String>,
        nodes: Vec<LockedNode>,
        now: Timestamp,
    ) -> Result<u32, BackendError> {
        let mut table = self.table();
        let running = table.locks.get(&Lockable::Shared(Datastore::Running));
        if let Some(lock) = running.filter(|lock| lock.owner != id).copied() {
            let message = table.held_by_another(Datastore::Running, lock, now);
            return Err(denied(message, lock.owner).into());
        }
        if let Some(lock) = table.partial.overlapped(id, &nodes) {
            return Err(denied(table.partially_held(lock, now), lock.owner).into());
        }
        table.partial.add(id, select, nodes, now).ok_or_else(|| {
            BackendError::new(ErrorTag::ResourceDenied, "no number is free for the lock")
        })
    }

    /// Gives a partial lock of the session free (RFC 5717 2.4.2).
    ///
    /// # Errors
    /// `invalid-value`: the session has no lock of that number.
    pub fn unlock_partially(&self, id: SessionId, lock: u32) -> Result<(), BackendError> {
        let mut table = self.table();
        let before = table.partial.held().len();
        table
            .partial
            .retain(|held| held.id != lock || held.owner != id);
        if table.partial.held().len() < before {
            return Ok(());
        }
        Err(Report::new(
            ErrorLayer::Protocol,
            ErrorTag::InvalidValue,
            format!("this session has no partial lock {lock}"),
        )
        .with_info("bad-element", "lock-id")
        .into())
    }

    /// Fails when another session than `id` has locked the datastore.
    ///
    /// # Errors
    /// `in-use` with the owner's session-id (RFC 6241 appendix A).
    pub fn require_free(
        &self,
        id: SessionId,
        store: Datastore,
        now: Timestamp,
    ) -> Result<(), BackendError> {
        self.table().require_free(id, store, now)
    }

    /// Fails when another session than `id` has locked running, or something of it that the change touches. Costs what
    /// the change costs.
    ///
    /// # Errors
    /// `in-use` with the owner's session-id.
    pub fn require_unlocked(
        &self,
        id: SessionId,
        changes: &ChangeSet,
        now: Timestamp,
    ) -> Result<(), BackendError> {
        let table = self.table();
        table.require_free(id, Datastore::Running, now)?;
        match table.partial.met_by(id, changes) {
            None => Ok(()),
            Some(lock) => Err(Report::new(
                ErrorLayer::Protocol,
                ErrorTag::InUse,
                table.partially_held(lock, now),
            )
            .with_info("session-id", lock.owner.to_string())
            .into()),
        }
    }
}
