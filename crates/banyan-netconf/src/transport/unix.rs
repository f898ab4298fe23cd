//! Unix sockets: the peer is who the kernel says it is (its credentials), no password is asked.

use std::io;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::net::UnixStream;

use super::{Listener, Peer, Reading, Transport, Writing};

/// Why a socket cannot be listened on.
#[derive(Debug, Error)]
pub enum UnixBindError {
    /// A server answers there.
    #[error(
        "{path}: another server is listening on this socket; stop it or choose another socket path"
    )]
    InUse {
        /// The socket.
        path: PathBuf,
    },
    /// Something that is no socket has that name.
    #[error("{path}: exists and is not a socket; remove it or choose another socket path")]
    NotASocket {
        /// The file.
        path: PathBuf,
    },
    /// Anything else, mostly missing directories or permissions.
    #[error(
        "{path}: cannot listen on this socket: {source}; does its directory exist, and may this user write there?"
    )]
    Io {
        /// The socket.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// A listening socket; its file is removed when it is dropped.
#[derive(Debug)]
pub struct UnixListener {
    /// Where it is now.
    path: PathBuf,
    /// Where it is to be.
    wanted: PathBuf,
    listener: tokio::net::UnixListener,
}

impl UnixListener {
    /// Listens on `path`, which gets the permission bits `mode` (who may connect, 0o600 for the
    /// owner only). A socket that a dead server left behind is taken over.
    ///
    /// # Errors
    /// See [`UnixBindError`].
    pub fn bind(path: &Path, mode: u32) -> Result<Self, UnixBindError> {
        let io_error = |source| UnixBindError::Io {
            path: path.to_owned(),
            source,
        };
        if standing(path)? == Standing::LeftBehind {
            std::fs::remove_file(path).map_err(io_error)?;
        }
        let listener = tokio::net::UnixListener::bind(path).map_err(io_error)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(io_error)?;
        Ok(UnixListener {
            path: path.to_owned(),
            wanted: path.to_owned(),
            listener,
        })
    }

    /// As [`UnixListener::bind`], but under another name beside `path` until [`UnixListener::appear`]: what can fail has then
    /// not failed, and nobody connects before he is served.
    ///
    /// # Errors
    /// As [`UnixListener::bind`].
    pub fn bind_unseen(path: &Path, mode: u32) -> Result<Self, UnixBindError> {
        let mut unseen = path.as_os_str().to_owned();
        unseen.push(".new");
        if std::os::unix::net::SocketAddr::from_pathname(&unseen).is_err() {
            // There is no room for a longer name.
            return UnixListener::bind(path, mode);
        }
        check_socket(path)?;
        let bound = UnixListener::bind(Path::new(&unseen), mode);
        let mut listener = bound.map_err(|error| match error {
            UnixBindError::Io { source, .. } => UnixBindError::Io {
                path: path.to_owned(),
                source,
            },
            other => other,
        })?;
        listener.wanted = path.to_owned();
        Ok(listener)
    }

    /// Gives the socket its name, if it does not have it yet; one that a dead server left behind goes.
    ///
    /// # Errors
    /// The system refuses.
    pub fn appear(&mut self) -> Result<(), UnixBindError> {
        if self.path != self.wanted {
            let renamed = std::fs::rename(&self.path, &self.wanted);
            renamed.map_err(|source| UnixBindError::Io {
                path: self.wanted.clone(),
                source,
            })?;
            self.path.clone_from(&self.wanted);
        }
        Ok(())
    }

    /// The file of the socket, as it is called now.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What is at the path of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Standing {
    Nothing,
    /// A socket on which nobody listens any more.
    LeftBehind,
}

/// Whether one may listen on `path`, as far as that can be seen from what is there; changes nothing.
///
/// # Errors
/// See [`UnixBindError`]. Whether its directory can be written is not looked at.
pub fn check_socket(path: &Path) -> Result<(), UnixBindError> {
    standing(path).map(drop)
}

fn standing(path: &Path) -> Result<Standing, UnixBindError> {
    let io_error = |source| UnixBindError::Io {
        path: path.to_owned(),
        source,
    };
    // Addresses are short: 107 bytes on Linux.
    std::os::unix::net::SocketAddr::from_pathname(path).map_err(io_error)?;
    let Ok(metadata) = std::fs::symlink_metadata(path) else {
        return Ok(Standing::Nothing);
    };
    if !metadata.file_type().is_socket() {
        return Err(UnixBindError::NotASocket {
            path: path.to_owned(),
        });
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(UnixBindError::InUse {
            path: path.to_owned(),
        }),
        Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => Ok(Standing::LeftBehind),
        Err(e) => Err(io_error(e)),
    }
}

impl Drop for UnixListener {
    fn drop(&mut self) {
        // It may be gone already; there is nobody to tell.
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Listener for UnixListener {
    async fn accept(&mut self) -> io::Result<Box<dyn Transport>> {
        loop {
            let (stream, _) = match self.listener.accept().await {
                Ok(accepted) => accepted,
                Err(e) if out_of_descriptors(&e) => {
                    tracing::warn!(error = %e, "cannot accept a connection; trying again");
                    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                    continue;
                }
                Err(e) => return Err(e),
            };
            match stream.peer_cred() {
                Ok(credentials) => {
                    let user = user_name(credentials.uid());
                    let peer = Peer {
                        // The kernel vouches for a user of this machine, and the machine for his groups.
                        groups: group_names(&user),
                        user,
                        transport: "unix",
                        address: credentials.pid().map(|pid| format!("pid {pid}")),
                    };
                    return Ok(Box::new(UnixTransport { peer, stream }));
                }
                Err(e) => tracing::warn!(error = %e, "a connection without credentials is refused"),
            }
        }
    }
}

/// EMFILE and ENFILE pass when other connections end.
pub(super) fn out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(23 | 24))
        || error.kind() == io::ErrorKind::ConnectionAborted
}

/// Connects to a server on a Unix socket.
///
/// # Errors
/// What the system says, with the path.
pub async fn connect_unix(path: &Path) -> io::Result<Box<dyn Transport>> {
    let stream = UnixStream::connect(path).await.map_err(|e| {
        let text = format!(
            "{}: cannot connect: {e}; is the server running?",
            path.display()
        );
        io::Error::new(e.kind(), text)
    })?;
    let peer = Peer {
        user: stream
            .peer_cred()
            .map_or_else(|_| String::new(), |c| user_name(c.uid())),
        transport: "unix",
        address: Some(path.display().to_string()),
        groups: Vec::new(),
    };
    Ok(Box::new(UnixTransport { peer, stream }))
}

struct UnixTransport {
    peer: Peer,
    stream: UnixStream,
}

impl Transport for UnixTransport {
    fn peer(&self) -> &Peer {
        &self.peer
    }

    fn into_halves(self: Box<Self>) -> (Reading, Writing) {
        let (reading, writing) = self.stream.into_split();
        (Box::new(reading), Box::new(writing))
    }
}

/// The login name of a user id, from `/etc/passwd`; the number itself for one that is not there.
pub fn user_name(uid: u32) -> String {
    std::fs::read_to_string("/etc/passwd")
        .ok()
        .and_then(|passwd| {
            passwd.lines().find_map(|line| {
                let mut fields = line.split(':');
                let name = fields.next()?;
                let id = fields.nth(1)?;
                (id.parse() == Ok(uid)).then(|| name.to_owned())
            })
        })
        .unwrap_or_else(|| uid.to_string())
}

/// The groups of a login name, from `/etc/group` and the primary group in `/etc/passwd`; none for a name that is not there.
pub fn group_names(user: &str) -> Vec<String> {
    let read = |file| std::fs::read_to_string(file).unwrap_or_default();
    groups_of(user, &read("/etc/passwd"), &read("/etc/group"))
}

fn groups_of(user: &str, passwd: &str, group: &str) -> Vec<String> {
    let primary = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(user)).then(|| fields.nth(2).unwrap_or_default())
    });
    let Some(primary) = primary else {
        return Vec::new();
    };
    let member = |line: &str| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, id, members] = fields[..] else {
            return None;
        };
        let belongs = id == primary || members.split(',').any(|member| member == user);
        belongs.then(|| name.to_owned())
    };
    group.lines().filter_map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_become_login_names() {
        assert_eq!(user_name(0), "root");
        assert_eq!(user_name(4_000_000_001), "4000000001");
    }

    #[test]
    fn a_user_is_in_his_primary_group_and_in_those_that_name_him() {
        let passwd = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";
        let group = "root:x:0:\nadm:x:4:syslog,alice\nalice:x:1000:\nali:x:7:alicea\n";
        assert_eq!(groups_of("alice", passwd, group), ["adm", "alice"]);
        assert_eq!(groups_of("root", passwd, group), ["root"]);
        assert!(groups_of("syslog", passwd, group).is_empty());
    }

    #[tokio::test]
    async fn a_live_socket_is_not_taken_and_a_dead_one_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        let first = UnixListener::bind(&path, 0o600).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert!(matches!(
            UnixListener::bind(&path, 0o600),
            Err(UnixBindError::InUse { .. })
        ));
        drop(first);
        assert!(!path.exists());
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "as after a crash");
        UnixListener::bind(&path, 0o600).unwrap();
        std::fs::write(&path, "").unwrap();
        assert!(matches!(
            UnixListener::bind(&path, 0o600),
            Err(UnixBindError::NotASocket { .. })
        ));
    }

    #[tokio::test]
    async fn a_socket_appears_when_it_is_told_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s");
        drop(UnixListener::bind_unseen(&path, 0o600).unwrap());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let mut listener = UnixListener::bind_unseen(&path, 0o600).unwrap();
        let connect = || std::os::unix::net::UnixStream::connect(&path);
        assert!(connect().is_err(), "it is that of a dead server");
        listener.appear().unwrap();
        listener.appear().unwrap();
        connect().unwrap();
        assert!(matches!(
            UnixListener::bind_unseen(&path, 0o600),
            Err(UnixBindError::InUse { .. })
        ));
        drop(listener);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        std::fs::write(&path, "").unwrap();
        assert!(matches!(
            UnixListener::bind_unseen(&path, 0o600),
            Err(UnixBindError::NotASocket { .. })
        ));
        let nowhere = dir.path().join("no/s");
        let error = UnixListener::bind_unseen(&nowhere, 0o600).unwrap_err();
        assert!(error.to_string().starts_with(nowhere.to_str().unwrap()));
    }
}
