//! Modules and identities of a compiled schema.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{ExtensionInstance, IdentityId, ModuleId, Status, Type};
use crate::source::Span;

/// A module name with its revision, as `name` or `name@revision` names it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ModuleName {
    /// The module's name.
    pub name: Arc<str>,
    /// The revision date `YYYY-MM-DD`; `None` when the module states none.
    pub revision: Option<Arc<str>>,
}

/// One module of the set (RFC 7950 7.1).
#[derive(Debug)]
pub struct Module {
    /// The module's name.
    pub name: Arc<str>,
    /// The newest revision that the module states, `YYYY-MM-DD`.
    pub revision: Option<Arc<str>>,
    /// The XML namespace.
    pub namespace: Arc<str>,
    /// The module's own prefix.
    pub prefix: Arc<str>,
    /// `true` for YANG 1.1 (RFC 7950), `false` for YANG 1 (RFC 6020).
    pub yang_1_1: bool,
    /// `true`: implemented, it contributes data nodes; `false`: only imported (RFC 7950 5.6.5).
    pub implemented: bool,
    /// The features that are on.
    pub features: BTreeSet<Arc<str>>,
    /// Modules of this set whose deviations touch this one.
    pub deviated_by: Vec<ModuleId>,
    /// The submodules included.
    pub submodules: Vec<Submodule>,
    /// Extension statements directly under `module`.
    pub extensions: Vec<ExtensionInstance>,
    /// The full YANG text, as `get-schema` hands it out (RFC 6022 3.1).
    pub text: Arc<str>,
}

/// Metadata that any data node may bear (RFC 7952 section 3). One whose `if-feature`s do not hold is not in the schema.
#[derive(Clone, Debug)]
pub struct Annotation {
    /// Its name, in the namespace of the module.
    pub name: Arc<str>,
    /// The module that defines it; an implemented one.
    pub module: ModuleId,
    /// The type of its values.
    pub ty: Arc<Type>,
    /// `units`, own or of the typedef.
    pub units: Option<Arc<str>>,
    /// Its status.
    pub status: Status,
    /// The argument of its `description`, if any.
    pub description: Option<Span>,
    /// The statement that defines it.
    pub span: Span,
}

/// A submodule that a module includes (RFC 7950 7.2).
#[derive(Debug)]
pub struct Submodule {
    /// The submodule's name.
    pub name: Arc<str>,
    /// The newest revision that it states.
    pub revision: Option<Arc<str>>,
    /// The full YANG text.
    pub text: Arc<str>,
}

/// An identity (RFC 7950 7.18).
#[derive(Debug)]
pub struct Identity {
    /// The identity's name.
    pub name: Arc<str>,
    /// The module that defines it.
    pub module: ModuleId,
    /// Every identity that it is derived from, directly or not, sorted by id.
    pub ancestors: Vec<IdentityId>,
    /// Its status.
    pub status: Status,
    /// Whether it may be used as a value: it is defined in an implemented module and its `if-feature`s hold.
    pub usable: bool,
}

impl Identity {
    /// What it is found by.
    pub(super) fn key(&self) -> (ModuleId, &str) {
        (self.module, &self.name)
    }
}
