//! YANG modules in files: those that were named one by one, then directories, then the modules that the program brings.
//!
//! A directory is listed once, when it is given; of the files only those are read that are asked for. The one
//! `ModuleSource` over files that the program has.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use banyan_yang::compile::{ModuleSource, ModuleText, SourceError};
use banyan_yang::embedded::{self, EmbeddedModules};
use banyan_yang::head::{Head, newest_revision};
use banyan_yang::source::SourceMap;
use banyan_yang::statement::Keyword;

/// How much of a directory is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The directory itself: what a daemon reads is what its configuration names.
    Flat,
    /// All directories below it too, as pyang does: published models come in trees of folders. Files nearer to the
    /// top come first; hidden directories are passed over.
    Recursive,
}

/// Why a file or directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The directory cannot be read.
    #[error("cannot read the YANG directory {}: {source}; correct the path, or create it", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What the system said, or where the text is no text.
        reason: String,
    },
}

/// A `.yang` file that was seen in a directory.
#[derive(Debug, Clone)]
struct Listed {
    path: PathBuf,
    /// What the file's name says: `name@revision.yang`.
    revision: Option<String>,
}

/// One directory, by the names of modules.
#[derive(Debug)]
struct Listing(BTreeMap<String, Vec<Listed>>);

/// Modules in files. Files are called `name.yang` or `name@revision.yang`.
#[derive(Debug, Default)]
pub struct Directories {
    /// By name: texts that were given, which come before all others; of several the newest revision last.
    given: HashMap<String, Vec<(Option<String>, ModuleText)>>,
    listings: Vec<Listing>,
}

impl Directories {
    /// Searches these directories, in this order.
    ///
    /// # Errors
    /// One of them is no directory that can be read.
    pub fn new(directories: &[PathBuf], search: Search) -> Result<Directories, FileError> {
        let mut found = Directories::default();
        for directory in directories {
            found.add(directory, search)?;
        }
        Ok(found)
    }

    /// Searches one more directory, after those before it.
    ///
    /// # Errors
    /// It is no directory that can be read.
    pub fn add(&mut self, directory: &Path, search: Search) -> Result<(), FileError> {
        self.listings.push(Listing::of(directory, search)?);
        Ok(())
    }

    /// Gives a text that is found before all files of its name, and says which one it is.
    pub fn give(&mut self, head: &Head, text: ModuleText) -> Option<String> {
        let revision = newest_revision(&text.text);
        let texts = self.given.entry(head.name.clone()).or_default();
        texts.push((revision.clone(), text));
        texts.sort_by(|a, b| a.0.cmp(&b.0));
        revision
    }

    /// Whether there is a module or submodule of that name, in any revision. Reads nothing.
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
            || self
                .listings
                .iter()
                .any(|listing| listing.0.contains_key(name))
            || embedded::find(name, None).is_some()
    }

    /// Which of these texts, as far as they came from listed directories, have a newer revision in another file: the
    /// first directory wins, and near the top of one a file wins over those below, so trees of several vendors may hide
    /// what is newer. Reads the files of names that several files have.
    pub fn passed_over(&self, taken: &SourceMap) -> Vec<String> {
        let mut passed_over = Vec::new();
        for id in taken.ids() {
            let Some(head) = Head::of(taken.text(id)) else {
                continue;
            };
            let files = self.listings.iter().filter_map(|it| it.0.get(&head.name));
            let files: Vec<&Listed> = files.flatten().collect();
            let origin = taken.name(id);
            if files.len() < 2 || !files.iter().any(|file| shown(&file.path) == origin) {
                continue;
            }
            let known = newest_revision(taken.text(id));
            let newer = files.iter().filter_map(|file| {
                let revision = match &file.revision {
                    Some(revision) => Some(revision.clone()),
                    None => newest_revision(&read_text(&file.path).ok()?.text),
                };
                (revision > known).then_some((revision?, &file.path))
            });
            if let Some((revision, path)) = newer.max_by(|a, b| a.0.cmp(&b.0)) {
                let known = known.map_or("without a revision".to_owned(), |it| format!("of {it}"));
                passed_over.push(format!(
                    "{} is taken from {origin}, {known}; {} has one of {revision}, which is passed over: name {}@{revision}, \
                     or put its directory first",
                    head.name,
                    shown(path),
                    head.name
                ));
            }
        }
        passed_over
    }

    /// The names of all modules and submodules that can be found, for suggestions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let listed = self.listings.iter().flat_map(|listing| listing.0.keys());
        let embedded = embedded::MODULES.iter().map(|module| module.name);
        listed
            .chain(self.given.keys())
            .map(String::as_str)
            .chain(embedded)
    }
}

impl Listing {
    fn of(top: &Path, search: Search) -> Result<Listing, FileError> {
        let mut listing = Listing(BTreeMap::new());
        for path in yang_files(top, search)? {
            let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
                continue;
            };
            let (name, revision) = match stem.split_once('@') {
                Some((name, revision)) => (name.to_owned(), Some(revision.to_owned())),
                None => (stem.to_owned(), None),
            };
            let files = listing.0.entry(name).or_default();
            files.push(Listed { path, revision });
        }
        Ok(listing)
    }

    /// The text of a module. Without a revision: the file without one in its name, else the newest by name.
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        let files = self.0.get(name).ok_or(SourceError::NotFound)?;
        let plain = files.iter().filter(|file| file.revision.is_none());
        let Some(revision) = revision else {
            let file = plain.clone().next().or_else(|| {
                // Dates sort as text; of equal ones the first file is meant.
                let dated = files.iter().rev();
                dated.max_by(|a, b| a.revision.cmp(&b.revision))
            });
            return read(&file.ok_or(SourceError::NotFound)?.path);
        };
        let exact = |file: &&Listed| file.revision.as_deref() == Some(revision);
        if let Some(file) = files.iter().find(exact) {
            return read(&file.path);
        }
        for file in plain {
            let text = read(&file.path)?;
            if newest_revision(&text.text).as_deref() == Some(revision) {
                return Ok(text);
            }
        }
        Err(SourceError::NotFound)
    }
}

impl ModuleSource for Directories {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        let given = self.given.get(name).into_iter().flatten().rev();
        for (stated, text) in given {
            if revision.is_none_or(|revision| stated.as_deref() == Some(revision)) {
                return Ok(text.clone());
            }
        }
        for listing in &self.listings {
            match listing.find(name, revision) {
                Err(SourceError::NotFound) => {}
                outcome => return outcome,
            }
        }
        EmbeddedModules.find(name, revision)
    }
}

fn read(file: &Path) -> Result<ModuleText, SourceError> {
    read_text(file).map_err(|error| SourceError::Unreadable(error.to_string()))
}

/// The text of a file.
///
/// # Errors
/// It cannot be read, or is not UTF-8 (RFC 7950 6).
pub fn read_text(file: &Path) -> Result<ModuleText, FileError> {
    let failed = |reason: String| FileError::File {
        file: file.to_owned(),
        reason,
    };
    let bytes = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let text = utf8(bytes).map_err(failed)?;
    Ok(ModuleText {
        origin: shown(file).into(),
        text: text.into(),
    })
}

/// A file in messages, where `./` says nothing.
fn shown(file: &Path) -> String {
    let file = file.strip_prefix(".").unwrap_or(file);
    file.to_string_lossy().into_owned()
}

/// Bytes as text; the error names the first line that is none.
pub fn utf8(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().iter().take(good);
        let line = before.filter(|byte| **byte == b'\n').count() + 1;
        format!("line {line} is not UTF-8; convert the file to UTF-8 (RFC 7950 6)")
    })
}

/// The `.yang` files of a directory: nearer ones first, sorted by name within each directory.
fn yang_files(top: &Path, search: Search) -> Result<Vec<PathBuf>, FileError> {
    let mut files = Vec::new();
    let mut open = VecDeque::from([top.to_owned()]);
    // Links may lead back up.
    let mut seen: HashSet<PathBuf> = HashSet::new();
    while let Some(directory) = open.pop_front() {
        let failed = |source| FileError::Directory {
            directory: directory.clone(),
            source,
        };
        if search == Search::Recursive && !seen.insert(directory.canonicalize().map_err(failed)?) {
            continue;
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(&directory).map_err(failed)? {
            entries.push(entry.map_err(failed)?.path());
        }
        entries.sort();
        for path in entries {
            let hidden = path
                .file_name()
                .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
            if path.extension().is_some_and(|it| it == "yang") && path.is_file() {
                files.push(path);
            } else if search == Search::Recursive && !hidden && path.is_dir() {
                open.push_back(path);
            }
        }
    }
    Ok(files)
}

/// A module in a directory.
#[derive(Debug)]
pub struct InDirectory {
    /// What its file is called, without revision and ending: the name by which it is found.
    pub file_name: String,
    /// Its text, if the module is called otherwise than its file.
    pub misnamed: Option<ModuleText>,
}

/// The modules of a directory, without submodules, in the order of the names of their files; of several revisions there
/// is one entry.
///
/// # Errors
/// The directory or a file in it cannot be read.
pub fn modules_in(directory: &Path, search: Search) -> Result<Vec<InDirectory>, FileError> {
    let mut modules: Vec<InDirectory> = Vec::new();
    for path in yang_files(directory, search)? {
        let text = read_text(&path)?;
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let file_name = stem.and_then(|stem| stem.split('@').next()).unwrap_or("");
        let misnamed = match Head::of(&text.text) {
            Some(head) if head.keyword == Keyword::Submodule => continue,
            Some(head) if head.name != file_name => Some(text),
            // What is no module at all is asked for all the same: the compiler says what is wrong with it.
            _ => None,
        };
        modules.push(InDirectory {
            file_name: file_name.to_owned(),
            misnamed,
        });
    }
    modules.sort_by(|a, b| a.file_name.cmp(&b.file_name));
    modules.dedup_by(|a, b| {
        a.file_name == b.file_name && a.misnamed.is_none() && b.misnamed.is_none()
    });
    Ok(modules)
}
