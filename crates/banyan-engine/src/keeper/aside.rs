//! Files that get other names: what somebody wrote is never overwritten, and never removed because it is not read.

use std::path::{Path, PathBuf};

use super::stored::{RUNNING_FACTS, digest};
use super::{KeepError, Keeper, Was, failed, file_of, split};
use crate::files::Files;
use crate::log::CommitLog;

/// Behind the names of files that cannot be read.
pub(crate) const DAMAGED: &str = ".damaged";
/// Behind the names of files that somebody edited in vain.
pub(crate) const EDITED: &str = ".edited";
/// Behind the name of a rollback that is not valid, as Clixon does.
pub(crate) const ERROR: &str = ".error";
/// Behind the names of what was in the store tmp before.
pub(crate) const BEFORE: &str = ".before";

/// Whether the name is one of a file that was kept: an ending of those above, or of data that were left out, and maybe a
/// number.
pub(crate) fn is_kept_aside(name: &str) -> bool {
    let plain = match name.rsplit_once('.') {
        Some((plain, number)) if number.bytes().all(|digit| digit.is_ascii_digit()) => plain,
        _ => name,
    };
    let endings = [DAMAGED, EDITED, ERROR, BEFORE, ".left-out"];
    endings.iter().any(|ending| plain.ends_with(ending))
}

/// A name for a file that is kept: with the ending, and with a number where that is taken. `planned` tells names that are
/// about to be. Blocking.
///
/// # Errors
/// The disk refuses.
pub(crate) fn free_name(
    files: &dyn Files,
    file: &Path,
    ending: &str,
    planned: &dyn Fn(&Path) -> bool,
) -> Result<PathBuf, KeepError> {
    let first = format!("{}{ending}", file.display());
    let (mut name, mut number) = (PathBuf::from(&first), 1);
    loop {
        let there = files.open(&name).map_err(|reason| failed(&name, reason))?;
        if there.is_none() && !planned(&name) {
            return Ok(name);
        }
        number += 1;
        name = PathBuf::from(format!("{first}.{number}"));
    }
}

/// Of a store that is there in both forms: the files of the form that is not read, as far as the program has not left them
/// there. Blocking.
///
/// # Errors
/// The disk or the log refuses.
pub(crate) fn ignored(
    files: &dyn Files,
    log: &dyn CommitLog,
    directory: &Path,
    store: &str,
    splits: bool,
) -> Result<Vec<PathBuf>, KeepError> {
    let single = file_of(directory, store);
    let main = split::main_file(directory, store);
    for file in [&single, &main] {
        let there = files.open(file).map_err(|reason| failed(file, reason))?;
        if there.is_none() {
            return Ok(Vec::new());
        }
    }
    if !splits {
        return split::unknown_files(files, log, directory, store);
    }
    let content = files.read(&single);
    let content = content.map_err(|reason| failed(&single, reason))?;
    let hash = digest(&content.unwrap_or_default());
    let fact = match store {
        "running" => format!("{RUNNING_FACTS}{hash}"),
        store => format!("{}{store}", super::WROTE),
    };
    let known = log.facts(&fact)?.remove(&fact);
    let ours = known.is_some_and(|known| store == "running" || known == hash);
    Ok(if ours { Vec::new() } else { vec![single] })
}

impl Keeper {
    /// Files of the form that is not read, and that the next write of the store would remove, get other names if somebody has
    /// put them there. Blocking.
    ///
    /// # Errors
    /// The disk or the log refuses.
    pub(super) fn spare_ignored(&self, store: &str) -> Result<(), KeepError> {
        let (files, log) = (&*self.files, &*self.log);
        for file in ignored(files, log, &self.directory, store, self.splits())? {
            if self.state().known.get(store) == self.was(&file)?.as_ref() {
                continue;
            }
            let name = free_name(files, &file, EDITED, &|_| false)?;
            let renamed = files.rename(&file, &name);
            renamed.map_err(|reason| failed(&file, reason))?;
            tracing::warn!(
                "{} is not what the program left there, and was not used because the store {store} is kept in the other form: it is kept as {}",
                file.display(),
                name.display()
            );
            if let Some(around) = file.parent() {
                let synced = files.sync_directory(around);
                synced.map_err(|reason| failed(around, reason))?;
            }
        }
        Ok(())
    }

    fn was(&self, file: &Path) -> Result<Option<Was>, KeepError> {
        let read = self.files.read(file);
        let content = read.map_err(|reason| failed(file, reason))?;
        Ok(content.map(|content| Was::Hash(digest(&content))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{MemoryFiles, Sync};

    #[test]
    fn names_are_numbered_and_known_again() {
        let files = MemoryFiles::default();
        let file = Path::new("/d/running_db");
        let mut given = Vec::new();
        for _ in 0..3 {
            let name = free_name(&files, file, DAMAGED, &|_| false).unwrap();
            files
                .write(&name, Sync::Now, &mut |out| out.write_all(b"x"))
                .unwrap();
            given.push(name.file_name().unwrap().to_str().unwrap().to_owned());
        }
        let expected = [
            "running_db.damaged",
            "running_db.damaged.2",
            "running_db.damaged.3",
        ];
        assert_eq!(given, expected);
        assert!(given.iter().all(|name| is_kept_aside(name)));
        let planned = |name: &Path| name.ends_with("running_db.damaged.4");
        let next = free_name(&files, file, DAMAGED, &planned).unwrap();
        assert!(next.ends_with("running_db.damaged.5"));
        assert!(
            [
                "0.xml.edited",
                "rollback_db.error.12",
                "lab.left-out",
                "tmp_db.before"
            ]
            .into_iter()
            .all(is_kept_aside)
        );
        assert!(
            ![
                "running_db",
                "0.xml",
                "history-base.7",
                "running_db.new",
                "lab.2_db"
            ]
            .into_iter()
            .any(is_kept_aside)
        );
    }
}
