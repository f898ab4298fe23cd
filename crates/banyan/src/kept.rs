//! What the program keeps in the directory beside the datastores, for backups: what devices last had and their modules,
//! host keys.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_engine::backup::MoreFiles;

use crate::config::Config;

/// Lists those files anew at each backup. What can be made again, as compiled schemas, is not among them.
pub fn beside_the_datastores(config: &Config) -> Arc<MoreFiles> {
    let store = config.store.directory.clone();
    let host_key = config.netconf.host_key.clone();
    Arc::new(move || {
        let mut found = Vec::new();
        for directory in ["controller/yang", "controller/devices"] {
            files_below(&store.join(directory), &mut found)?;
        }
        if host_key.is_file() {
            found.push(host_key.clone());
        }
        let named = found.into_iter().filter_map(|file| {
            let name = file.strip_prefix(&store).ok()?.to_str()?.to_owned();
            Some((name, file))
        });
        Ok(named.collect())
    })
}

/// Regular files, in the order of their names. A file that is being written is none yet.
fn files_below(directory: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let kind = entry.file_type()?;
        let path = entry.path();
        let ending = path.extension().map(|ending| ending.as_encoded_bytes());
        let temporary = ending.is_some_and(|ending| ending.starts_with(b"tmp"));
        if kind.is_dir() {
            files_below(&path, found)?;
        } else if kind.is_file() && !temporary {
            found.push(path);
        }
    }
    Ok(())
}
