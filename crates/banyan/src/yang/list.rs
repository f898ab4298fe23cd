//! The list of a device's modules in a file: a hello or a YANG library.

use std::path::{Path, PathBuf};

use banyan_data::modules::{ListedModule, ModuleSetReader, ReadModuleSet};
use banyan_yang::diagnostic::Diagnostic;
use banyan_yang::source::{SourceId, SourceMap, Span};

use super::YangError;
use crate::directories::{Directories, read_text};

/// What kind of document it is said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// A NETCONF `<hello>`.
    Hello,
    /// An `ietf-yang-library` document.
    Library,
}

/// A list of modules, and what there is to say about it.
#[derive(Debug)]
pub struct ModuleList {
    /// What it holds.
    pub read: ReadModuleSet,
    /// The file, for diagnostics.
    pub sources: SourceMap,
    /// Modules of the list that are nowhere.
    pub findings: Vec<Diagnostic>,
    source: SourceId,
    document: Document,
}

impl ModuleList {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, is no such document, or has entries that name no module.
    pub fn read(file: &Path, document: Document) -> Result<ModuleList, YangError> {
        let text = read_text(file)?;
        let mut reader = ModuleSetReader::new();
        let name = file.display();
        let listed = reader.document(text.text.as_bytes()).map_err(|error| {
            let place = error
                .position
                .map_or(String::new(), |at| format!(":{}:{}", at.line, at.column));
            let help = error.help.map_or(String::new(), |help| format!("; {help}"));
            YangError::Usage(format!("{name}{place}: {}{help}", error.message))
        })?;
        let read = reader.finish();
        let option = match document {
            Document::Hello => "--hello wants a NETCONF <hello> with capabilities",
            Document::Library => {
                "--yang-library wants an ietf-yang-library document, `yang-library` or `modules-state`, in XML or JSON"
            }
        };
        let is_hello = !read.capabilities.is_empty();
        if !listed || (document == Document::Library && is_hello && read.set.modules.is_empty()) {
            return Err(YangError::Usage(format!(
                "{name} lists no modules; {option}"
            )));
        }
        if let Some(flaw) = read.flaws.first() {
            let more = match read.flaws.len() {
                1 => String::new(),
                count => format!(" (and {} more such entries)", count - 1),
            };
            return Err(YangError::Usage(format!(
                "{name}:{}: {}{more}",
                flaw.line, flaw.message
            )));
        }
        if read.set.modules.is_empty() {
            return Err(YangError::Usage(format!(
                "{name} names no module; {}",
                match document {
                    Document::Hello =>
                        "modules are capabilities with `?module=`, and a device with YANG 1.1 modules alone lists them in its YANG library (RFC 7950 5.6.4): fetch that and use --yang-library",
                    Document::Library => "each is a `module` of a `module-set`",
                }
            )));
        }
        let mut sources = SourceMap::new();
        let source = sources
            .add(text.origin, text.text)
            .map_err(|error| YangError::Usage(error.to_string()))?;
        Ok(ModuleList {
            read,
            sources,
            findings: Vec::new(),
            source,
            document,
        })
    }

    /// Where modules are looked for when nothing is said: beside the list.
    pub fn directory(file: &Path) -> PathBuf {
        let parent = file.parent().filter(|parent| *parent != Path::new(""));
        parent.unwrap_or(Path::new(".")).to_owned()
    }

    /// Notes which of the modules are nowhere to be found.
    pub fn look_for_modules(&mut self, source: &Directories) {
        for module in &self.read.set.modules {
            if !source.has(&module.name) {
                let finding = self.not_found(module);
                self.findings.push(finding);
            }
        }
    }

    fn not_found(&self, module: &ListedModule) -> Diagnostic {
        let kind = match module.submodule_of {
            Some(_) => "submodule",
            None => "module",
        };
        let name = match &module.revision {
            Some(revision) => format!("{}@{revision}", module.name),
            None => module.name.to_string(),
        };
        let message = format!("{kind} {name} is listed, but it was not found");
        let line = self.read.lines.get(&module.name).copied().unwrap_or(0);
        let diagnostic = match self.line(line) {
            Some(span) => Diagnostic::error("module-not-found", span, message),
            None => Diagnostic::without_place("module-not-found", message),
        };
        diagnostic.help(format!(
            "fetch {} from the device (get-schema, RFC 6022), or name its directory with --path",
            module.file_name()
        ))
    }

    /// A line of the file without the blanks around it.
    fn line(&self, number: u32) -> Option<Span> {
        let text = self.sources.text(self.source);
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        let line = text.split('\n').nth(index)?;
        let start = line.as_ptr().addr() - text.as_ptr().addr();
        let start = start + line.len() - line.trim_start().len();
        Some(Span {
            source: self.source,
            start: u32::try_from(start).ok()?,
            end: u32::try_from(start + line.trim().len()).ok()?,
        })
    }

    /// What a person should know about the list as a whole.
    pub fn notes(&self) -> Vec<String> {
        let announces_library = self
            .read
            .capabilities
            .iter()
            .any(|it| it.contains(":capability:yang-library:1."));
        if self.document == Document::Library || !announces_library {
            return Vec::new();
        }
        vec![
            "a hello lists modules of YANG version 1 only; those of version 1.1 are in the device's YANG library (RFC 7950 \
             5.6.4), which this one announces, so they are here only as far as others import them: fetch /yang-library \
             (or /modules-state) from the device and use --yang-library, or name the modules as further arguments"
                .to_owned(),
        ]
    }
}
