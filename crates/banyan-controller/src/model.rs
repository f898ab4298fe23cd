//! The module `banyan-controller` in an engine's schema: where its nodes are, and what they say of devices.
//!
//! Reads and makes trees; no I/O. All ids are looked up once, when the controller is made.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use banyan_data::change::{Change, ChangeKind, ChangeSet, ChangedContent, Instance};
use banyan_data::list::List;
use banyan_data::path::{InstancePath, Select};
use banyan_data::{Content, Node, Tree, Value, lexical};
use banyan_yang::schema::{ModuleId, Schema, SchemaId};

use crate::transaction::DeviceName;

/// The module's name.
pub const MODULE: &str = "banyan-controller";

/// The schema lacks something of the module.
#[derive(Debug, thiserror::Error)]
#[error(
    "the schema has no {missing}: the controller needs the module banyan-controller as it comes with Banyan"
)]
pub struct ModelError {
    missing: String,
}

/// How to log in to a device.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// With a password.
    Password(String),
    /// With a private key in a file.
    PrivateKey(PathBuf),
    /// Nothing is configured.
    Nothing,
}

/// Which host keys of a device are accepted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostKey {
    /// Only this one: algorithm and base64.
    Strict(String),
    /// The first one seen.
    AcceptNew,
    /// Any.
    Any,
}

/// How a device is reached, as the configuration has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// A disabled device is not connected.
    pub enabled: bool,
    /// Address or name.
    pub addr: String,
    /// TCP port.
    pub port: u16,
    /// User name on the device.
    pub user: String,
    /// How to log in.
    pub login: Login,
    /// Which host keys are accepted.
    pub host_key: HostKey,
}

/// Ids of the nodes of `banyan-controller`.
#[derive(Debug)]
pub struct Model {
    schema: Arc<Schema>,
    module: ModuleId,
    /// `/devices`
    pub devices: SchemaId,
    /// `/devices/device-timeout`
    device_timeout: SchemaId,
    /// `/devices/device`
    pub device: SchemaId,
    /// `/devices/device/name`
    pub name: SchemaId,
    enabled: SchemaId,
    addr: SchemaId,
    port: SchemaId,
    user: SchemaId,
    password: SchemaId,
    private_key: SchemaId,
    host_key_policy: SchemaId,
    host_key: SchemaId,
    /// `/devices/device/config`, the mount point.
    pub config: SchemaId,
}

impl Model {
    /// Finds the module's nodes.
    ///
    /// # Errors
    /// The module or one of its nodes is not in the schema.
    pub fn of(schema: &Arc<Schema>) -> Result<Model, ModelError> {
        let missing = |missing: String| ModelError { missing };
        let module = schema
            .module_by_name(MODULE)
            .ok_or_else(|| missing(format!("module {MODULE}")))?;
        let child = |parent: SchemaId, name: &str| {
            schema.data_child(parent, module, name).ok_or_else(|| {
                missing(format!(
                    "node {name} in {} of {MODULE}",
                    schema.path(parent)
                ))
            })
        };
        let devices = child(SchemaId::ROOT, "devices")?;
        let device = child(devices, "device")?;
        Ok(Model {
            schema: schema.clone(),
            module,
            devices,
            device_timeout: child(devices, "device-timeout")?,
            device,
            name: child(device, "name")?,
            enabled: child(device, "enabled")?,
            addr: child(device, "addr")?,
            port: child(device, "port")?,
            user: child(device, "user")?,
            password: child(device, "password")?,
            private_key: child(device, "private-key")?,
            host_key_policy: child(device, "host-key-policy")?,
            host_key: child(device, "host-key")?,
            config: child(device, "config")?,
        })
    }

    /// The schema that the ids belong to.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The id of a node below another, by name.
    ///
    /// # Errors
    /// There is no such node.
    pub fn child(&self, parent: SchemaId, name: &str) -> Result<SchemaId, ModelError> {
        self.schema
            .data_child(parent, self.module, name)
            .ok_or_else(|| ModelError {
                missing: format!("node {name} in {} of {MODULE}", self.schema.path(parent)),
            })
    }

    /// A leaf's value, or its default.
    fn leaf(&self, node: &Node, id: SchemaId) -> Option<Value> {
        match node.get(id) {
            Some(Content::Leaf(value)) => Some(value.clone()),
            _ => lexical::default_value(&self.schema, id, 0).ok(),
        }
    }

    fn text(&self, node: &Node, id: SchemaId) -> Option<String> {
        self.leaf(node, id)?.as_str().map(str::to_owned)
    }

    fn list<'a>(&self, tree: &'a Tree) -> Option<&'a List> {
        let Content::Container(devices) = tree.root().get(self.devices)? else {
            return None;
        };
        match devices.get(self.device)? {
            Content::List(list) => Some(list),
            _ => None,
        }
    }

    /// The names of all devices.
    pub fn names(&self, tree: &Tree) -> Vec<DeviceName> {
        let entries = self.list(tree).into_iter().flat_map(List::iter);
        entries.filter_map(|entry| self.name_of(entry)).collect()
    }

    fn name_of(&self, entry: &Node) -> Option<DeviceName> {
        match entry.get(self.name)? {
            Content::Leaf(value) => value.as_str().map(Arc::from),
            _ => None,
        }
    }

    fn entry<'a>(&self, tree: &'a Tree, name: &str) -> Option<&'a Node> {
        self.list(tree)?.get(&[Value::string(name)])
    }

    /// All devices with their settings.
    pub fn settings(&self, tree: &Tree) -> BTreeMap<DeviceName, Settings> {
        let entries = self.list(tree).into_iter().flat_map(List::iter);
        entries
            .filter_map(|entry| Some((self.name_of(entry)?, self.settings_of(entry))))
            .collect()
    }

    fn settings_of(&self, entry: &Node) -> Settings {
        let login = match (
            self.text(entry, self.password),
            self.text(entry, self.private_key),
        ) {
            (Some(password), _) => Login::Password(password),
            (None, Some(file)) => Login::PrivateKey(PathBuf::from(file)),
            (None, None) => Login::Nothing,
        };
        // The numbers are those of the enums in the order of the model.
        let host_key = match self.leaf(entry, self.host_key_policy) {
            Some(Value::Enum(0)) => {
                HostKey::Strict(self.text(entry, self.host_key).unwrap_or_default())
            }
            Some(Value::Enum(2)) => HostKey::Any,
            _ => HostKey::AcceptNew,
        };
        let port = match self.leaf(entry, self.port) {
            Some(Value::Uint(port)) => u16::try_from(port).unwrap_or(830),
            _ => 830,
        };
        Settings {
            enabled: self.leaf(entry, self.enabled) != Some(Value::Bool(false)),
            addr: self.text(entry, self.addr).unwrap_or_default(),
            port,
            user: self.text(entry, self.user).unwrap_or_default(),
            login,
            host_key,
        }
    }

    /// `device-timeout`.
    pub fn device_timeout(&self, tree: &Tree) -> Duration {
        let devices = match tree.root().get(self.devices) {
            Some(Content::Container(devices)) => devices.clone(),
            _ => Node::empty(self.devices),
        };
        match self.leaf(&devices, self.device_timeout) {
            Some(Value::Uint(seconds)) => Duration::from_secs(seconds),
            _ => Duration::from_secs(60),
        }
    }

    /// What is mounted for a device; `None` when nothing is.
    pub fn mount(&self, tree: &Tree, name: &str) -> Option<Arc<Tree>> {
        match self.entry(tree, name)?.get(self.config)? {
            Content::Mount(mounted) => Some(mounted.clone()),
            _ => None,
        }
    }

    /// The tree with `mounted` as the configuration of a device; the same tree if there is no such device.
    pub fn with_mount(&self, tree: &Tree, name: &str, mounted: Arc<Tree>) -> Tree {
        let Some(Content::Container(devices)) = tree.root().get(self.devices) else {
            return tree.clone();
        };
        let (Some(list), Some(entry)) = (self.list(tree), self.entry(tree, name)) else {
            return tree.clone();
        };
        let content = (!mounted.root().slots().is_empty()).then_some(Content::Mount(mounted));
        let entry = entry.with_child(self.config, content);
        let list = list.with_entry(entry);
        let devices = devices.with_child(self.device, Some(Content::List(list)));
        let root = tree
            .root()
            .with_child(self.devices, Some(Content::Container(devices)));
        tree.with_root(root)
    }

    /// Whether the change touches anything below `/devices`.
    pub fn touches_devices(&self, changes: &ChangeSet) -> bool {
        changes
            .changes
            .iter()
            .any(|change| change.id == self.devices)
    }

    /// Whether the change touches anything below `/devices` but mounted configuration. O(change).
    pub fn touches_settings(&self, changes: &ChangeSet) -> bool {
        let only_mount = |change: &Change| match &change.kind {
            ChangeKind::Inside { changes, .. } => changes.iter().all(|c| c.id == self.config),
            _ => false,
        };
        changes
            .changes
            .iter()
            .filter(|change| change.id == self.devices)
            .any(|change| match &change.kind {
                ChangeKind::Inside { changes, .. } => !changes
                    .iter()
                    .all(|change| change.id == self.device && only_mount(change)),
                _ => true,
            })
    }

    /// The devices whose mounted configuration changes. Devices that are deleted are not among them:
    /// a device that is no longer managed keeps what it has. O(change).
    pub fn changed_mounts(&self, changes: &ChangeSet) -> Vec<DeviceName> {
        let mut names = Vec::new();
        for change in changes.changes.iter().filter(|c| c.id == self.devices) {
            match &change.kind {
                ChangeKind::Inside { changes, .. } => {
                    for change in changes.iter().filter(|c| c.id == self.device) {
                        self.changed_mount(change, &mut names);
                    }
                }
                ChangeKind::Created {
                    new: ChangedContent::Content(Content::Container(devices)),
                    ..
                }
                | ChangeKind::Created {
                    new: ChangedContent::Node(devices),
                    ..
                } => {
                    if let Some(Content::List(list)) = devices.get(self.device) {
                        names.extend(list.iter().filter_map(|entry| self.mounted_name(entry)));
                    }
                }
                _ => {}
            }
        }
        names
    }

    fn changed_mount(&self, change: &Change, names: &mut Vec<DeviceName>) {
        match &change.kind {
            ChangeKind::Inside { changes, .. } if changes.iter().any(|c| c.id == self.config) => {
                if let Instance::Entry(keys) = &change.instance {
                    names.extend(keys.first().and_then(Value::as_str).map(Arc::from));
                }
            }
            ChangeKind::Created {
                new: ChangedContent::Node(entry),
                ..
            } => names.extend(self.mounted_name(entry)),
            ChangeKind::Created {
                new: ChangedContent::Content(Content::List(list)),
                ..
            } => names.extend(list.iter().filter_map(|entry| self.mounted_name(entry))),
            _ => {}
        }
    }

    fn mounted_name(&self, entry: &Node) -> Option<DeviceName> {
        entry.get(self.config)?;
        self.name_of(entry)
    }

    /// The device whose mount point the path is.
    pub fn device_at(&self, path: &InstancePath) -> Option<DeviceName> {
        let [devices, device, config] = path.steps.as_slice() else {
            return None;
        };
        if (devices.node, device.node, config.node) != (self.devices, self.device, self.config) {
            return None;
        }
        match &device.select {
            Select::Keys(keys) => keys.first().and_then(Value::as_str).map(Arc::from),
            _ => None,
        }
    }
}
