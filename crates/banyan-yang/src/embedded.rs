//! The modules that are part of the program: their texts are in `yang/` at the root of the repository.
//!
//! Those of the IETF and IANA are written afresh: their names, types and constraints are the published ones, the
//! descriptions are ours. A source that has the published text comes first where both are at hand.

use crate::compile::{ModuleSource, ModuleText, SourceError};

/// A module that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EmbeddedModule {
    /// Its name.
    pub name: &'static str,
    /// Its newest revision, `YYYY-MM-DD`.
    pub revision: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! modules {
    ($($name:literal @ $revision:literal),* $(,)?) => {
        &[$(EmbeddedModule {
            name: $name,
            revision: $revision,
            text: include_str!(concat!("../../../yang/", $name, ".yang")),
        }),*]
    };
}

/// All of them, sorted by name.
pub const MODULES: &[EmbeddedModule] = modules![
    "banyan" @ "2026-11-23",
    "banyan-controller" @ "2026-11-23",
    "banyan-kicker" @ "2026-11-23",
    "clixon-lib" @ "2026-11-27",
    "iana-crypt-hash" @ "2014-08-06",
    "ietf-datastores" @ "2018-02-14",
    "ietf-inet-types" @ "2025-12-22",
    "ietf-interfaces" @ "2018-02-20",
    "ietf-ip" @ "2018-02-22",
    "ietf-netconf" @ "2011-06-01",
    "ietf-netconf-acm" @ "2018-02-14",
    "ietf-netconf-monitoring" @ "2010-10-04",
    "ietf-netconf-nmda" @ "2019-01-07",
    "ietf-netconf-notifications" @ "2012-02-06",
    "ietf-netconf-partial-lock" @ "2009-10-19",
    "ietf-netconf-private-candidate" @ "2025-10-30",
    "ietf-netconf-with-defaults" @ "2011-06-01",
    "ietf-network-instance" @ "2019-01-21",
    "ietf-nmda-compare" @ "2021-12-10",
    "ietf-origin" @ "2018-02-14",
    "ietf-restconf" @ "2017-01-26",
    "ietf-restconf-monitoring" @ "2017-01-26",
    "ietf-subscribed-notifications" @ "2019-09-09",
    "ietf-x509-cert-to-name" @ "2014-12-10",
    "ietf-yang-library" @ "2019-01-04",
    "ietf-yang-metadata" @ "2016-08-05",
    "ietf-yang-patch" @ "2017-02-22",
    "ietf-yang-push" @ "2019-09-09",
    "ietf-yang-schema-mount" @ "2019-01-14",
    "ietf-yang-structure-ext" @ "2020-06-17",
    "ietf-yang-types" @ "2025-12-22",
    "nc-notifications" @ "2008-07-14",
    "notifications" @ "2008-07-14",
];

/// The module of that name; of that revision, if one is given.
pub fn find(name: &str, revision: Option<&str>) -> Option<&'static EmbeddedModule> {
    let found = MODULES.iter().find(|module| module.name == name)?;
    revision
        .is_none_or(|revision| revision == found.revision)
        .then_some(found)
}

/// The embedded modules as a source for the compiler.
#[derive(Debug, Clone, Copy, Default)]
pub struct EmbeddedModules;

impl ModuleSource for EmbeddedModules {
    fn find(&self, name: &str, revision: Option<&str>) -> Result<ModuleText, SourceError> {
        let module = find(name, revision).ok_or(SourceError::NotFound)?;
        Ok(ModuleText {
            origin: format!("embedded {name}.yang").into(),
            text: module.text.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::grammar;
    use crate::parse::parse;
    use crate::source::SourceMap;
    use crate::statement::Keyword;

    #[test]
    fn every_module_is_what_the_table_says_and_obeys_the_grammar() {
        for module in MODULES {
            let mut sources = SourceMap::new();
            let source = sources.add(module.name, module.text).expect("short");
            let mut found = Diagnostics::new();
            let mut tree = parse(&sources, source, &mut found);
            grammar::check(&mut tree, &mut found);
            let findings: Vec<String> = found
                .into_sorted()
                .iter()
                .map(|finding| finding.one_line(&sources))
                .collect();
            assert!(findings.is_empty(), "{findings:#?}");
            let root = tree.root().expect("a module");
            let revisions = tree.children_of(root, Keyword::Revision);
            let newest = revisions
                .filter_map(|revision| tree.argument(revision))
                .max();
            assert_eq!(
                (tree.name(root), newest),
                (module.name, Some(module.revision))
            );
        }
    }

    #[test]
    fn every_text_in_the_folder_is_in_the_table() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../yang");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .expect("the folder yang/")
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .filter_map(|name| Some(name.strip_suffix(".yang")?.to_owned()))
            .collect();
        let listed: BTreeSet<String> = MODULES
            .iter()
            .map(|module| module.name.to_owned())
            .collect();
        assert_eq!(
            files, listed,
            "list each file of yang/ in embedded::MODULES"
        );
        assert!(MODULES.is_sorted_by_key(|module| module.name));
    }

    #[test]
    fn a_module_is_found_by_name_and_by_its_own_revision_only() {
        assert!(find("ietf-netconf", None).is_some());
        assert!(find("ietf-netconf", Some("2011-06-01")).is_some());
        assert!(find("ietf-netconf", Some("2010-01-01")).is_none());
        assert!(find("ietf-foo", None).is_none());
    }
}
