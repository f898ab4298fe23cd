//! Named stores that are not under the modules of the store: on their way to them, or kept as they are because they do
//! not fit.
//!
//! A store is under the module set of the last start, unless the log has a fact that says otherwise: `schema/store/NAME` is
//! the digest of the set that its files were written under, and the hash of those files. Files that are others by now were
//! written since: the fact means nothing then.

use crate::keeper::OnDisk;
use crate::log::{CommitLog, LogError};

/// The prefix of the facts.
const FACTS: &str = "schema/store/";

/// In the place of a digest: the files say themselves what they were written under (module state), and that is no set that
/// is kept.
pub(crate) const STATED: &str = "stated";

/// The name of the fact about a store.
pub(crate) fn fact(store: &str) -> String {
    format!("{FACTS}{store}")
}

/// Its value.
pub(crate) fn value(digest: &str, on_disk: &OnDisk) -> String {
    format!("{digest} {}", on_disk.hash())
}

/// The names of the stores that there are facts about.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn stores(log: &dyn CommitLog) -> Result<Vec<String>, LogError> {
    let facts = log.facts(FACTS)?.into_keys();
    Ok(facts
        .filter_map(|name| name.strip_prefix(FACTS).map(str::to_owned))
        .collect())
}

/// The digests of the sets that the facts name.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn sets(log: &dyn CommitLog) -> Result<Vec<String>, LogError> {
    let facts = log.facts(FACTS)?.into_values();
    Ok(facts
        .filter_map(|value| Some(value.split_once(' ')?.0.to_owned()))
        .collect())
}

/// The digest of the set that these files of a store are under, if it is not that of the store.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn set_of(
    log: &dyn CommitLog,
    store: &str,
    on_disk: &OnDisk,
) -> Result<Option<String>, LogError> {
    let name = fact(store);
    let value = log.facts(&name)?.remove(&name);
    let digest = value.and_then(|value| {
        let (digest, hash) = value.split_once(' ')?;
        (hash == on_disk.hash()).then(|| digest.to_owned())
    });
    Ok(digest)
}
