//! Checking a backup, and making a directory from it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{ABOUT, About, COMMITS, FACTS, FORMAT, SUMS};
use crate::bind;
use crate::history::record_of;
use crate::log::{CommitLog, LogError, Record, RedbLog};
use crate::number::Seq;

/// The log that is made from a backup.
const LOG: &str = "commits.redb";

/// Members that are held whole: they are small.
const SMALL: u64 = 64 << 20;

/// Records that are written together.
const RECORDS: usize = 256;
/// And their bytes.
const BYTES: usize = 8 << 20;

/// Why a backup cannot be restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The end is missing.
    #[error(
        "the backup is not whole: {SUMS}, the list at its end, is missing, so it was cut short; take another one"
    )]
    CutShort,
    /// A member is not what it was.
    #[error("the backup is damaged: {member} {reason}; take another one, or use an older one")]
    Damaged {
        /// The member.
        member: String,
        /// What is wrong.
        reason: String,
    },
    /// Another version wrote it.
    #[error(
        "the backup has the format {found}, which this program does not know; restore it with {program}, which took it"
    )]
    Format {
        /// Its format.
        found: u32,
        /// The program that took it.
        program: String,
    },
    /// The backup cannot be read.
    #[error("{member} of the backup cannot be read: {reason}")]
    Read {
        /// The member.
        member: String,
        /// The system's reason.
        reason: io::Error,
    },
    /// What is made from it cannot be written.
    #[error("{} cannot be written: {reason}; free space or repair the disk, and restore again", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The log that is made from it cannot be written.
    #[error(transparent)]
    Log(#[from] LogError),
}

fn damaged(member: &str, reason: impl Into<String>) -> RestoreError {
    RestoreError::Damaged {
        member: member.to_owned(),
        reason: reason.into(),
    }
}

/// A backup that is being read, member by member, in their order: to check it, or to make a directory from it, too.
pub struct Restoring {
    /// Where files go; `None`: it is only checked.
    target: Option<PathBuf>,
    log: Option<RedbLog>,
    about: Option<About>,
    facts: Option<BTreeMap<String, String>>,
    head: Seq,
    /// What members are.
    sums: BTreeMap<String, String>,
    /// What they should be.
    listed: Option<BTreeMap<String, String>>,
}

impl Restoring {
    /// Only looks whether it is whole.
    pub fn check() -> Restoring {
        Restoring {
            target: None,
            log: None,
            about: None,
            facts: None,
            head: Seq(0),
            sums: BTreeMap::new(),
            listed: None,
        }
    }

    /// Makes a new directory of datastores, which only its owner can read.
    ///
    /// # Errors
    /// It cannot be made, or is there already.
    pub fn into_directory(directory: &Path) -> Result<Restoring, RestoreError> {
        let made = DirBuilder::new().mode(0o700).create(directory);
        made.map_err(|reason| RestoreError::Write {
            file: directory.to_owned(),
            reason,
        })?;
        Ok(Restoring {
            target: Some(directory.to_owned()),
            log: Some(RedbLog::open(&directory.join(LOG))?),
            ..Restoring::check()
        })
    }

    /// The next member.
    ///
    /// # Errors
    /// It cannot be read or is no member of a backup; or what is made from it cannot be written.
    pub fn member(&mut self, name: &str, content: &mut dyn Read) -> Result<(), RestoreError> {
        let plain = Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if name.is_empty() || !plain || matches!(name, LOG | "banyan.lock") {
            return Err(damaged(name, "is no name of a member"));
        }
        if self.listed.is_some() || self.sums.contains_key(name) {
            return Err(damaged(name, "is there twice, or after the end"));
        }
        let mut content = Summed {
            inner: content,
            hash: Sha256::new(),
        };
        match name {
            ABOUT => self.about = Some(self.about(&small(name, &mut content)?)?),
            FACTS => self.facts = Some(parsed(name, &small(name, &mut content)?)?),
            SUMS => self.listed = Some(listed(&small(name, &mut content)?)?),
            COMMITS => self.commits(&mut content)?,
            file => self.file(file, &mut content)?,
        }
        // To the end, so that all of it is summed up.
        io::copy(&mut content, &mut io::sink()).map_err(|reason| unread(name, reason))?;
        if name != SUMS {
            let sum = bind::hex(&content.hash.finalize());
            self.sums.insert(name.to_owned(), sum);
        }
        Ok(())
    }

    fn about(&self, text: &str) -> Result<About, RestoreError> {
        let value: serde_json::Value = parsed(ABOUT, text)?;
        let format = value.get("format").and_then(serde_json::Value::as_u64);
        if let Some(found) = format.filter(|format| *format != u64::from(FORMAT)) {
            let program = value.get("program").and_then(|program| program.as_str());
            return Err(RestoreError::Format {
                found: u32::try_from(found).unwrap_or(u32::MAX),
                program: program.unwrap_or("the program").to_owned(),
            });
        }
        parsed(ABOUT, text)
    }

    fn file(&self, name: &str, content: &mut dyn Read) -> Result<(), RestoreError> {
        let Some(target) = &self.target else {
            return Ok(());
        };
        let file = target.join(name);
        let unwritten = |reason| RestoreError::Write {
            file: file.clone(),
            reason,
        };
        if let Some(parent) = file.parent().filter(|parent| parent != target) {
            let mut directories = DirBuilder::new();
            directories.recursive(true).mode(0o700);
            directories.create(parent).map_err(unwritten)?;
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600);
        let mut out = BufWriter::new(options.open(&file).map_err(unwritten)?);
        io::copy(content, &mut out).map_err(unwritten)?;
        out.flush().map_err(unwritten)?;
        out.get_ref().sync_all().map_err(unwritten)
    }

    /// Reads the records, and makes the log of them.
    fn commits(&mut self, content: &mut dyn Read) -> Result<(), RestoreError> {
        let tail = match &self.about {
            Some(about) => about.tail,
            None => return Err(damaged(COMMITS, format!("is there before {ABOUT}"))),
        };
        self.head = Seq(tail.0.saturating_sub(1));
        if let Some(log) = &self.log {
            log.begin_after(self.head)?;
        }
        let mut content = BufReader::with_capacity(256 << 10, content);
        let mut line = String::new();
        let (mut batch, mut bytes) = (Vec::new(), 0);
        loop {
            line.clear();
            let read = content.read_line(&mut line);
            let read = read.map_err(|reason| unread(COMMITS, reason))?;
            if read > 0 {
                let next = self.head.0 + batch.len() as u64 + 1;
                let record = record_of(&line).map_err(|error| {
                    damaged(COMMITS, format!("is wrong at commit {next}: {error}"))
                })?;
                if record.head.seq != Seq(next) {
                    let found = record.head.seq;
                    return Err(damaged(COMMITS, format!("has commit {found} for {next}")));
                }
                bytes += read;
                batch.push(record);
            }
            if read == 0 || batch.len() == RECORDS || bytes >= BYTES {
                self.append(&batch)?;
                bytes = 0;
                batch.clear();
            }
            if read == 0 {
                return Ok(());
            }
        }
    }

    fn append(&mut self, records: &[Record]) -> Result<(), RestoreError> {
        if let Some(log) = &self.log {
            log.append(self.head, records, &[])?;
        }
        self.head = Seq(self.head.0 + records.len() as u64);
        Ok(())
    }

    /// All members were there: says what the backup is of, when it is as it was taken, and the disk has what was made.
    ///
    /// # Errors
    /// It is cut short or damaged; or the directory cannot be written.
    pub fn finish(self) -> Result<About, RestoreError> {
        let listed = self.listed.ok_or(RestoreError::CutShort)?;
        for (name, sum) in &listed {
            match self.sums.get(name) {
                Some(found) if found == sum => {}
                Some(found) => {
                    let reason =
                        format!("has the SHA-256 {found}, and not {sum} as when it was taken");
                    return Err(damaged(name, reason));
                }
                None => return Err(damaged(name, "is missing")),
            }
        }
        if let Some(name) = self.sums.keys().find(|name| !listed.contains_key(*name)) {
            return Err(damaged(name, format!("is not listed in {SUMS}")));
        }
        let missing = |name: &'static str| move || damaged(name, "is missing");
        let about = self.about.ok_or_else(missing(ABOUT))?;
        let facts = self.facts.ok_or_else(missing(FACTS))?;
        if about.seq != self.head {
            let reason = format!("ends with commit {}, and not {}", self.head, about.seq);
            return Err(damaged(COMMITS, reason));
        }
        if let Some(log) = &self.log {
            let facts: Vec<_> = facts
                .iter()
                .map(|(name, value)| (name.as_str(), Some(value.as_str())))
                .collect();
            log.set(&facts)?;
            log.close();
        }
        if let Some(target) = &self.target {
            synced(target).map_err(|reason| RestoreError::Write {
                file: target.clone(),
                reason,
            })?;
        }
        Ok(about)
    }
}

/// Makes the names in a directory, and in those below it, durable.
fn synced(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            synced(&entry.path())?;
        }
    }
    File::open(directory)?.sync_all()
}

fn unread(member: &str, reason: io::Error) -> RestoreError {
    match reason.kind() {
        io::ErrorKind::UnexpectedEof => RestoreError::CutShort,
        io::ErrorKind::InvalidData => damaged(member, "is no text"),
        _ => RestoreError::Read {
            member: member.to_owned(),
            reason,
        },
    }
}

/// A member that is text, and not large.
fn small(member: &str, content: &mut dyn Read) -> Result<String, RestoreError> {
    let mut text = String::new();
    let read = content.take(SMALL).read_to_string(&mut text);
    read.map_err(|reason| unread(member, reason))?;
    Ok(text)
}

fn parsed<T: serde::de::DeserializeOwned>(member: &str, text: &str) -> Result<T, RestoreError> {
    serde_json::from_str(text).map_err(|error| damaged(member, format!("is wrong: {error}")))
}

/// Names and sums, as `sha256sum` writes them.
fn listed(text: &str) -> Result<BTreeMap<String, String>, RestoreError> {
    if !text.ends_with('\n') {
        return Err(RestoreError::CutShort);
    }
    let lines = text.lines().map(|line| {
        let (sum, name) = line
            .split_once("  ")
            .ok_or_else(|| damaged(SUMS, format!("has the line {line:?}")))?;
        Ok((name.to_owned(), sum.to_owned()))
    });
    lines.collect()
}

/// Sums up what is read.
struct Summed<'a> {
    inner: &'a mut dyn Read,
    hash: Sha256,
}

impl Read for Summed<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(into)?;
        self.hash.update(&into[..read]);
        Ok(read)
    }
}
