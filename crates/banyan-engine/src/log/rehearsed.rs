//! The bytes of a log that are read where they are, and written in memory alone: a log that a kill has left may have to be
//! repaired before it can be read, and who only looks must not do that to the file.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::medium::Medium;
use super::{CommitLog, LogError, MemoryLog, RedbLog};

/// The log in a file that is never written; an empty one where there is none.
///
/// # Errors
/// It cannot be read, or is no commit log.
pub(crate) fn rehearsed_log(path: &Path) -> Result<Arc<dyn CommitLog>, LogError> {
    let there = match std::fs::metadata(path) {
        Ok(_) => true,
        // Who may not look is told so by the attempt.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    };
    Ok(match there {
        true => Arc::new(RedbLog::open_on(Arc::new(RehearsedMedium(
            path.to_owned(),
        )))?),
        false => Arc::new(MemoryLog::default()),
    })
}

/// A file that is never written.
struct RehearsedMedium(PathBuf);

impl Medium for RehearsedMedium {
    fn name(&self) -> String {
        self.0.display().to_string()
    }

    fn open(&self) -> io::Result<Option<Box<dyn StorageBackend>>> {
        let file = match File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let length = file.metadata()?.len();
        Ok(Some(Box::new(Overlay {
            file,
            state: Mutex::new(State {
                of_file: length,
                length,
                pages: BTreeMap::new(),
            }),
        })))
    }

    /// Nobody asks for one: where there is no log, an empty one in memory takes its place.
    fn make(&self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(InMemoryBackend::new()))
    }

    fn establish(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }
}

const PAGE: u64 = 4096;

struct Overlay {
    file: File,
    state: Mutex<State>,
}

struct State {
    /// What of the file counts: less than its length if it was made shorter here.
    of_file: u64,
    length: u64,
    /// Pages that were written, by their numbers.
    pages: BTreeMap<u64, Box<[u8]>>,
}

impl fmt::Debug for Overlay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overlay").finish_non_exhaustive()
    }
}

impl Overlay {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the file has from `offset` on; nothing behind its end but zeros.
    fn original(&self, state: &State, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = state.of_file.saturating_sub(offset);
        let there = usize::try_from(there).unwrap_or(usize::MAX).min(out.len());
        self.file.read_exact_at(&mut out[..there], offset)?;
        out[there..].fill(0);
        Ok(())
    }
}

/// The pages that a stretch of bytes is in: the number of each, where in it the bytes begin, and how many there are.
fn stretches(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let end = offset + length as u64;
    let mut at = offset;
    std::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        let within = at % PAGE;
        let count = (PAGE - within).min(end - at);
        let stretch = (at / PAGE, within as usize, count as usize);
        at += count;
        Some(stretch)
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        if offset + out.len() as u64 > state.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut done = 0;
        for (page, within, count) in stretches(offset, out.len()) {
            let piece = &mut out[done..done + count];
            match state.pages.get(&page) {
                Some(written) => piece.copy_from_slice(&written[within..within + count]),
                None => self.original(&state, page * PAGE + within as u64, piece)?,
            }
            done += count;
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.of_file = state.of_file.min(len);
        state.length = len;
        // What is behind the end is zero when it comes back.
        state.pages.split_off(&len.div_ceil(PAGE));
        if let Some(last) = state.pages.get_mut(&(len / PAGE)) {
            last[(len % PAGE) as usize..].fill(0);
        }
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let mut done = 0;
        for (page, within, count) in stretches(offset, data.len()) {
            let mut content = match state.pages.remove(&page) {
                Some(content) => content,
                None => {
                    let mut content = vec![0; PAGE as usize].into_boxed_slice();
                    self.original(&state, page * PAGE, &mut content)?;
                    content
                }
            };
            content[within..within + count].copy_from_slice(&data[done..done + count]);
            state.pages.insert(page, content);
            done += count;
        }
        state.length = state.length.max(offset + data.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_and_the_file_stays_what_it_was() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("log");
        let content: Vec<u8> = (0..10_000u32).map(|at| (at % 251) as u8).collect();
        std::fs::write(&path, &content).unwrap();
        let open = || RehearsedMedium(path.clone()).open().unwrap().unwrap();
        let backend = open();
        let mut expected = content.clone();
        let compare = |expected: &[u8]| {
            assert_eq!(backend.len().unwrap(), expected.len() as u64);
            let mut found = vec![0; expected.len()];
            backend.read(0, &mut found).unwrap();
            assert!(found == expected);
        };
        compare(&expected);
        for (offset, count) in [(0, 3), (4090, 20), (8190, 4096), (9_999, 5_000)] {
            let data = vec![255; count];
            backend.write(offset as u64, &data).unwrap();
            expected.resize(expected.len().max(offset + count), 0);
            expected[offset..offset + count].copy_from_slice(&data);
            compare(&expected);
        }
        for length in [5_000, 12_000, 100, 9_000] {
            backend.set_len(length as u64).unwrap();
            expected.resize(length, 0);
            compare(&expected);
        }
        assert!(backend.read(8_999, &mut [0; 2]).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), content);
        let mut found = vec![0; content.len()];
        open().read(0, &mut found).unwrap();
        assert!(found == content);
    }
}
