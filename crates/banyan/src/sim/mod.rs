//! `banyan sim`: independent devices in one process, each an engine with a NETCONF server over SSH.

mod faults;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use banyan_engine::backend::{Backend, Cancel};
use banyan_engine::engine::EngineBuilder;
use banyan_engine::monitoring::SchemaState;
use banyan_netconf::server::{Server, ServerOptions};
use banyan_netconf::transport::{SshListener, SshServerConfig, SshUser, hash_password};
use banyan_yang::schema::Schema;
use tokio::task::JoinSet;

use crate::args::Sim;
use crate::config::{Log, Yang};
use crate::directories::{Search, modules_in};
use crate::models::{self, ModelError, PROTOCOL};
use crate::process::logging;
use crate::serve::{ServeError, stop_signal};
use faults::Faulty;

/// Runs the devices until the process is told to stop.
pub async fn run(sim: Sim) -> Result<(), ServeError> {
    let log = Log::default();
    logging::start(log.level, &log.destination)?;
    let modules = modules_in(&sim.model, Search::Flat).map_err(ModelError::from)?;
    let yang = Yang {
        path: vec![sim.model.clone()],
        load: modules.into_iter().map(|it| it.file_name).collect(),
        ..Yang::default()
    };
    // All devices have one model, so they share one schema.
    let models = models::compile(&yang, PROTOCOL, None)?;
    models.warnings().for_each(|line| tracing::warn!("{line}"));
    let schema = models.schema;
    let stop = Cancel::default();
    let mut devices = JoinSet::new();
    let password_hash = hash_password(&sim.password).map_err(ServeError::Password)?;
    for index in 0..sim.count {
        let device = Device::open(&sim, index, schema.clone(), &password_hash).await?;
        println!("{} listens on {}", device.name, device.listener.address());
        let stop = stop.clone();
        devices.spawn(device.serve(stop));
    }
    stop_signal().await?;
    stop.cancel();
    while let Some(ended) = devices.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a device crashed");
        }
    }
    Ok(())
}

struct Device {
    name: String,
    engine: banyan_engine::engine::Engine,
    server: Server,
    listener: SshListener,
}

impl Device {
    async fn open(
        sim: &Sim,
        index: u16,
        schema: Arc<Schema>,
        password_hash: &str,
    ) -> Result<Device, ServeError> {
        let name = format!("{}{index}", sim.name);
        let state = SchemaState::new(&schema)?;
        let mut builder = EngineBuilder::new(schema).provider(Arc::new(state));
        // Without a directory of its own the device still needs a place for its host key.
        let keys = match &sim.state {
            Some(state) => {
                let directory = state.join(&name);
                builder = builder.directory(&directory);
                directory
            }
            // The port names it, so that a device that is started again is the same one to its clients.
            None => std::env::temp_dir().join(format!("banyan-sim-{}", sim.base_port)),
        };
        let engine = builder.open().await?;
        std::fs::create_dir_all(&keys).map_err(|source| ServeError::Directory {
            directory: keys.clone(),
            source,
        })?;
        let port = sim.base_port.checked_add(index).ok_or(ServeError::Ports)?;
        let user = SshUser {
            name: sim.user.clone(),
            password_hash: Some(password_hash.to_owned()),
            authorized_keys: Vec::new(),
            groups: Vec::new(),
        };
        let address = SocketAddr::new(sim.address, port);
        let host_key = keys.join(format!("{name}_ssh_host_ed25519_key"));
        let listener =
            SshListener::bind(SshServerConfig::new(address, host_key, vec![user])).await?;
        let backend: Arc<dyn Backend> = Arc::new(engine.clone());
        let faulty = Faulty::new(backend, sim.fail, Duration::from_millis(sim.delay));
        let server = Server::new(Arc::new(faulty), ServerOptions::default());
        Ok(Device {
            name,
            engine,
            server,
            listener,
        })
    }

    async fn serve(self, stop: Cancel) {
        if let Err(error) = self.server.serve(self.listener, stop).await {
            tracing::error!(device = self.name, %error, "the device accepts no more sessions");
        }
        if let Err(error) = self.engine.stop().await {
            tracing::error!(device = self.name, %error, "the device's last checkpoint was not written");
        }
    }
}
