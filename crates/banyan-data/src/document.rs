//! What all document formats have in common: limits, strictness, mounts, and what a printer shows.
//!
//! Must not know any one format.

use std::sync::Arc;

use banyan_yang::schema::Schema;

use crate::node::{Node, Slot, Tree};
use crate::path::InstancePath;

/// How much a document may ask of us. What passes a limit is refused with the place where it did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Elements (objects and arrays in JSON) inside each other.
    pub depth: u32,
    /// Bytes of the document.
    pub size: usize,
    /// Attributes of one XML element, namespace declarations included.
    pub attributes: u32,
    /// Namespace declarations in scope at one place.
    pub namespaces: u32,
    /// After how many errors the parser gives up on the rest.
    pub errors: usize,
}

impl Default for Limits {
    /// Generous for configuration, harmless for a server.
    fn default() -> Self {
        Limits {
            depth: 256,
            size: 1 << 31,
            attributes: 256,
            namespaces: 1024,
            errors: 20,
        }
    }
}

/// How exactly a document must follow the standards.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Strictness {
    /// Every name needs its namespace, every annotation its definition.
    #[default]
    Strict,
    /// A missing or unknown namespace is guessed from the name, unknown attributes are ignored, blanks
    /// around numbers and names are skipped, and JSON scalars may be strings. For hand-written examples and sloppy devices.
    Lenient,
}

/// Which data a document may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Holds {
    /// Configuration and state.
    #[default]
    All,
    /// Configuration alone: state is an error (`NotConfig`).
    Config,
}

/// Knows the schemas of mounted data (RFC 8528).
pub trait Mounts {
    /// The schema of what is mounted at the mount point `path`, or `None` when it is not known (yet):
    /// then the data are kept verbatim. Steps behind an outer mount point are ids of that mount's schema.
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>>;
}

/// How to read a document.
#[derive(Clone, Copy, Default)]
pub struct ParseOptions<'a> {
    /// What it may ask of us.
    pub limits: Limits,
    /// How exact it must be.
    pub strictness: Strictness,
    /// What it may hold. Edits hold configuration in any case.
    pub holds: Holds,
    /// The schemas of mounted data; without it all of them are kept verbatim.
    pub mounts: Option<&'a dyn Mounts>,
}

impl ParseOptions<'_> {
    pub(crate) fn lenient(&self) -> bool {
        self.strictness == Strictness::Lenient
    }

    pub(crate) fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        self.mounts?.schema_at(path)
    }
}

/// Line breaks and indentation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Layout {
    /// None: for the wire.
    #[default]
    Compact,
    /// A line for each node, indented by this many blanks a level: for people and files.
    Indented(u8),
}

/// How defaults are shown (RFC 6243 section 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WithDefaults {
    /// What is stored: what clients have set.
    #[default]
    Explicit,
    /// What is stored, except leaves whose value is the default.
    Trim,
    /// All that is in use.
    ReportAll,
    /// All that is in use; what equals the default is marked.
    ReportAllTagged,
}

/// Knows what is in use but not stored: defaults and containers without presence.
pub trait Unstored {
    /// The children that `node`, the instance at `path` of `tree`, does not store but has in use, in ascending
    /// id order: leaves and leaf-lists with their defaults, containers without children of their own.
    fn children(&self, tree: &Tree, path: &InstancePath, node: &Node) -> Vec<Slot>;
}

/// What a printer shows, and how.
#[derive(Clone, Copy, Default)]
pub struct PrintOptions<'a> {
    /// Line breaks.
    pub layout: Layout,
    /// Configuration alone, or state too.
    pub shows: Holds,
    /// Defaults.
    pub defaults: WithDefaults,
    /// Where the defaults of the `ReportAll` modes come from; without it they show what is stored.
    pub unstored: Option<&'a dyn Unstored>,
    /// For files and records, which must come back as they were: content that was kept in the other encoding is an
    /// annotation ([`crate::any`]). A reply has it converted.
    pub exact: bool,
}

impl PrintOptions<'_> {
    pub(crate) fn reports_all(&self) -> bool {
        matches!(
            self.defaults,
            WithDefaults::ReportAll | WithDefaults::ReportAllTagged
        )
    }
}

/// The encodings of data on the wire and in files.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Encoding {
    /// RFC 7950.
    Xml,
    /// RFC 7951.
    Json,
}
