//! The requests of the machine as NETCONF, each a future of its own that owns what it needs.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_engine::backend::{
    BoxFuture, CommitParameters, Confirmed, Datastore, DefaultOperation, Document, EditRequest,
    Filter, Origin, TestOption, WithDefaults,
};
use banyan_netconf::client::{Client, ClientError, ClientOptions};
use banyan_netconf::limits::Compat;
use banyan_netconf::operations;
use banyan_yang::schema::Schema;
use bytes::Bytes;

use super::Surroundings;
use super::answer::{Completed, Kept, on_pool};
use crate::device::Device;
use crate::job::{Job, difference, edit_between, read_config, shared_with};
use crate::machine::{Against, CommitKind, EditKind, Event, Request, Store, Way};
use crate::modules::{self, DeviceModule, ModuleSet, Sources};

/// Something under way.
pub(super) type Pending = BoxFuture<'static, Completed>;

fn datastore(store: Store) -> Datastore {
    match store {
        Store::Candidate => Datastore::Candidate,
        Store::Running => Datastore::Running,
    }
}

/// Connects: transport and hello.
pub(super) fn connect(
    device: Arc<Device>,
    surroundings: Arc<Surroundings>,
    delay: std::time::Duration,
) -> Pending {
    Box::pin(async move {
        if !delay.is_zero() {
            surroundings.clock.sleep(delay).await;
        }
        let timeout = surroundings.timeout();
        let transport = surroundings
            .dial
            .dial(&device.name, &device.settings, timeout)
            .await;
        let transport = match transport {
            Ok(transport) => transport,
            Err(why) => return Event::Lost(why).into(),
        };
        let options = ClientOptions {
            // The machine keeps the time; this is only the bound behind it.
            timeout: timeout.saturating_mul(2),
            compat: Compat::Lenient,
            ..ClientOptions::default()
        };
        match Client::open(transport, options).await {
            Ok((client, _notifications)) => Completed {
                event: Event::Hello {
                    lists_modules: Sources::of(client.hello()).any(),
                },
                kept: Kept::Client(client),
            },
            Err(error) => Event::Lost(error.to_string()).into(),
        }
    })
}

/// Brings the list of modules to one form, and sees which are missing.
pub(super) fn list_modules(client: Client, surroundings: Arc<Surroundings>, ask: bool) -> Pending {
    Box::pin(async move {
        let mut data = None;
        if ask {
            let filter = Sources::of(client.hello()).filter();
            let filter = Filter::Subtree(Document::xml(filter));
            match client
                .rpc(operations::get(Some(&filter), WithDefaults::Explicit))
                .await
            {
                Ok(reply) => data = reply.data_element().cloned(),
                Err(error) => return error.into(),
            }
        }
        let hello = client.hello().clone();
        let found = on_pool(move || {
            let set = modules::read(&hello, data.as_ref());
            let missing = surroundings
                .library
                .missing(&set)
                .map_err(|error| error.to_string())?;
            Ok((set, missing))
        })
        .await;
        match found {
            Ok((set, missing)) => Completed {
                event: Event::Modules {
                    missing: u32::try_from(missing.len()).unwrap_or(u32::MAX),
                },
                kept: Kept::Modules(set, missing.into()),
            },
            Err(refused) => refused,
        }
    })
}

/// Fetches a module's text into the cache.
pub(super) fn get_schema(
    client: Client,
    surroundings: Arc<Surroundings>,
    module: DeviceModule,
) -> Pending {
    Box::pin(async move {
        let text = match client
            .get_schema(&module.name, module.revision.as_deref())
            .await
        {
            Ok(text) => text,
            Err(ClientError::Rpc(errors)) => {
                let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
                let why = format!("module {}: {}", module.file_name(), words.join("; "));
                return Event::Refused(why).into();
            }
            Err(error) => return error.into(),
        };
        let kept = on_pool(move || {
            surroundings
                .library
                .keep(&module, &text)
                .map_err(|error| error.to_string())
        });
        match kept.await {
            Ok(()) => Event::Ok.into(),
            Err(refused) => refused,
        }
    })
}

/// Compiles the modules, and remembers that the device has them.
pub(super) fn compile(
    device: Arc<Device>,
    surroundings: Arc<Surroundings>,
    set: ModuleSet,
) -> Pending {
    Box::pin(async move {
        let compiled = on_pool(move || {
            let compiled = surroundings
                .library
                .schema(&set)
                .map_err(|error| error.to_string())?;
            surroundings
                .library
                .pin(&device.name, &set)
                .map_err(|error| error.to_string())?;
            for line in &compiled.left_out {
                tracing::warn!(device = &*device.name, "left out of the schema: {line}");
            }
            Ok(compiled)
        });
        match compiled.await {
            Ok(compiled) => Completed {
                event: Event::Compiled,
                kept: Kept::Schema(compiled.schema),
            },
            Err(refused) => refused,
        }
    })
}

/// What a request may need.
pub(super) struct Material {
    pub client: Client,
    pub schema: Option<Arc<Schema>>,
    /// What the device last had; shared with what it has now.
    pub synced: Option<Arc<Tree>>,
    /// What it was last seen to have.
    pub seen: Option<Arc<Tree>>,
    pub job: Option<Arc<Job>>,
    pub way: Option<Way>,
    pub surroundings: Arc<Surroundings>,
}

fn missing(what: &str) -> Pending {
    let event = Event::Refused(format!("internal error: a request without {what}"));
    Box::pin(std::future::ready(event.into()))
}

/// Sends one of the requests of a push or a pull.
pub(super) fn send(request: Request, material: Material) -> Pending {
    match request {
        Request::GetConfig(against) => get_config(against, material),
        Request::Edit(kind) => edit(kind, material),
        Request::Lock(store) => plain(material, operations::lock(datastore(store))),
        Request::Unlock(store) => plain(material, operations::unlock(datastore(store))),
        Request::Validate => {
            let operation = operations::validate(&Origin::Store(Datastore::Candidate));
            plain(material, operation)
        }
        Request::Commit(kind) => {
            let operation = operations::commit(&commit_parameters(kind, &material));
            plain(material, operation)
        }
        Request::CancelCommit => {
            let persist_id = material.job.as_ref().map(|job| job.persist_id.clone());
            plain(material, operations::cancel_commit(persist_id.as_deref()))
        }
        Request::Discard => plain(material, "<discard-changes/>".to_owned()),
        // The driver makes these itself: they need its list of modules.
        Request::SchemaList | Request::GetSchema => missing("a list of modules"),
    }
}

fn commit_parameters(kind: CommitKind, material: &Material) -> CommitParameters {
    let persist = match material.way {
        Some(Way::ConfirmedPersist) => material.job.as_ref().map(|job| job.persist_id.clone()),
        _ => None,
    };
    match kind {
        CommitKind::Plain => CommitParameters::default(),
        CommitKind::Confirmed => CommitParameters {
            confirmed: Some(Confirmed {
                timeout: u32::try_from(material.surroundings.confirm_timeout().as_secs())
                    .unwrap_or(u32::MAX),
                persist,
            }),
            ..CommitParameters::default()
        },
        CommitKind::Confirming => CommitParameters {
            persist_id: persist,
            ..CommitParameters::default()
        },
    }
}

fn plain(material: Material, operation: String) -> Pending {
    Box::pin(async move {
        match material.client.rpc(operation).await {
            Ok(_) => Event::Ok.into(),
            Err(error) => error.into(),
        }
    })
}

fn edit(kind: EditKind, material: Material) -> Pending {
    let Some(job) = material.job else {
        return missing("its change");
    };
    let (seen, client) = (material.seen, material.client);
    Box::pin(async move {
        let (target, test_option) = match kind {
            EditKind::Change(store) | EditKind::Restore(store) => {
                (datastore(store), TestOption::Set)
            }
            EditKind::Test => (Datastore::Running, TestOption::TestOnly),
        };
        let content = match kind {
            EditKind::Change(_) | EditKind::Test => Ok(job.edit.clone()),
            EditKind::Restore(_) => {
                let restore = on_pool(move || {
                    let from = seen.as_deref().unwrap_or(&job.after);
                    let edit = edit_between(from, &job.before)?;
                    Ok(edit.unwrap_or_else(|| Bytes::from_static(b"")))
                });
                restore.await
            }
        };
        let edit = match content {
            Ok(bytes) => EditRequest {
                target,
                edit: Document::xml(bytes),
                default_operation: DefaultOperation::None,
                test_option,
            },
            Err(refused) => return refused,
        };
        match client.edit_config(&edit).await {
            Ok(_) => Event::Ok.into(),
            Err(error) => error.into(),
        }
    })
}

fn get_config(against: Against, material: Material) -> Pending {
    let Some(schema) = material.schema else {
        return missing("a schema");
    };
    let (synced, job, client) = (material.synced, material.job, material.client);
    Box::pin(async move {
        let data = client
            .get_config(Datastore::Running, None, WithDefaults::Explicit)
            .await;
        let data = match data {
            Ok(data) => data,
            Err(error) => return error.into(),
        };
        let read = on_pool(move || {
            let tree = read_config(&schema, &data)?;
            let expected = match against {
                Against::Nothing => synced,
                Against::Before => job.as_ref().map(|job| job.before.clone()).or(synced),
                Against::After => job.as_ref().map(|job| job.after.clone()),
            };
            let tree = shared_with(expected.as_deref(), tree);
            let event = match (against, &expected) {
                (Against::Nothing, _) => Event::Ok,
                (_, None) => Event::Different("it is not known what the device had".to_owned()),
                (_, Some(expected)) => match difference(expected, &tree) {
                    None => Event::Equal,
                    Some(words) => Event::Different(words),
                },
            };
            Ok((tree, event))
        });
        match read.await {
            Ok((tree, event)) => Completed {
                event,
                kept: Kept::Config(Arc::new(tree)),
            },
            Err(refused) => refused,
        }
    })
}
