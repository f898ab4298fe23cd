//! The log in `commits.redb`: what is appended together is one durable transaction of redb, and costs one disk sync.
//!
//! Tables: `heads` (seq to JSON), `changes` and `reverses` (seq to YANG Patch JSON), `facts` (name to
//! text). Heads stand apart so that the history is read without the data of the changes.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use redb::{
    Database, DatabaseError, ReadableDatabase, ReadableTable, StorageBackend, StorageError,
    TableDefinition,
};

use super::medium::{FileMedium, Medium, Syncs};
use super::{Appended, CommitLog, Facts, LogError, Moment, Record, RecordHead};
use crate::blocking::panic_text;
use crate::clock::Clock;
use crate::number::Seq;

const HEADS: TableDefinition<'_, u64, &str> = TableDefinition::new("heads");
const CHANGES: TableDefinition<'_, u64, &str> = TableDefinition::new("changes");
const REVERSES: TableDefinition<'_, u64, &str> = TableDefinition::new("reverses");
const FACTS: TableDefinition<'_, &str, &str> = TableDefinition::new("facts");

/// The name of the fact that keeps the head when all records were trimmed.
const TRIMMED: &str = "log/trimmed-to";

/// The commit log in a file.
pub struct RedbLog {
    medium: Arc<dyn Medium>,
    syncs: Syncs,
    /// How long the last append waited for the disk.
    last_sync: Mutex<Option<Duration>>,
    database: RwLock<Slot>,
    /// Whether it was closed for good. Each call holds it, so that who closes waits for those in progress. Taken before the
    /// slot.
    ended: RwLock<bool>,
}

#[derive(Default)]
struct Slot {
    /// `None` after a failure, until it is opened again: redb refuses work after an I/O error.
    open: Option<Arc<Database>>,
    /// It was open before, so who is still reading may hold the file for a moment.
    before: bool,
}

impl Slot {
    /// It is opened again by the next call.
    fn give_up(&mut self) {
        self.before |= self.open.take().is_some();
    }
}

impl RedbLog {
    /// Opens the log, or makes an empty one.
    ///
    /// # Errors
    /// The disk refuses, another process has it, or it is no commit log.
    pub fn open(path: &Path) -> Result<RedbLog, LogError> {
        RedbLog::open_on(Arc::new(FileMedium::new(path)))
    }

    /// As [`RedbLog::open`], with bytes that are elsewhere than in a file.
    ///
    /// # Errors
    /// As [`RedbLog::open`].
    pub fn open_on(medium: Arc<dyn Medium>) -> Result<RedbLog, LogError> {
        let log = RedbLog {
            medium,
            syncs: Syncs::default(),
            last_sync: Mutex::default(),
            database: RwLock::default(),
            ended: RwLock::default(),
        };
        log.reopen()?;
        Ok(log)
    }

    /// Lets an empty log go on after a place, as if what was before had been trimmed.
    pub(crate) fn begin_after(&self, seq: Seq) -> Result<(), LogError> {
        self.set(&[(TRIMMED, Some(&seq.to_string()))])
    }

    /// Measures by this clock how long appends wait for the disk.
    #[must_use]
    pub fn measured_by(self, clock: Arc<dyn Clock>) -> RedbLog {
        self.syncs.measure(clock);
        self
    }

    fn file(&self) -> String {
        self.medium.name()
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
        let database = match self.opened(slot.before)? {
            Some(database) => database,
            // An empty one in its place would be the end of all that is known.
            None if slot.before => {
                return Err(self.storage(
                    "it was there before, and is gone; stop the program, and put it back",
                ));
            }
            None => {
                self.made()?;
                let opened = self.opened(false)?;
                opened.ok_or_else(|| self.storage("it was made, and is gone"))?
            }
        };
        let database = Arc::new(database);
        slot.open = Some(database.clone());
        Ok(database)
    }

    /// Makes an empty log: it is there as a whole, or not at all. All tables exist from the first day, so readers need
    /// no special case.
    fn made(&self) -> Result<(), LogError> {
        let medium = self.syncs.make(&*self.medium);
        let medium = medium.map_err(|error| self.storage(error))?;
        let database = Database::builder()
            .create_with_backend(medium)
            .map_err(|error| self.not_opened(error))?;
        let transaction = database.begin_write();
        let transaction = transaction.map_err(|error| self.error(error.into()))?;
        self.in_write(transaction, |transaction| {
            transaction.open_table(HEADS)?;
            transaction.open_table(CHANGES)?;
            transaction.open_table(REVERSES)?;
            transaction.open_table(FACTS)?;
            Ok(())
        })?;
        drop(database);
        self.medium.establish().map_err(|error| self.storage(error))
    }

    fn opened(&self, again: bool) -> Result<Option<Database>, LogError> {
        const ATTEMPTS: u32 = 500;
        let mut attempts = if again { ATTEMPTS } else { 1 };
        loop {
            attempts -= 1;
            let medium = self.syncs.open(&*self.medium);
            let Some(medium) = medium.map_err(|error| self.storage(error))? else {
                return Ok(None);
            };
            // It is made under another name, so it was never empty: somebody or something has emptied it.
            if medium.len().map_err(|error| self.storage(error))? == 0 {
                return Err(self.damaged("it is empty, and nobody knows what it held"));
            }
            let opened = without_panic(|| Ok(Database::builder().create_with_backend(medium)));
            match opened.map_err(|error| self.error(error))? {
                Ok(database) => return Ok(Some(database)),
                Err(DatabaseError::DatabaseAlreadyOpen) if attempts > 0 => {
                    std::thread::sleep(Duration::from_millis(2));
                }
                Err(error) => return Err(self.not_opened(error)),
            }
        }
    }

    fn not_opened(&self, error: DatabaseError) -> LogError {
        match error {
            DatabaseError::DatabaseAlreadyOpen => LogError::InUse { file: self.file() },
            DatabaseError::Storage(StorageError::Corrupted(reason)) => self.damaged(reason),
            DatabaseError::Storage(StorageError::Io(error))
                if error.kind() == std::io::ErrorKind::InvalidData =>
            {
                self.damaged(error)
            }
            DatabaseError::UpgradeRequired(version) => self.damaged(format!(
                "its format is version {version}, which this program does not read"
            )),
            other => self.storage(other),
        }
    }

    fn waited(&self) -> MutexGuard<'_, Option<Duration>> {
        // It is replaced as a whole.
        self.last_sync
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn slot(&self) -> RwLockWriteGuard<'_, Slot> {
        self.database
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A call is in progress as long as the guard lives.
    fn working(&self) -> Result<RwLockReadGuard<'_, bool>, LogError> {
        let ended = self.ended.read().unwrap_or_else(PoisonError::into_inner);
        match *ended {
            false => Ok(ended),
            true => Err(LogError::Closed { file: self.file() }),
        }
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
        transaction: redb::WriteTransaction,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, LogError> {
        let attempt = || -> Result<T, redb::Error> {
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        without_panic(attempt).map_err(|error| self.error(error))
    }

    /// Begins a transaction. A failure that nobody was told of, as of work that redb does after its answer, is no
    /// failure of this one: the database is opened again, once.
    fn begun<T>(
        &self,
        begin: impl Fn(&Database) -> Result<T, redb::TransactionError>,
    ) -> Result<T, LogError> {
        let mut begun = begin(&*self.database()?);
        if let Err(redb::TransactionError::Storage(StorageError::PreviousIo)) = begun {
            self.slot().give_up();
            begun = begin(&*self.database()?);
        }
        begun.map_err(|error| {
            self.slot().give_up();
            self.error(error.into())
        })
    }

    /// Writes durably; after a failure the database is closed, and the next call opens it again.
    fn write<T>(
        &self,
        work: impl FnOnce(&redb::WriteTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, LogError> {
        let _working = self.working()?;
        let transaction = self.begun(Database::begin_write)?;
        let result = self.in_write(transaction, work);
        if result.is_err() {
            self.slot().give_up();
        }
        result
    }

    fn read_with<T>(
        &self,
        work: impl FnOnce(&redb::ReadTransaction) -> Result<T, redb::Error>,
    ) -> Result<T, LogError> {
        let _working = self.working()?;
        let transaction = self.begun(|database| database.begin_read())?;
        let result = without_panic(|| work(&transaction)).map_err(|error| self.error(error));
        if matches!(result, Err(LogError::Storage { .. })) {
            self.slot().give_up();
        }
        result
    }

    /// Writes records behind those that there are, or in their place.
    fn written(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
        before: Before,
    ) -> Result<Appended, LogError> {
        let texts = records
            .iter()
            .map(|record| serde_json::to_string(&record.head))
            .collect::<Result<Vec<String>, _>>()
            .map_err(|error| self.storage(format!("a record cannot be written: {error}")))?;
        self.write(|transaction| {
            let mut heads = transaction.open_table(HEADS)?;
            let mut head = head_of(&heads, &transaction.open_table(FACTS)?)?;
            if head != expected_head {
                return Ok(Appended::HeadMoved(head));
            }
            let mut changes = transaction.open_table(CHANGES)?;
            let mut reverses = transaction.open_table(REVERSES)?;
            if before == Before::Forgotten {
                heads.retain(|_, _| false)?;
                changes.retain(|_, _| false)?;
                reverses.retain(|_, _| false)?;
                put(transaction, &[(TRIMMED, None)])?;
                head = Seq(0);
            }
            for ((record, text), seq) in records.iter().zip(&texts).zip(head.0 + 1..) {
                heads.insert(seq, text.as_str())?;
                changes.insert(seq, &*record.change)?;
                reverses.insert(seq, &*record.reverse)?;
            }
            put(transaction, facts)?;
            Ok(Appended::At(Seq(head.0 + records.len() as u64)))
        })
    }

    fn parse_head(&self, seq: u64, text: &str) -> Result<RecordHead, LogError> {
        serde_json::from_str(text)
            .map_err(|error| self.damaged(format!("record {seq} cannot be read: {error}")))
    }
}

/// What becomes of the records that there are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Kept,
    Forgotten,
}

/// redb is sure of what it wrote itself, and may panic at what a disk has spoiled.
fn without_panic<T>(work: impl FnOnce() -> Result<T, redb::Error>) -> Result<T, redb::Error> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|panic| Err(redb::Error::Corrupted(panic_text(&panic).to_owned())))
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
        self.syncs.waited();
        let appended = self.written(expected_head, records, facts, Before::Kept);
        *self.waited() = self.syncs.waited();
        appended
    }

    fn replace(
        &self,
        expected_head: Seq,
        records: &[Record],
        facts: Facts<'_>,
    ) -> Result<Appended, LogError> {
        self.written(expected_head, records, facts, Before::Forgotten)
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

    fn moment(&self) -> Result<Moment, LogError> {
        self.read_with(|transaction| {
            let heads = transaction.open_table(HEADS)?;
            let table = transaction.open_table(FACTS)?;
            let head = head_of(&heads, &table)?;
            let first = heads.first()?.map(|(seq, _)| Seq(seq.value()));
            let mut facts = BTreeMap::new();
            for entry in table.iter()? {
                let (name, value) = entry?;
                facts.insert(name.value().to_owned(), value.value().to_owned());
            }
            Ok(Moment {
                head,
                tail: first.unwrap_or(Seq(head.0 + 1)),
                facts,
            })
        })
    }

    fn last_sync(&self) -> Option<Duration> {
        *self.waited()
    }

    fn size(&self) -> Option<u64> {
        self.medium.size()
    }

    fn close(&self) {
        let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
        *ended = true;
        self.slot().give_up();
    }
}

mod compact;
#[cfg(test)]
mod tests;

pub use compact::Compacted;
