//! As whom the daemon runs: from root to the configured user, for good.
//!
//! glibc and musl change the ids of all threads of the process, so that it does not matter which threads there are
//! already. There is no way back: `drop_temp` would have to give root to every request of that moment.

use std::ffi::CString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::{Gid, Group, Uid, User, geteuid, initgroups, setgid, setuid};

use crate::config::{Privileges, Process};

/// Why the daemon cannot run as it should.
#[derive(Debug, thiserror::Error)]
pub enum PrivilegeError {
    /// There is no such user.
    #[error(
        "there is no user {0:?} on this system; correct process.user (CLICON_BACKEND_USER), or do: useradd --system {0}"
    )]
    NoUser(String),
    /// There is no such group.
    #[error(
        "there is no group {0:?} on this system; correct netconf.socket-group (CLICON_SOCK_GROUP), or do: groupadd --system {0}"
    )]
    NoGroup(String),
    /// Only root can become another user.
    #[error(
        "this daemon was started by {started}, and is to run as {wanted}; start it as root or as {wanted}, or leave out process.user"
    )]
    NotRoot {
        /// Who started it.
        started: String,
        /// Who it should be.
        wanted: String,
    },
    /// The system does not give a file to its owner.
    #[error("cannot give {} to {owner}: {source}", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// Who should have it.
        owner: String,
        /// What the system said.
        source: io::Error,
    },
    /// The system refuses.
    #[error("cannot become user {user}: {what}: {reason}")]
    Refused {
        /// Who.
        user: String,
        /// Which step.
        what: &'static str,
        /// What the system said.
        reason: String,
    },
    /// Root's privileges can be had again.
    #[error(
        "root's privileges were not given up: this system lets user {0} become root again; do not run as root here"
    )]
    Kept(String),
    /// The store belongs to somebody else.
    #[error("user {user} cannot use the store {}: {reason}; do: chown -R {user} {}", directory.display(), directory.display())]
    Store {
        /// Who.
        user: String,
        /// The store's directory.
        directory: PathBuf,
        /// What is in the way.
        reason: String,
    },
}

/// The user that the daemon becomes.
#[derive(Debug, Clone)]
pub struct Identity {
    name: String,
    uid: Uid,
    gid: Gid,
}

/// The user to become; `None` when the daemon is that one already, or stays who it is.
///
/// # Errors
/// The user is not known, or the daemon was not started as root.
pub fn identity(process: &Process) -> Result<Option<Identity>, PrivilegeError> {
    let (Some(name), Privileges::Dropped | Privileges::DroppedForATime) =
        (&process.user, process.privileges)
    else {
        return Ok(None);
    };
    let found = User::from_name(name).ok().flatten();
    let user = found.ok_or_else(|| PrivilegeError::NoUser(name.clone()))?;
    let now = geteuid();
    if user.uid == now {
        return Ok(None);
    }
    if !now.is_root() {
        return Err(PrivilegeError::NotRoot {
            started: banyan_netconf::transport::user_name(now.as_raw()),
            wanted: name.clone(),
        });
    }
    if process.privileges == Privileges::DroppedForATime {
        tracing::warn!(
            "privileges are dropped for good, not for a time: becoming root again would give root to all requests under way"
        );
    }
    Ok(Some(Identity {
        name: user.name,
        uid: user.uid,
        gid: user.gid,
    }))
}

/// The name of the user who has started this process.
pub fn starting_user() -> String {
    banyan_netconf::transport::user_name(nix::unistd::getuid().as_raw())
}

/// The number of a group.
///
/// # Errors
/// There is no such group.
pub fn group(name: &str) -> Result<u32, PrivilegeError> {
    match Group::from_name(name) {
        Ok(Some(group)) => Ok(group.gid.as_raw()),
        _ => Err(PrivilegeError::NoGroup(name.to_owned())),
    }
}

/// Gives a file to owner and group. A symbolic link is not followed: the directory may be somebody else's.
///
/// # Errors
/// The system refuses.
pub fn give(
    path: &Path,
    owner: Option<&Identity>,
    group: Option<u32>,
) -> Result<(), PrivilegeError> {
    let uid = owner.map(|owner| owner.uid.as_raw());
    let gid = group.or(owner.map(|owner| owner.gid.as_raw()));
    std::os::unix::fs::lchown(path, uid, gid).map_err(|source| PrivilegeError::Owner {
        path: path.to_owned(),
        owner: match (owner, gid) {
            (Some(owner), _) => format!("user {}", owner.name),
            (None, Some(gid)) => format!("group {gid} (is this user a member of it?)"),
            (None, None) => "its owner".to_owned(),
        },
        source,
    })
}

impl Identity {
    /// Makes the store's directory for this user, if it is not there; nobody else can read it.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn make_store(&self, directory: &Path) -> Result<(), PrivilegeError> {
        if directory.exists() {
            return Ok(());
        }
        let failed = |source| PrivilegeError::Owner {
            path: directory.to_owned(),
            owner: format!("user {}", self.name),
            source,
        };
        if let Some(parent) = directory.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        DirBuilder::new()
            .mode(0o700)
            .create(directory)
            .map_err(failed)?;
        give(directory, Some(self), None)
    }

    /// Becomes this user, for good, with the user's groups.
    ///
    /// # Errors
    /// The system refuses, or would let us become root again.
    pub fn assume(&self) -> Result<(), PrivilegeError> {
        let refused = |what, reason: String| PrivilegeError::Refused {
            user: self.name.clone(),
            what,
            reason,
        };
        let name = CString::new(self.name.as_str())
            .map_err(|error| refused("its name", error.to_string()))?;
        // Groups first: afterwards we may not.
        initgroups(&name, self.gid).map_err(|error| refused("its groups", error.to_string()))?;
        setgid(self.gid).map_err(|error| refused("its group", error.to_string()))?;
        setuid(self.uid).map_err(|error| refused("its user id", error.to_string()))?;
        if setuid(Uid::from_raw(0)).is_ok() {
            return Err(PrivilegeError::Kept(self.name.clone()));
        }
        tracing::info!(user = self.name, "privileges are dropped");
        Ok(())
    }

    /// Whether this user, who we are now, can use the store, and everything in it.
    ///
    /// # Errors
    /// Something in it belongs to somebody else, or cannot be written.
    pub fn check_store(&self, directory: &Path) -> Result<(), PrivilegeError> {
        let probe = directory.join(format!(".probe-{}", std::process::id()));
        fs::File::create_new(&probe)
            .and_then(|_| fs::remove_file(&probe))
            .map_err(|error| self.no_use_of(directory, format!("it cannot be written: {error}")))?;
        self.check_owner(directory)
    }

    fn no_use_of(&self, directory: &Path, reason: String) -> PrivilegeError {
        PrivilegeError::Store {
            user: self.name.clone(),
            directory: directory.to_owned(),
            reason,
        }
    }

    /// Whether everything in the store belongs to this user, who need not be us.
    ///
    /// # Errors
    /// Something in it belongs to somebody else, or cannot be looked at.
    pub fn check_owner(&self, directory: &Path) -> Result<(), PrivilegeError> {
        let failed = |reason: String| self.no_use_of(directory, reason);
        let mut open = vec![directory.to_owned()];
        while let Some(directory) = open.pop() {
            let entries = fs::read_dir(&directory)
                .and_then(|entries| entries.collect::<Result<Vec<_>, _>>())
                .map_err(|error| failed(format!("{}: {error}", directory.display())))?;
            for entry in entries {
                let path = entry.path();
                let metadata = fs::symlink_metadata(&path)
                    .map_err(|error| failed(format!("{}: {error}", path.display())))?;
                if metadata.uid() != self.uid.as_raw() {
                    let owner = banyan_netconf::transport::user_name(metadata.uid());
                    return Err(failed(format!("{} belongs to {owner}", path.display())));
                }
                if metadata.is_dir() {
                    open.push(path);
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(user: &str, privileges: Privileges) -> Process {
        Process {
            user: Some(user.to_owned()),
            privileges,
            pid_file: None,
            stop_timeout: std::time::Duration::ZERO,
        }
    }

    #[test]
    fn a_user_who_is_not_there_is_named_with_the_remedy() {
        let error = identity(&process("no-such-user", Privileges::Dropped)).unwrap_err();
        assert!(
            error.to_string().contains("useradd --system no-such-user"),
            "{error}"
        );
    }

    #[test]
    fn privileges_that_are_kept_need_no_user() {
        assert!(
            identity(&process("no-such-user", Privileges::Kept))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn a_group_that_is_not_there_is_named() {
        assert!(
            group("no-such-group")
                .unwrap_err()
                .to_string()
                .contains("groupadd")
        );
    }
}
