//! Where the daemon is: the places where client commands look for its socket.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::CommandError;
use crate::args::Connect;
use crate::config::Config;

/// Where the system keeps the socket of a daemon that its configuration puts there.
const SYSTEM: &str = "/run/banyan/banyan.sock";

/// The daemon's socket, from the first of these that says one: `--socket`, `BANYAN_SOCKET`, `--config`, `banyan.toml` in
/// the current directory, a socket in the user's runtime directory, and in the system's.
///
/// # Errors
/// None does, or a configuration cannot be used.
pub fn socket_of(connect: &Connect) -> Result<PathBuf, CommandError> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let places = Places {
        option: connect.socket.as_deref(),
        variable: variable("BANYAN_SOCKET"),
        config: connect.config.as_deref(),
        here: Path::new("banyan.toml"),
        user: variable("XDG_RUNTIME_DIR")
            .map(|directory| PathBuf::from(directory).join("banyan.sock")),
        system: Path::new(SYSTEM),
    };
    let socket = places.first()?;
    if let (Some(given), Some(config), None) = (&places.variable, places.config, places.option) {
        eprintln!(
            "warning: BANYAN_SOCKET goes before --config {}: the daemon at {} is meant",
            config.display(),
            Path::new(given).display()
        );
    }
    Ok(socket)
}

/// The places, in the order in which they are tried.
struct Places<'a> {
    option: Option<&'a Path>,
    variable: Option<OsString>,
    config: Option<&'a Path>,
    here: &'a Path,
    user: Option<PathBuf>,
    system: &'a Path,
}

impl Places<'_> {
    fn first(&self) -> Result<PathBuf, CommandError> {
        if let Some(socket) = self.option {
            return Ok(socket.to_owned());
        }
        if let Some(socket) = &self.variable {
            return Ok(PathBuf::from(socket));
        }
        if let Some(file) = self.config {
            return configured(file);
        }
        if self.here.exists() {
            return configured(self.here);
        }
        let known = self.user.as_deref().into_iter().chain([self.system]);
        for socket in known {
            if socket.exists() {
                return Ok(socket.to_owned());
            }
        }
        let user = match &self.user {
            Some(socket) => format!("{}: not there", socket.display()),
            None => "$XDG_RUNTIME_DIR/banyan.sock: XDG_RUNTIME_DIR is not set".to_owned(),
        };
        Err(CommandError::Usage(format!(
            "which daemon? its socket was looked for in\n  --socket PATH: not given\n  BANYAN_SOCKET: not set\n  \
             --config FILE: not given\n  ./{}: not there\n  {user}\n  {}: not there\ngive one of them",
            self.here.display(),
            self.system.display(),
        )))
    }
}

/// The socket that a configuration names.
fn configured(file: &Path) -> Result<PathBuf, CommandError> {
    let config = Config::load(file).map_err(|error| CommandError::Usage(error.to_string()))?;
    Ok(config.netconf.socket)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_first_place_that_names_a_socket_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        let nowhere = directory.path().join("nowhere");
        let given = file("given.toml", "store.directory = 'given'\n");
        let here = file(
            "banyan.toml",
            "store.directory = 's'\n[netconf]\nsocket = 'here'\n",
        );
        let (user, system) = (file("user", ""), file("system", ""));
        let mut places = Places {
            option: Some(Path::new("/option")),
            variable: Some("/variable".into()),
            config: Some(&given),
            here: &here,
            user: Some(user.clone()),
            system: &system,
        };
        assert_eq!(places.first().unwrap(), Path::new("/option"));
        places.option = None;
        assert_eq!(places.first().unwrap(), Path::new("/variable"));
        places.variable = None;
        let in_store = directory.path().join("given/banyan.sock");
        assert_eq!(places.first().unwrap(), in_store);
        places.config = None;
        assert_eq!(places.first().unwrap(), directory.path().join("here"));
        places.here = &nowhere;
        assert_eq!(places.first().unwrap(), user);
        places.user = None;
        assert_eq!(places.first().unwrap(), system);
        places.system = &nowhere;
        let said = places.first().unwrap_err().to_string();
        for place in [
            "--socket",
            "BANYAN_SOCKET",
            "--config",
            "nowhere: not there",
            "XDG_RUNTIME_DIR is not set",
        ] {
            assert!(said.contains(place), "{place}: {said}");
        }
        // One that is named must be there.
        places.config = Some(&nowhere);
        assert!(places.first().unwrap_err().to_string().contains("nowhere"));
    }
}
