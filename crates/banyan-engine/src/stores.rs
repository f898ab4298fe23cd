//! Datastores by name: those of the standards, and any number of others that operators and programs keep.
//!
//! This is the engine's own interface to datastores, for code in the same process. What Clixon's C functions do is here:
//! `xmldb_put` is [`Stores::put`], `xmldb_get0` and `xmldb_cache_get` are [`Stores::get`], `xmldb_copy` is
//! [`Stores::copy`], `xmldb_delete` is [`Stores::delete`], `xmldb_volatile_set` is [`Stores::set_volatile`].
//!
//! | name | what |
//! |---|---|
//! | `running` | the configuration in force; what is put or copied here is a commit |
//! | `candidate` | the shared work copy; lost at a restart |
//! | `startup` | what a start can begin with |
//! | `rollback` | running before the confirmed commit that is pending; only then, and only to read |
//! | `tmp`, `failsafe`, any other | what was put there |

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use banyan_data::Tree;
use banyan_data::edit::Edit;

use crate::backend::{Call, CommitParameters, Datastore, Document, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::{Core, Engine};
use crate::error::{BackendError, ErrorTag};
use crate::files::Policy;
use crate::keeper::{Content, KeepError};
use crate::session::INTERNAL;
use crate::snapshot::Snapshot;

/// The store that a confirmed commit fills.
pub(crate) const ROLLBACK: &str = "rollback";

/// Named datastores in memory.
#[derive(Default)]
pub(crate) struct Named(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// What is in memory.
    trees: BTreeMap<String, Tree>,
    /// Those whose files are not written for the time being.
    volatile: BTreeSet<String>,
}

impl Named {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is a single insert or remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Named {
    /// Those that are in memory.
    pub fn in_memory(&self) -> Vec<(String, Tree)> {
        let trees = self.table().trees.clone();
        trees.into_iter().collect()
    }
}

/// A datastore in a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoreInfo {
    /// Its name.
    pub name: String,
    /// Where it lives.
    pub policy: Policy,
    /// Whether the writing of its file is suspended.
    pub volatile: bool,
    /// Whether it is held in memory now.
    pub in_memory: bool,
}

/// The datastores of an engine.
#[derive(Clone)]
pub struct Stores(Engine);

/// Which datastore a name means.
enum Place {
    Standard(Datastore),
    Rollback,
    Named,
}

/// What a name means.
///
/// # Errors
/// It cannot be the name of a file.
fn place(name: &str) -> Result<Place> {
    Ok(match name {
        "running" => Place::Standard(Datastore::Running),
        "candidate" => Place::Standard(Datastore::Candidate),
        "startup" => Place::Standard(Datastore::Startup),
        ROLLBACK => Place::Rollback,
        name => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            let good = name.len() <= 64
                && name.bytes().all(plain)
                && name.starts_with(|first: char| first.is_ascii_alphanumeric());
            if !good {
                return Err(BackendError::new(
                    ErrorTag::InvalidValue,
                    format!(
                        "{name:?} is no name of a datastore: up to 64 letters, digits, underscores, hyphens and dots, a letter or digit first"
                    ),
                ));
            }
            Place::Named
        }
    })
}

fn unknown(name: &str) -> BackendError {
    BackendError::new(
        ErrorTag::InvalidValue,
        format!("there is no datastore {name}; `banyan store list` shows those that there are"),
    )
}

fn unchanged(name: &str, why: &dyn std::fmt::Display) -> BackendError {
    BackendError::new(
        ErrorTag::OperationFailed,
        format!("{name} is unchanged: {why}"),
    )
}

fn only_read() -> BackendError {
    BackendError::new(
        ErrorTag::OperationNotSupported,
        "rollback is what a pending confirmed commit goes back to; confirm or cancel that commit instead",
    )
}

impl Engine {
    /// The datastores, by name.
    pub fn stores(&self) -> Stores {
        Stores(self.clone())
    }
}

impl Stores {
    fn core(&self) -> &Arc<Core> {
        &self.0.0
    }

    /// All datastores that there are, in the order of their names.
    ///
    /// # Errors
    /// The directory or the log cannot be read.
    pub async fn list(&self) -> Result<Vec<StoreInfo>> {
        let core = self.core().clone();
        on_pool(move || {
            let mut names: BTreeSet<String> = core.named.table().trees.keys().cloned().collect();
            if let Some(keeper) = &core.keeper {
                let found = keeper.names().map_err(|error| {
                    BackendError::new(ErrorTag::OperationFailed, error.to_string())
                })?;
                names.extend(found.into_iter().filter(|name| place(name).is_ok()));
            }
            names.extend(["running", "candidate"].map(str::to_owned));
            names.remove(ROLLBACK);
            if core.startup.load().is_some() {
                names.insert("startup".to_owned());
            }
            if core.pending().is_some() {
                names.insert(ROLLBACK.to_owned());
            }
            let table = core.named.table();
            let described = names.into_iter().map(|name| StoreInfo {
                policy: core.form.options().policy(&name),
                volatile: table.volatile.contains(&name),
                in_memory: !matches!(place(&name), Ok(Place::Named))
                    || table.trees.contains_key(&name)
                    || core.follows(&name),
                name,
            });
            Ok(described.collect())
        })
        .await?
    }

    /// What a datastore holds: a snapshot that later changes do not touch. One that is in memory costs a reference
    /// count, another is read from its file. The candidate is the shared one. Nobody is asked whether he may see it: that is for whoever shows it.
    ///
    /// # Errors
    /// There is no such datastore, or its file cannot be read or does not fit the schema.
    pub async fn get(&self, name: &str) -> Result<Tree> {
        let core = self.core();
        match place(name)? {
            Place::Standard(store) => return Ok(self.0.tree_of(INTERNAL, store)),
            Place::Rollback => {
                let pending = core.pending();
                let before = pending.as_ref().map(|pending| pending.revert.tree.clone());
                return before.ok_or_else(|| unknown(name));
            }
            Place::Named => {}
        }
        if let Some(tree) = core.named.table().trees.get(name) {
            return Ok(tree.clone());
        }
        if let Some(keeper) = &core.keeper
            && let Some(tree) = keeper.followed(name)?
        {
            return Ok(tree);
        }
        let core = core.clone();
        let name = name.to_owned();
        on_pool(move || {
            let Some(tree) = load(&core, &name)? else {
                return Err(unknown(&name));
            };
            if core.form.options().policy(&name) != Policy::File {
                core.named.table().trees.insert(name, tree.clone());
            }
            Ok(tree)
        })
        .await?
    }

    /// Applies an edit to a datastore; one that does not exist yet begins empty. In running this is a commit; returns its
    /// warnings ([`crate::backend::Committed::warnings`]).
    ///
    /// # Errors
    /// The edit cannot be applied, another session has locked the datastore, or the file cannot be written; nothing is
    /// changed then. For running: as [`Engine::change`].
    pub async fn put(&self, call: &Call, name: &str, edit: Edit) -> Result<Vec<String>> {
        let apply = self.0.guarded(call, move |tree| bind::apply(&edit, tree));
        match place(name)? {
            Place::Standard(Datastore::Candidate) => {
                self.0.edit_candidate(call, apply).await?;
                Ok(Vec::new())
            }
            Place::Standard(Datastore::Running) => self.commit(call, "put", apply).await,
            Place::Rollback => Err(only_read()),
            Place::Standard(Datastore::Startup) | Place::Named => {
                let before = self.get_or_empty(name).await?;
                let after = on_pool(move || apply(&before)).await??;
                self.replace(call, name, Content::Tree(after)).await
            }
        }
    }

    /// Makes a datastore equal to another. To running this is a commit, whose warnings are returned; to the candidate it
    /// replaces what is being worked on. A copy of running costs O(1), whatever its size: the store names the commit, in
    /// the log, and its file follows when commits pause. (A user whom access control does not let see and write everything
    /// pays for what differs.)
    ///
    /// # Errors
    /// As [`Stores::get`] of the one and [`Stores::put`] of the other.
    pub async fn copy(&self, call: &Call, from: &str, to: &str) -> Result<Vec<String>> {
        if from == to {
            return Err(BackendError::new(
                ErrorTag::InvalidValue,
                format!("source and target are the same: {to}"),
            ));
        }
        let tree = match place(from)? {
            Place::Standard(store) => self.0.tree_of(call.session, store),
            Place::Rollback | Place::Named => self.get(from).await?,
        };
        // RFC 8341 3.2.5: only what the user may read is copied; running to startup is for everybody who may copy.
        let restricted = self.core().subject(call)?.is_some();
        if from == "running" && (to == "startup" || !restricted) {
            return self.replace(call, to, Content::Running).await;
        }
        let tree = self.0.readable(call, tree).await?;
        self.permit(call, to, &tree).await?;
        self.replace(call, to, Content::Tree(tree)).await
    }

    async fn get_or_empty(&self, name: &str) -> Result<Tree> {
        match self.get(name).await {
            Err(error) if error == unknown(name) => Ok(Tree::empty(self.0.schema().clone())),
            other => other,
        }
    }

    /// Fails when the user may not make the datastore this tree; for running the commit checks that.
    async fn permit(&self, call: &Call, name: &str, tree: &Tree) -> Result<()> {
        if !matches!(place(name)?, Place::Rollback) && self.core().subject(call)?.is_some() {
            let before = self.get_or_empty(name).await?;
            let (core, call, tree) = (self.core().clone(), call.clone(), tree.clone());
            return on_pool(move || core.permit_changes(&call, &bind::diff(&before, &tree)))
                .await?;
        }
        Ok(())
    }

    /// Makes a datastore what a document says, XML or JSON, in or without `config`. Returns what [`Stores::copy`] does.
    ///
    /// # Errors
    /// The document holds nothing at all, or does not fit the schema; and as [`Stores::copy`].
    pub async fn load(&self, call: &Call, name: &str, document: Document) -> Result<Vec<String>> {
        place(name)?;
        if bind::is_blank(&document.bytes) {
            return Err(BackendError::new(
                ErrorTag::InvalidValue,
                format!(
                    "the document is empty, so {name} is unchanged: that is rarely meant; to leave nothing in {name}, load <config/> (or {{}} in JSON)"
                ),
            ));
        }
        let schema = self.0.schema().clone();
        let mounts = self.0.mounts().clone();
        let none = BTreeMap::new();
        let tree = on_pool(move || bind::parse_file(&schema, &document.bytes, &none, &mounts))
            .await??
            .tree;
        self.permit(call, name, &tree).await?;
        self.replace(call, name, Content::Tree(tree)).await
    }

    /// Removes a datastore and its file; startup is empty then. Running and the candidate cannot be removed.
    ///
    /// # Errors
    /// There is no such datastore, it cannot be removed, or the disk refuses.
    pub async fn delete(&self, call: &Call, name: &str) -> Result<()> {
        match place(name)? {
            Place::Rollback => return Err(only_read()),
            Place::Standard(store) => {
                return crate::backend::Backend::delete(&self.0, call, store).await;
            }
            Place::Named => {}
        }
        let empty = Tree::empty(self.0.schema().clone());
        self.permit(call, name, &empty).await?;
        let name = name.to_owned();
        let deleting = self.core().writing(move |core| {
            let in_memory = core.named.table().trees.contains_key(&name);
            if let Some(keeper) = &core.keeper {
                let known = keeper.names().map_err(|error| unchanged(&name, &error))?;
                if !in_memory && !known.contains(&name) {
                    return Err(unknown(&name));
                }
                let gone = || drop(core.named.table().trees.remove(&name));
                let removed = keeper.remove(&name, gone);
                return removed.map_err(|error| unchanged(&name, &error));
            }
            let gone = core.named.table().trees.remove(&name);
            gone.map(drop).ok_or_else(|| unknown(&name))
        });
        deleting.await?
    }

    /// Suspends the writing of a datastore's file while a program changes it many times, or lets it go on: then the file
    /// is brought up to date. The commit log is written in any case, so nothing of running is lost.
    ///
    /// # Errors
    /// The file cannot be written; the datastore is volatile no more, and the next change writes it.
    pub async fn set_volatile(&self, name: &str, volatile: bool) -> Result<()> {
        let named = matches!(place(name)?, Place::Named);
        let name = name.to_owned();
        let setting = self.core().writing(move |core| {
            let failed =
                |error: KeepError| BackendError::new(ErrorTag::OperationFailed, error.to_string());
            if let (true, Some(keeper)) = (volatile, &core.keeper) {
                // What was answered before is in the file, and not only named.
                keeper.write_follower(&name).map_err(failed)?;
            }
            {
                let mut table = core.named.table();
                match volatile {
                    true => table.volatile.insert(name.clone()),
                    false => table.volatile.remove(&name),
                };
            }
            let Some(keeper) = &core.keeper else {
                return Ok(());
            };
            keeper.set_volatile(&name, volatile);
            if volatile {
                return Ok(());
            }
            let tree = match (&*name, named) {
                ("startup", _) => core.startup.load().as_deref().cloned(),
                (name, true) => core.named.table().trees.get(name).cloned(),
                _ => None,
            };
            let Some(tree) = tree else { return Ok(()) };
            let kept = keeper.keep(&name, &Content::Tree(tree), &|| core.now(), |_| {
                if named && core.form.options().policy(&name) == Policy::File {
                    core.named.table().trees.remove(&name);
                }
            });
            kept.map_err(failed)
        });
        setting.await?
    }

    async fn replace(&self, call: &Call, name: &str, content: Content) -> Result<Vec<String>> {
        match place(name)? {
            Place::Rollback => return Err(only_read()),
            Place::Standard(Datastore::Running) => {
                let tree = self.core().content(content);
                let change = move |running: &Tree| Ok(bind::shared_with(running, tree));
                return self.commit(call, "copy", change).await;
            }
            Place::Standard(Datastore::Candidate) => {
                let tree = self.core().content(content);
                let running = self.0.running().tree;
                let tree = on_pool(move || bind::shared_with(&running, tree)).await?;
                self.0.set_candidate(call, tree, None).await?;
            }
            Place::Standard(Datastore::Startup) => {
                self.0.set_startup(call.session, Some(content)).await?;
            }
            Place::Named => {
                let name = name.to_owned();
                let saving = self.core().writing(move |core| save(core, &name, &content));
                saving.await??;
            }
        }
        Ok(Vec::new())
    }

    async fn commit(
        &self,
        call: &Call,
        what: &str,
        change: impl FnOnce(&Tree) -> Result<Tree> + Send + 'static,
    ) -> Result<Vec<String>> {
        let parameters = CommitParameters {
            comment: Some(format!("{what} into running")),
            ..CommitParameters::default()
        };
        let done = self.0.change_in_turn(call, parameters, change);
        Ok(done.await?.warnings)
    }
}

/// A named datastore from its file.
fn load(core: &Core, name: &str) -> Result<Option<Tree>> {
    let Some(keeper) = &core.keeper else {
        return Ok(None);
    };
    let failed = |error: &dyn std::fmt::Display| {
        BackendError::new(
            ErrorTag::OperationFailed,
            format!("{name} cannot be read: {error}"),
        )
    };
    let Some(on_disk) = keeper
        .load(&core.schema, name)
        .map_err(|error| failed(&error))?
    else {
        return Ok(None);
    };
    if let Some(why) = core.unfit(name, &on_disk)? {
        return Err(why);
    }
    let stored = bind::parse_file(&core.schema, &on_disk.main, &on_disk.parts, &core.mounts);
    let stored = stored.map_err(|mut error| {
        for report in &mut error.reports {
            report.message = format!("{}: {}", on_disk.file.display(), report.message);
        }
        error
    })?;
    Ok(Some(stored.tree))
}

impl Core {
    /// Running, now.
    pub fn now(&self) -> Snapshot {
        Snapshot::clone(&self.running.load())
    }

    /// What a store is to hold.
    pub fn content(&self, content: Content) -> Tree {
        match content {
            Content::Tree(tree) => tree,
            Content::Running => self.now().tree,
        }
    }

    /// Whether a store names a commit whose state is in memory.
    fn follows(&self, name: &str) -> bool {
        let keeper = self.keeper.as_ref();
        keeper.is_some_and(|keeper| matches!(keeper.followed(name), Ok(Some(_))))
    }
}

/// Makes a named datastore this, on disk first.
fn save(core: &Core, name: &str, content: &Content) -> Result<()> {
    let on_disk_alone = core.form.options().policy(name) == Policy::File && core.keeper.is_some();
    let done = |tree: Tree| {
        let mut table = core.named.table();
        let old = match on_disk_alone && !table.volatile.contains(name) {
            true => table.trees.remove(name),
            false => table.trees.insert(name.to_owned(), tree),
        };
        drop(table);
        core.reaper.bury(old);
    };
    match &core.keeper {
        Some(keeper) => keeper
            .keep(name, content, &|| core.now(), done)
            .map_err(|error| unchanged(name, &error)),
        None => {
            done(core.content(content.clone()));
            Ok(())
        }
    }
}

impl Engine {
    /// Brings the file of `rollback` to what a pending confirmed commit goes back to, or removes it when none is
    /// pending. In the background: the log knows it too, the file is for people.
    pub(crate) fn keep_rollback(&self) {
        let core = self.0.clone();
        if core.keeper.is_none() {
            return;
        }
        tokio::task::spawn_blocking(move || {
            let Some(keeper) = &core.keeper else { return };
            // After a stop: the next start removes the file.
            let Ok(_writing) = core.in_progress.write() else {
                return;
            };
            // What is pending when the turn comes counts, so that the last of several is what stays.
            let _turn = core
                .keeping_rollback
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let before = core
                .pending()
                .as_ref()
                .map(|pending| pending.revert.clone());
            let kept = match before {
                Some(before) => {
                    let content = Content::Tree(before.tree.clone());
                    // It is not running any more, but a state that is named all the same.
                    keeper.keep(ROLLBACK, &content, &|| before.clone(), |_| ())
                }
                None => keeper.remove(ROLLBACK, || ()),
            };
            if let Err(error) = kept {
                tracing::warn!("{error}; the log knows what the pending commit goes back to");
            }
        });
    }
}
