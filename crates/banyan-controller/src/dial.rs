//! How a device is reached: the seam to the transport, and SSH behind it.

use std::time::Duration;

use banyan_engine::backend::BoxFuture;
use banyan_netconf::transport::{HostKeyPolicy, SshAuth, SshTarget, Transport, connect_ssh};

use crate::model::{HostKey, Login, Settings};
use crate::store::Store;

/// Silence after which an SSH connection is probed.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Makes connections to devices.
pub trait Dial: Send + Sync {
    /// A connected, authenticated transport to the device, or why there is none: for people, with what to do.
    fn dial(
        &self,
        device: &str,
        settings: &Settings,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Box<dyn Transport>, String>>;
}

/// NETCONF over SSH (RFC 6242).
pub struct SshDial {
    store: Store,
}

impl SshDial {
    /// Host keys and relative key files are looked up in `store`.
    pub fn new(store: Store) -> SshDial {
        SshDial { store }
    }

    fn target(
        &self,
        device: &str,
        settings: &Settings,
        timeout: Duration,
    ) -> Result<SshTarget, String> {
        let auth = match &settings.login {
            Login::Password(password) => SshAuth::Password(password.clone()),
            Login::PrivateKey(file) => SshAuth::Key {
                // An absolute path stays as it is.
                path: self.store.root().join(file),
                passphrase: None,
            },
            Login::Nothing => {
                return Err(format!(
                    "no password and no private-key is configured: set one of them in /devices/device[name='{device}']"
                ));
            }
        };
        let known_hosts = self.store.device_known_hosts(device);
        let host_key = match &settings.host_key {
            HostKey::Any => HostKeyPolicy::AcceptAny,
            HostKey::AcceptNew => HostKeyPolicy::AcceptNew(known_hosts),
            HostKey::Strict(key) => {
                let file = known_hosts.with_extension("strict");
                // known_hosts writes the port only where it is not SSH's own.
                let host = match settings.port {
                    22 => settings.addr.clone(),
                    port => format!("[{}]:{port}", settings.addr),
                };
                let line = format!("{host} {}\n", key.trim());
                self.store
                    .write(&file, line.as_bytes())
                    .map_err(|error| error.to_string())?;
                HostKeyPolicy::Known(file)
            }
        };
        Ok(SshTarget {
            host: settings.addr.clone(),
            port: settings.port,
            user: settings.user.clone(),
            auth,
            host_key,
            timeout,
            keepalive: KEEPALIVE,
        })
    }
}

impl Dial for SshDial {
    fn dial(
        &self,
        device: &str,
        settings: &Settings,
        timeout: Duration,
    ) -> BoxFuture<'static, Result<Box<dyn Transport>, String>> {
        let target = self.target(device, settings, timeout);
        Box::pin(async move {
            let target = target?;
            connect_ssh(&target)
                .await
                .map_err(|error| error.to_string())
        })
    }
}
