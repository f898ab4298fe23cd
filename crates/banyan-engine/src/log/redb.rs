//! The log in `commits.redb`: what is appended together is one durable transaction of redb, and costs one disk sync.
//!
//! Tables: `heads` (seq to JSON), `changes` and `reverses` (seq to YANG Patch JSON), `facts` (name to
//! text). Heads stand apart so that the history is read without the data of the changes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageError, TableDefinition,
};

use super::{Appended, CommitLog, Facts, LogError, Record, RecordHead};
use crate::number::Seq;

const HEADS: TableDefinition<'_, u64, &str> = TableDefinition::new("heads");
const CHANGES: TableDefinition<'_, u64, &str> = TableDefinition::new("changes");
const REVERSES: TableDefinition<'_, u64, &str> = TableDefinition::new("reverses");
const FACTS: TableDefinition<'_, &str, &str> = TableDefinition::new("facts");

/// The name of the fact that keeps the head when all records were trimmed.
const TRIMMED: &str = "log/trimmed-to";

/// The commit log in a file.
pub struct RedbLog {
    path: PathBuf,
    database: RwLock<Slot>,
}

#[derive(Default)]
struct Slot {
    /// `None` after a failure, until it is opened again: redb refuses work after an I/O error.
    open: Option<Arc<Database>>,
    /// It was open before, so who is still reading may hold the file for a moment.
    closed: bool,
}

impl Slot {
    fn close(&mut self) {
        self.closed |= self.open.take().is_some();
    }
}

impl RedbLog {
    /// Opens the log, or makes an empty one.
    pub fn open(path: &Path) -> Result<RedbLog, LogError> {
        let log = RedbLog {
            path: path.to_owned(),
            database: RwLock::default(),
        };
        log.reopen()?;
        Ok(log)
    }

    fn file(&self) -> String {
        self.path.display().to_string()
    }

    fn storage(&self, reason: impl ToString) -> LogError {
        LogError::Storage {
            file: self.file(),
            reason: reason.to_string(),
        }
    }

    fn damaged(&self, reason: impl ToString) -> LogError {
        LogError::Damaged {
            file: self.file(),
            reason: reason.to_string(),
        }
    }

    fn error(&self, error: redb::Error) -> LogError {
        match error {
            redb::Error::Corrupted(reason) => self.damaged(reason),
            redb::Error::DatabaseAlreadyOpen => LogError::InUse { file: self.file() },
            other => self.storage(other),
        }
    }

    fn reopen(&self) -> Result<Arc<Database>, LogError> {
        let mut slot = self.slot();
        // Another thread may have done it.
        if let Some(database) = &slot.open {
            return Ok(database.clone());
        }
        let database = Arc::new(self.opened(slot.closed)?);
        restrict(&self.path).map_err(|error| self.storage(error))?;
        // Only once: a full disk must not keep readers out.
        if !has_tables(&database) {
            self.in_write(&database, |transaction| {
                transaction.open_table(HEADS)?;
                transaction.open_table(CHANGES)?;
                transaction.open_table(REVERSES)?;
                transaction.open_table(FACTS)?;
                Ok(())
            })?;
        }
        slot.open = Some(database.clone());
        Ok(database)
    }

    fn opened(&self, again: bool) -> Result<Database, LogError> {
        const ATTEMPTS: u32 = 500;
        let mut attempts = if again { ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            match Database::create(&self.path) {
                Ok(database) => return Ok(database),
                Err(DatabaseError::DatabaseAlreadyOpen) if attempts > 0 => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(DatabaseError::DatabaseAlreadyOpen) => {
                    return Err(LogError::InUse { file: self.file() });
                }
                Err(DatabaseError::Storage(StorageError::Corrupted(reason))) => {
                    return Err(self.damaged(reason));
                }
                Err(DatabaseError::UpgradeRequired(version)) => {
                    return Err(self.damaged(format!(
                        "its format is version {version}, which this program does not read"
                    )));
                }
                Err(other) => return Err(self.storage(other)),
            }
        }
    }

    fn slot(&self) -> RwLockWriteGuard<'_, Slot> {
        self.database
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn database(&self) -> Result<Arc<Database>, LogError> {
        let slot = self.database.read().unwrap_or_else(PoisonError::into_inner);
        match &slot.open {
            Some(database) => Ok(database.clone()),
            None => {
                drop(slot);
                self.reopen()
            }
        }
    }

    fn in_write<T>(
        &self,
        database: &Database,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, LogError> {
        let attempt = || -> Result<T, redb::Error> {
            let transaction = database.begin_write()?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        attempt().map_err(|error| self.error(error))
    }

    /// Writes durably; after a failure the database is closed, and the next call opens it again.
    fn write<T>(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, LogError> {
        let database = self.database()?;
        let result = self.in_write(&database, work);
        if result.is_err() {
            self.slot().close();
        }
        result
    }

    fn read_with<T>(
        &self,
        work: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, LogError> {
        let database = self.database()?;
        let attempt = || -> Result<T, redb::Error> {
            let transaction = database.begin_read()?;
            work(&transaction)
        };
        let result = attempt().map_err(|error| self.error(error));
        if matches!(result, Err(LogError::Storage { .. })) {
            self.slot().close();
        }
        result
    }

    fn parse_head(&self, seq: u64, text: &str) -> Result<RecordHead, LogError> {
        serde_json::from_str(text)
            .map_err(|error| self.damaged(format!("record {seq} cannot be read: {error}")))
    }
}

/// Only the owner may read what was configured.
fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// All tables exist from the first day, so readers need no special case.
fn has_tables(database: &Database) -> bool {
    database.begin_read().is_ok_and(|transaction| {
        [HEADS, CHANGES, REVERSES]
            .into_iter()
            .all(|table| transaction.open_table(table).is_ok())
            && transaction.open_table(FACTS).is_ok()
    })
}

fn head_of(
    heads: &impl ReadableTable<u64, &'static str>,
    facts: &impl ReadableTable<&'static str, &'static str>,
) -> Result<Seq, redb::Error> {
    if let Some((seq, _)) = heads.last()? {
        return Ok(Seq(seq.value()));
    }
    let trimmed = facts.get(TRIMMED)?;
    Ok(Seq(trimmed
        .and_then(|text| text.value().parse().ok())
        .unwrap_or(0)))
}

fn put(transaction: &redb::WriteTransaction, facts: Facts<'_>) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(FACTS)?;
    for (name, value) in facts {
        match value {
            Some(value) => table.insert(*name, *value)?,
            None => table.remove(*name)?,
        };
    }
    Ok(())
}

impl CommitLog for RedbLog {
    fn head(&self) -> Result<Seq, LogError> {
        self.read_with(|transaction| {
            head_of(
                &transaction.open_table(HEADS)?,
                &transaction.open_table(FACTS)?,
            )
        })
    }

    fn tail(&self) -> Result<Seq, LogError> {
        self.read_with(|transaction| {
            let heads = transaction.open_table(HEADS)?;
            if let Some((seq, _)) = heads.first()? {
                return Ok(Seq(seq.value()));
            }
            let head = head_of(&heads, &transaction.open_table(FACTS)?)?;
            Ok(Seq(head.0 + 1))
        })
    }

    fn append(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        let texts = records
            .iter()
            .map(|record| serde_json::to_string(&record.head))
            .collect::<Result<Vec<String>, _>>()
            .map_err(|error| self.storage(format!("a record cannot be written: {error}")))?;
        self.write(|transaction| {
            let mut heads = transaction.open_table(HEADS)?;
            let head = head_of(&heads, &transaction.open_table(FACTS)?)?;
            if head != expected_head {
                return Ok(Appended::HeadMoved(head));
            }
            let mut changes = transaction.open_table(CHANGES)?;
            let mut reverses = transaction.open_table(REVERSES)?;
            for ((record, text), seq) in records.iter().zip(&texts).zip(head.0 + 1..) {
                heads.insert(seq, text.as_str())?;
                changes.insert(seq, &*record.change)?;
                reverses.insert(seq, &*record.reverse)?;
            }
            put(transaction, facts)?;
            Ok(Appended::At(Seq(head.0 + records.len() as u64)))
        })
    }

    fn read(&self, from: Seq, limit: usize) -> Result<Vec<Record>, LogError> {
        let texts = self.read_with(|transaction| {
            let heads = transaction.open_table(HEADS)?;
            let changes = transaction.open_table(CHANGES)?;
            let reverses = transaction.open_table(REVERSES)?;
            let mut texts = Vec::new();
            for entry in heads.range(from.0..)?.take(limit) {
                let (seq, head) = entry?;
                let seq = seq.value();
                let text = |table: &redb::ReadOnlyTable<u64, &'static str>| {
                    Ok::<Arc<str>, redb::Error>(
                        table
                            .get(seq)?
                            .map_or_else(|| Arc::from(""), |text| Arc::from(text.value())),
                    )
                };
                texts.push((
                    seq,
                    head.value().to_owned(),
                    text(&changes)?,
                    text(&reverses)?,
                ));
            }
            Ok(texts)
        })?;
        texts
            .into_iter()
            .map(|(seq, head, change, reverse)| {
                Ok(Record {
                    head: self.parse_head(seq, &head)?,
                    change,
                    reverse,
                })
            })
            .collect()
    }

    fn history(&self, newest: Seq, limit: usize) -> Result<Vec<RecordHead>, LogError> {
        let texts = self.read_with(|transaction| {
            let heads = transaction.open_table(HEADS)?;
            let mut texts = Vec::new();
            for entry in heads.range(..=newest.0)?.rev().take(limit) {
                let (seq, head) = entry?;
                texts.push((seq.value(), head.value().to_owned()));
            }
            Ok(texts)
        })?;
        texts
            .into_iter()
            .map(|(seq, head)| self.parse_head(seq, &head))
            .collect()
    }

    fn trim(&self, seq: Seq) -> Result<(), LogError> {
        self.write(|transaction| {
            let mut heads = transaction.open_table(HEADS)?;
            let head = head_of(&heads, &transaction.open_table(FACTS)?)?;
            heads.retain_in(..seq.0, |_, _| false)?;
            transaction
                .open_table(CHANGES)?
                .retain_in(..seq.0, |_, _| false)?;
            transaction
                .open_table(REVERSES)?
                .retain_in(..seq.0, |_, _| false)?;
            put(transaction, &[(TRIMMED, Some(&head.to_string()))])
        })
    }

    fn set(&self, facts: Facts<'_>) -> Result<(), LogError> {
        self.write(|transaction| put(transaction, facts))
    }

    fn facts(&self, prefix: &str) -> Result<BTreeMap<String, String>, LogError> {
        self.read_with(|transaction| {
            let table = transaction.open_table(FACTS)?;
            let mut found = BTreeMap::new();
            for entry in table.range(prefix..)? {
                let (name, value) = entry?;
                if !name.value().starts_with(prefix) {
                    break;
                }
                found.insert(name.value().to_owned(), value.value().to_owned());
            }
            Ok(found)
        })
    }

    fn size(&self) -> Option<u64> {
        std::fs::metadata(&self.path).ok().map(|file| file.len())
    }

    fn close(&self) {
        self.slot().close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_opened_again_while_somebody_still_reads() {
        let scratch = tempfile::tempdir().unwrap();
        let log = RedbLog::open(&scratch.path().join("commits.redb")).unwrap();
        let reading = log.database().unwrap();
        log.close();
        let reader = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            drop(reading);
        });
        assert_eq!(log.head().unwrap(), Seq(0));
        reader.join().unwrap();
    }
}
