//! Split datastores: a directory with a main file and parts that it links to, replaced as one.
//!
//! Names are given by the format (`running.d/0.xml`, SHA-1 of paths), so a new version of a part takes the place of the
//! old one, and no two versions of the set can stand beside each other. That several files change at once is made from
//! one atomic step, the commit of the log:
//!
//! 1. Each file that differs is written beside the old one, as `NAME.new`, and synced; then the directory.
//! 2. The log notes, in one step, the SHA-256 of every file that differs, which files are no more, and the `Seq` of the
//!    whole set: its *manifest*.
//! 3. The new files are renamed over the old ones, and the directory is synced.
//! 4. Files that are no more are removed.
//!
//! A crash before 2 leaves the old set whole, and new files that nobody names: they are removed. A crash after 2 leaves
//! every file of the new set on disk, under its name or with `.new`: [`settle`] goes on with 3, at the next start or
//! before the next write. So after it every file is that of the manifest, the set has one `Seq`, and the log is replayed
//! from there; no part is ever of another time than its neighbours.
//!
//! A file that is neither what the manifest says nor on its way there was edited by hand. Then the set as a whole is read
//! as it is, and the rule for `running_db` holds: it is a commit if the log has nothing newer, and stops the start
//! otherwise. If somebody edited a file whose replacement was pending, the edit was made on what is no longer the
//! newest; it is kept under `NAME.edited`.
//!
//! Which files differ follows from the trees: what the tree that was written last and the new one share in memory is not
//! looked at. After a failure it is not known what the disk holds, so everything is written again.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use banyan_data::Tree;

use super::stored::{OwnedFacts, RUNNING_FACTS, digest};
use super::{EDITED, KeepError, Keeper, Measured, failed, file_of, free_name};
use crate::bind;
use crate::files::{Files, Sync};
use crate::log::{CommitLog, LogError};
use crate::number::Seq;

/// The main file.
pub(super) const MAIN: &str = "0.xml";
/// What is added to the names of files that wait for their place.
const NEW: &str = ".new";

/// The directory of a split datastore.
pub(super) fn directory_of(directory: &Path, store: &str) -> PathBuf {
    directory.join(format!("{store}.d"))
}

/// Its main file.
pub(super) fn main_file(directory: &Path, store: &str) -> PathBuf {
    directory_of(directory, store).join(MAIN)
}

/// The fact that names a file of the set; its value is the file's SHA-256, and that of the file before.
pub(super) fn fact(store: &str, name: &str) -> String {
    format!("{}{name}", facts_of(store))
}

fn facts_of(store: &str) -> String {
    format!("part/{store}/")
}

/// The fact that says which state the set holds.
pub(super) fn seq_fact(store: &str) -> String {
    format!("parts/{store}")
}

/// What the log knows of a file.
pub(super) struct Hashes {
    /// What it is.
    pub now: String,
    /// What it was before.
    before: Option<String>,
}

/// The files that belong to a set, and the state that it holds; empty when it was never written.
pub(super) fn manifest(
    log: &dyn CommitLog,
    store: &str,
) -> Result<(BTreeMap<String, Hashes>, Option<Seq>), LogError> {
    let prefix = facts_of(store);
    let facts = log.facts(&prefix)?;
    let files = facts.into_iter().filter_map(|(fact, hashes)| {
        let name = fact.strip_prefix(&prefix)?.to_owned();
        let mut hashes = hashes.split(' ').map(str::to_owned);
        let now = hashes.next()?;
        let before = hashes.next();
        Some((name, Hashes { now, before }))
    });
    let seq = seq_fact(store);
    let at = log.facts(&seq)?.remove(&seq);
    Ok((files.collect(), at.and_then(|at| at.parse().ok()).map(Seq)))
}

/// The names of the split datastores that were written.
pub(super) fn names(log: &dyn CommitLog) -> Result<BTreeSet<String>, LogError> {
    let facts = log.facts("part/")?;
    let stores = facts.keys().filter_map(|fact| {
        let (store, _) = fact.strip_prefix("part/")?.rsplit_once('/')?;
        Some(store.to_owned())
    });
    Ok(stores.collect())
}

/// Whether a file in the directory of a set is one of ours.
fn is_ours(name: &str) -> bool {
    let name = name.strip_suffix(NEW).unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.strip_suffix(".xml")
        .is_some_and(|name| !name.is_empty() && name.bytes().all(plain))
}

/// Ends what a crash or a failure interrupted: new files that the manifest names get their places, others go.
pub(super) fn settle(
    files: &dyn Files,
    log: &dyn CommitLog,
    directory: &Path,
    store: &str,
) -> Result<(), KeepError> {
    let directory = directory_of(directory, store);
    let at = |reason| failed(&directory, reason);
    let names = files.list(&directory).map_err(at)?;
    let waiting: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_suffix(NEW))
        .filter(|name| is_ours(name))
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let (manifest, _) = manifest(log, store)?;
    for name in waiting {
        let file = directory.join(name);
        let new = directory.join(format!("{name}{NEW}"));
        let hash = |path: &Path| -> Result<Option<String>, KeepError> {
            let content = files.read(path).map_err(|reason| failed(path, reason))?;
            Ok(content.as_deref().map(digest))
        };
        let hashes = manifest
            .get(name)
            .filter(|hashes| !matches!(hash(&new), Ok(Some(found)) if found != hashes.now));
        let Some(hashes) = hashes else {
            files.remove(&new).map_err(|reason| failed(&new, reason))?;
            continue;
        };
        let expected =
            |found: &String| *found == hashes.now || Some(found) == hashes.before.as_ref();
        if hash(&file)?.is_some_and(|found| !expected(&found)) {
            let kept = free_name(files, &file, EDITED, &|_| false)?;
            tracing::warn!(
                "{} was changed by hand before its last version had been put there: the change is kept as {}",
                file.display(),
                kept.display()
            );
            files
                .rename(&file, &kept)
                .map_err(|reason| failed(&kept, reason))?;
        }
        files
            .rename(&new, &file)
            .map_err(|reason| failed(&file, reason))?;
    }
    files.sync_directory(&directory).map_err(at)
}

/// The files of a set that are not as they were written. None for a set that was never written: then nobody knows.
pub(crate) fn edited_parts(
    files: &dyn Files,
    log: &dyn CommitLog,
    directory: &Path,
    store: &str,
) -> Result<Vec<PathBuf>, KeepError> {
    let directory = directory_of(directory, store);
    let (manifest, _) = manifest(log, store)?;
    let mut edited = Vec::new();
    for (name, hashes) in &manifest {
        let file = directory.join(name);
        let content = files.read(&file).map_err(|reason| failed(&file, reason))?;
        let ours = |content: &Vec<u8>| {
            let hash = digest(content);
            hash == hashes.now || Some(hash) == hashes.before
        };
        if content.is_some_and(|content| !ours(&content)) {
            edited.push(file);
        }
    }
    Ok(edited)
}

/// The files of a set that the log does not know as they are, those that nothing links to included. Of a set that was
/// never written these are all.
///
/// # Errors
/// The disk or the log refuses.
pub(crate) fn unknown_files(
    files: &dyn Files,
    log: &dyn CommitLog,
    directory: &Path,
    store: &str,
) -> Result<Vec<PathBuf>, KeepError> {
    let directory = directory_of(directory, store);
    let (manifest, _) = manifest(log, store)?;
    let names = files.list(&directory);
    let mut names = names.map_err(|reason| failed(&directory, reason))?;
    names.retain(|name| is_ours(name) && !name.ends_with(NEW));
    names.sort();
    let mut unknown = Vec::new();
    for name in names {
        let file = directory.join(&name);
        let content = files.read(&file).map_err(|reason| failed(&file, reason))?;
        let hash = digest(&content.unwrap_or_default());
        let known = manifest.get(&name);
        if known.is_none_or(|it| it.now != hash && it.before.as_ref() != Some(&hash)) {
            unknown.push(file);
        }
    }
    Ok(unknown)
}

impl Keeper {
    /// Replaces the files of a split datastore that differ from `last`, what was written last; all of them without it.
    /// The caller has the turn. See the module for the steps.
    ///
    /// # Errors
    /// The disk or the log refuses; the set is then the old one, or will be the new one at the next start.
    pub(super) fn write_set(
        &self,
        store: &str,
        last: Option<&Tree>,
        tree: &Tree,
        seq: Option<Seq>,
    ) -> Result<usize, KeepError> {
        let directory = directory_of(&self.directory, store);
        let at = |reason| failed(&directory, reason);
        self.files.create_directory(&directory).map_err(at)?;
        settle(&*self.files, &*self.log, &self.directory, store)?;
        let (manifest, _) = manifest(&*self.log, store)?;
        let empty = Tree::empty(tree.schema().clone());
        let delta = self.form.delta(last.unwrap_or(&empty), tree);
        let mut written = Written::default();
        let keep_equal = last.is_some();
        for part in &delta.changed {
            let name = bind::part_name(&part.xpath);
            let hash = self.write_new(&directory, &name, &mut written.size, &mut |out| {
                self.form.print_part(part, out)
            })?;
            written.note(store, &name, hash, &manifest, keep_equal);
        }
        if delta.main || last.is_none() {
            let links = self.form.part_names(tree);
            let hash = self.write_new(&directory, MAIN, &mut written.size, &mut |out| {
                self.form.print_main(tree, &links, out)
            })?;
            written.note(store, MAIN, hash, &manifest, keep_equal);
        }
        let gone: Vec<String> = match last {
            Some(_) => delta
                .gone
                .iter()
                .map(|path| bind::part_name(path))
                .collect(),
            // Whatever is there and does not belong.
            None => {
                let found = self.files.list(&directory).map_err(at)?;
                let known = manifest.keys().cloned();
                known
                    .chain(found)
                    .filter(|name| is_ours(name) && !name.ends_with(NEW))
                    .filter(|name| !written.files.contains(name))
                    .collect()
            }
        };
        let mut facts = std::mem::take(&mut written.facts);
        facts.extend(gone.iter().map(|name| (fact(store, name), None)));
        facts.extend(seq.map(|seq| (seq_fact(store), Some(seq.to_string()))));
        if !written.files.is_empty() {
            self.files.sync_directory(&directory).map_err(at)?;
        }
        self.set(&facts)?;
        for name in &written.files {
            let file = directory.join(name);
            let new = directory.join(format!("{name}{NEW}"));
            self.files
                .rename(&new, &file)
                .map_err(|reason| failed(&file, reason))?;
        }
        for name in gone.iter().chain(&written.same) {
            let file = directory.join(name);
            self.files
                .remove(&file)
                .map_err(|reason| failed(&file, reason))?;
        }
        self.files.sync_directory(&directory).map_err(at)?;
        Ok(written.size)
    }

    /// Removes files that do not belong to the set any more: what a crash left between steps 3 and 4. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub fn sweep(&self, store: &str) -> Result<(), KeepError> {
        let turn = self.turns.of(store);
        let _parts = turn.begin();
        let (manifest, _) = manifest(&*self.log, store)?;
        let directory = directory_of(&self.directory, store);
        let names = self
            .files
            .list(&directory)
            .map_err(|reason| failed(&directory, reason))?;
        for name in names {
            if manifest.is_empty() || manifest.contains_key(&name) || !is_ours(&name) {
                continue;
            }
            let file = directory.join(name);
            self.files
                .remove(&file)
                .map_err(|reason| failed(&file, reason))?;
        }
        Ok(())
    }

    fn write_new(
        &self,
        directory: &Path,
        name: &str,
        size: &mut usize,
        content: &mut dyn FnMut(&mut dyn Write) -> std::io::Result<()>,
    ) -> Result<String, KeepError> {
        let new = directory.join(format!("{name}{NEW}"));
        let mut hash = String::new();
        self.files
            .write(&new, Sync::Now, &mut |out| {
                let mut measured = Measured::new(out, &self.pressure);
                content(&mut measured)?;
                let (bytes, digest) = measured.finish();
                *size += bytes;
                hash = digest;
                Ok(())
            })
            .map_err(|reason| failed(&new, reason))?;
        Ok(hash)
    }

    fn set(&self, facts: &OwnedFacts) -> Result<(), LogError> {
        let facts: Vec<(&str, Option<&str>)> = facts
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        match facts.is_empty() {
            true => Ok(()),
            false => self.log.set(&facts),
        }
    }

    /// Removes the files of a split datastore, the main one first.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub(super) fn remove_set(&self, store: &str) -> Result<(), KeepError> {
        let directory = directory_of(&self.directory, store);
        let at = |reason| failed(&directory, reason);
        let mut names = self.files.list(&directory).map_err(at)?;
        names.retain(|name| is_ours(name));
        let (manifest, seq) = manifest(&*self.log, store)?;
        if names.is_empty() && manifest.is_empty() && seq.is_none() {
            return Ok(());
        }
        names.sort();
        for name in &names {
            let file = directory.join(name);
            self.files
                .remove(&file)
                .map_err(|reason| failed(&file, reason))?;
        }
        self.files.sync_directory(&directory).map_err(at)?;
        let mut facts: OwnedFacts = manifest
            .keys()
            .map(|name| (fact(store, name), None))
            .collect();
        facts.push((seq_fact(store), None));
        Ok(self.set(&facts)?)
    }

    /// Removes the single file of a datastore that is split now.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub(super) fn remove_single(&self, store: &str) -> Result<(), KeepError> {
        let file = file_of(&self.directory, store);
        let there = self
            .files
            .read(&file)
            .map_err(|reason| failed(&file, reason))?;
        if there.is_some() {
            self.files
                .remove(&file)
                .and_then(|()| self.files.sync_directory(&self.directory))
                .map_err(|reason| failed(&file, reason))?;
        }
        if store == "running" {
            let known = self.log.facts(RUNNING_FACTS)?;
            self.set(&known.into_keys().map(|name| (name, None)).collect())?;
        }
        Ok(())
    }
}

/// What a write of a set has written so far.
#[derive(Default)]
struct Written {
    size: usize,
    /// Files that wait for their place.
    files: Vec<String>,
    /// New files that say what the old ones say.
    same: Vec<String>,
    facts: OwnedFacts,
}

impl Written {
    fn note(
        &mut self,
        store: &str,
        name: &str,
        hash: String,
        manifest: &BTreeMap<String, Hashes>,
        keep_equal: bool,
    ) {
        let before = manifest.get(name).map(|hashes| hashes.now.as_str());
        if keep_equal && before == Some(&hash) {
            self.same.push(format!("{name}{NEW}"));
            return;
        }
        let value = match before {
            Some(before) => format!("{hash} {before}"),
            None => hash,
        };
        self.facts.push((fact(store, name), Some(value)));
        self.files.push(name.to_owned());
    }
}
