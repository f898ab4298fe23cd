//! What is on disk of a datastore, and whether the log knows it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use banyan_yang::schema::Schema;
use sha2::{Digest, Sha256};

use super::{KeepError, failed, file_of, split};
use crate::bind;
use crate::files::Files;
use crate::log::CommitLog;
use crate::number::Seq;

/// The prefix of the facts that name a running file: then SHA-256 in hexadecimal; the value is the `Seq`.
pub(super) const RUNNING_FACTS: &str = "file/running_db/";

/// The files of a datastore.
pub(crate) struct OnDisk {
    /// The file, or the main one.
    pub file: PathBuf,
    /// Its content.
    pub main: Vec<u8>,
    /// The parts that it links to, by their names; those that are missing are not here.
    pub parts: BTreeMap<String, Vec<u8>>,
    /// Whether it is a split datastore.
    pub split: bool,
    /// SHA-256 of the main file, once somebody has asked.
    digest: OnceLock<String>,
}

/// Facts for the log, with owned names.
pub(crate) type OwnedFacts = Vec<(String, Option<String>)>;

/// What the log knows of the files of running.
pub(crate) struct Known {
    /// The state that the files hold, if they are as they were written.
    pub at: Option<Seq>,
    /// The newest state that files were written of.
    pub newest: Seq,
}

/// SHA-256 in hexadecimal.
pub(crate) fn digest(content: &[u8]) -> String {
    bind::hex(&Sha256::digest(content))
}

impl OnDisk {
    /// What there is of a datastore, or nothing. Where it is there in both forms, the one that is written now counts;
    /// the other is what a crash left of a change of that option.
    ///
    /// # Errors
    /// The disk or the log refuses, or the main file is not well-formed.
    pub fn read(
        files: &dyn Files,
        log: &dyn CommitLog,
        schema: &Schema,
        directory: &Path,
        store: &str,
        prefer_split: bool,
    ) -> Result<Option<OnDisk>, ReadError> {
        let single = file_of(directory, store);
        let main = split::main_file(directory, store);
        let read = |file: &Path| files.read(file).map_err(|reason| failed(file, reason));
        split::settle(files, log, directory, store)?;
        let order = match prefer_split {
            true => [(&main, true), (&single, false)],
            false => [(&single, false), (&main, true)],
        };
        for (file, split) in order {
            let Some(content) = read(file)? else { continue };
            let mut on_disk = OnDisk {
                file: file.clone(),
                main: content,
                parts: BTreeMap::new(),
                split,
                digest: OnceLock::new(),
            };
            // Not well-formed: the parse that follows says it better.
            let links = match split {
                true => {
                    bind::part_links(schema, &on_disk.main).map_err(|error| ReadError::Links {
                        file: file.clone(),
                        error,
                    })?
                }
                false => Vec::new(),
            };
            for name in links {
                let part = split::directory_of(directory, store).join(&name);
                if let Some(content) = read(&part)? {
                    on_disk.parts.insert(name, content);
                }
            }
            // Running's are looked at by who knows whether the log has it all.
            if let Some(file) = on_disk.blank().filter(|_| split && store != "running")
                && on_disk.was_written(log, store, &file)?
            {
                let error = crate::error::BackendError::new(
                    crate::error::ErrorTag::MalformedMessage,
                    "it is empty, as no file of a split datastore ever is",
                );
                return Err(ReadError::Links { file, error });
            }
            return Ok(Some(on_disk));
        }
        Ok(None)
    }

    /// Whether the log knows that a file of the set was written with something in it.
    fn was_written(
        &self,
        log: &dyn CommitLog,
        store: &str,
        file: &Path,
    ) -> Result<bool, KeepError> {
        let (manifest, _) = split::manifest(log, store)?;
        let name = file.file_name().and_then(|name| name.to_str());
        Ok(name.is_some_and(|name| manifest.contains_key(name)))
    }

    /// SHA-256 of the main file, in hexadecimal. Linear in its size the first time.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| digest(&self.main))
    }

    /// Bytes in all.
    pub fn size(&self) -> usize {
        self.main.len() + self.parts.values().map(Vec::len).sum::<usize>()
    }

    /// SHA-256 of all of it, in hexadecimal.
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for (name, content) in self.files() {
            for piece in [name.as_bytes(), content] {
                hash.update((piece.len() as u64).to_be_bytes());
                hash.update(piece);
            }
        }
        bind::hex(&hash.finalize())
    }

    /// Whether the main file is JSON.
    pub fn is_json(&self) -> bool {
        let mut bytes = self.main.iter();
        bytes.find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
    }

    /// The first file in which there is nothing at all, not even an element: none is ever written so.
    pub fn blank(&self) -> Option<PathBuf> {
        let mut files = self.files();
        let (name, _) = files.find(|(_, content)| content.iter().all(u8::is_ascii_whitespace))?;
        Some(match self.split {
            true => self.file.with_file_name(name),
            false => self.file.clone(),
        })
    }

    /// The files.
    pub fn paths(&self) -> Vec<PathBuf> {
        match self.split {
            true => self
                .files()
                .map(|(name, _)| self.file.with_file_name(name))
                .collect(),
            false => vec![self.file.clone()],
        }
    }

    /// What the log knows of these files, which are those of running.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn known(&self, log: &dyn CommitLog) -> Result<Known, crate::log::LogError> {
        let singles = log.facts(RUNNING_FACTS)?;
        let seq_of = |text: &String| text.parse().ok().map(Seq);
        let (manifest, set_at) = split::manifest(log, "running")?;
        let newest = singles.values().filter_map(seq_of).chain(set_at).max();
        let at = if self.split {
            let mut files = self.files();
            let known = files.all(|(name, content)| {
                let hashes = manifest.get(name);
                hashes.is_some_and(|hashes| hashes.now == digest(content))
            });
            // A part that is linked to and missing was not counted above.
            let complete = self.parts.len() + 1 == manifest.len();
            set_at.filter(|_| known && complete)
        } else {
            let name = format!("{RUNNING_FACTS}{}", self.digest());
            singles.get(&name).and_then(seq_of)
        };
        Ok(Known {
            at,
            newest: newest.unwrap_or_default(),
        })
    }

    /// The files of a split datastore by their names.
    fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let main = (split::MAIN, self.main.as_slice());
        let parts = self.parts.iter();
        std::iter::once(main).chain(parts.map(|(name, part)| (name.as_str(), part.as_slice())))
    }

    /// The facts by which the log knows these files of running from now on, as the state at `seq`.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn facts(&self, log: &dyn CommitLog, seq: Seq) -> Result<OwnedFacts, crate::log::LogError> {
        if !self.split {
            let name = format!("{RUNNING_FACTS}{}", self.digest());
            return Ok(vec![(name, Some(seq.to_string()))]);
        }
        let (manifest, _) = split::manifest(log, "running")?;
        let mut facts: BTreeMap<String, Option<String>> = manifest
            .keys()
            .map(|name| (split::fact("running", name), None))
            .collect();
        for (name, content) in self.files() {
            facts.insert(split::fact("running", name), Some(digest(content)));
        }
        facts.insert(split::seq_fact("running"), Some(seq.to_string()));
        Ok(facts.into_iter().collect())
    }
}

/// Why files were not read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// The disk or the log.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The main file.
    #[error("{}: {error}", .file.display())]
    Links {
        file: PathBuf,
        error: crate::error::BackendError,
    },
}
