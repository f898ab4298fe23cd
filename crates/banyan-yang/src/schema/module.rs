//! Modules and identities of a compiled schema.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{ExtensionInstance, IdentityId, ModuleId, Status};

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
