//! Which modules a device has: read from its hello, its schema list (RFC 6022) and its YANG library
//! (RFC 7895, RFC 8525), brought to one form.
//!
//! Reads documents; no I/O.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use banyan_netconf::hello::Hello;
use banyan_netconf::names::MONITORING;
use banyan_netconf::xml::Fragment;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// RFC 7895 and RFC 8525.
const LIBRARY: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";
const LIBRARY_1_0: &str = "urn:ietf:params:netconf:capability:yang-library:1.0";
const LIBRARY_1_1: &str = "urn:ietf:params:netconf:capability:yang-library:1.1";

/// A module or submodule that a device has.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct DeviceModule {
    /// Its name.
    pub name: Arc<str>,
    /// Its revision, if it has one.
    pub revision: Option<Arc<str>>,
    /// Whether it contributes data, or is there for others to import or include.
    pub implemented: bool,
    /// The features that are on; `None` when the device does not say.
    pub features: Option<BTreeSet<Arc<str>>>,
}

impl DeviceModule {
    /// The file that holds its text: `name@revision.yang`.
    pub fn file_name(&self) -> String {
        match &self.revision {
            Some(revision) => format!("{}@{revision}.yang", self.name),
            None => format!("{}.yang", self.name),
        }
    }
}

/// All modules of a device, sorted, without duplicates.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ModuleSet {
    /// The modules.
    pub modules: Vec<DeviceModule>,
}

/// Where the list of modules comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sources {
    /// The device implements ietf-netconf-monitoring.
    pub monitoring: bool,
    /// The device has a YANG library.
    pub library: bool,
}

impl Sources {
    /// What the hello promises.
    pub fn of(hello: &Hello) -> Sources {
        Sources {
            monitoring: hello.offers(MONITORING),
            library: hello.offers(LIBRARY_1_0) || hello.offers(LIBRARY_1_1),
        }
    }

    /// Whether there is anything to ask.
    pub fn any(self) -> bool {
        self.monitoring || self.library
    }

    /// The subtree filter that asks for it; narrow, because some devices answer nothing else.
    pub fn filter(self) -> String {
        let mut filter = String::new();
        if self.monitoring {
            filter.push_str(&format!(
                "<netconf-state xmlns=\"{MONITORING}\"><schemas/></netconf-state>"
            ));
        }
        if self.library {
            filter.push_str(&format!(
                "<yang-library xmlns=\"{LIBRARY}\"/><modules-state xmlns=\"{LIBRARY}\"/>"
            ));
        }
        filter
    }
}

/// What one source knows of a module.
#[derive(Default)]
struct Known {
    implemented: Option<bool>,
    features: Option<BTreeSet<Arc<str>>>,
}

type Collected = BTreeMap<(Arc<str>, Option<Arc<str>>), Known>;

impl ModuleSet {
    /// Joins what the hello and the answer to [`Sources::filter`] say (`data` is the reply's `data` element).
    pub fn read(hello: &Hello, data: Option<&Fragment>) -> ModuleSet {
        let mut collected = Collected::new();
        let mut from_library = false;
        if let Some(data) = data {
            for top in data.children() {
                match (top.namespace(), top.local()) {
                    (MONITORING, "netconf-state") => read_monitoring(&top, &mut collected),
                    (LIBRARY, "yang-library") => {
                        from_library = true;
                        for set in named(&top, "module-set") {
                            read_library_set(&set, &mut collected);
                        }
                    }
                    (LIBRARY, "modules-state") => {
                        from_library = true;
                        read_modules_state(&top, &mut collected);
                    }
                    _ => {}
                }
            }
        }
        // RFC 7950 5.6.4: with a library, the hello need not be complete; without one, it says which
        // YANG 1 modules are implemented, and with which features.
        read_hello(hello, &mut collected);
        let announced_any = collected.values().any(|known| known.implemented.is_some());
        let modules = collected.into_iter().map(|((name, revision), known)| {
            // What is only in the schema list: a YANG 1.1 module without a library, or an import.
            // Taking it as implemented loses nothing when the compiler is lenient.
            let implemented = known.implemented.unwrap_or(!from_library || !announced_any);
            DeviceModule {
                name,
                revision,
                implemented,
                features: known.features,
            }
        });
        let mut set = ModuleSet {
            modules: modules.collect(),
        };
        set.only_newest_implemented();
        set
    }

    /// RFC 7950 5.6.5: one revision of a module is implemented; where the device does not say which, the newest.
    fn only_newest_implemented(&mut self) {
        for index in 1..self.modules.len() {
            let (before, rest) = self.modules.split_at_mut(index);
            if let (Some(older), Some(newer)) = (before.last_mut(), rest.first())
                && older.name == newer.name
                && older.implemented
                && newer.implemented
            {
                older.implemented = false;
            }
        }
    }

    /// SHA-256 over names, revisions, conformance and features: devices with equal digests may share a
    /// schema.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for module in &self.modules {
            hash.update(format!(
                "{}@{}:{}",
                module.name,
                module.revision.as_deref().unwrap_or(""),
                module.implemented
            ));
            match &module.features {
                None => hash.update(" *"),
                Some(features) => {
                    for feature in features {
                        hash.update(format!(" {feature}"));
                    }
                }
            }
            hash.update("\n");
        }
        hash.finalize().into()
    }
}

/// The text of a child element; `None` when absent or empty.
fn text(element: &Fragment, name: &str) -> Option<Arc<str>> {
    let text = element.child(element.namespace(), name)?.text();
    let text = text.trim();
    (!text.is_empty()).then(|| Arc::from(text))
}

fn named<'a>(element: &'a Fragment, name: &'a str) -> impl Iterator<Item = Fragment> + 'a {
    element
        .children()
        .filter(move |child| child.local() == name)
}

fn read_monitoring(state: &Fragment, collected: &mut Collected) {
    for schemas in named(state, "schemas") {
        for schema in named(&schemas, "schema") {
            // RFC 6022 2.1.3: the format is an identity; a module may be listed once per format.
            let format = text(&schema, "format").unwrap_or_else(|| Arc::from("yang"));
            if format.rsplit(':').next() != Some("yang") {
                continue;
            }
            if let Some(name) = text(&schema, "identifier") {
                collected
                    .entry((name, text(&schema, "version")))
                    .or_default();
            }
        }
    }
}

fn read_module(module: &Fragment, implemented: bool, collected: &mut Collected) {
    let Some(name) = text(module, "name") else {
        return;
    };
    let features = named(module, "feature")
        .map(|feature| Arc::from(feature.text().trim()))
        .collect();
    let known = collected
        .entry((name, text(module, "revision")))
        .or_default();
    known.implemented = Some(implemented);
    known.features = Some(features);
    for submodule in named(module, "submodule") {
        if let Some(name) = text(&submodule, "name") {
            let known = collected
                .entry((name, text(&submodule, "revision")))
                .or_default();
            known.implemented = Some(false);
        }
    }
}

fn read_library_set(set: &Fragment, collected: &mut Collected) {
    for module in named(set, "module") {
        read_module(&module, true, collected);
    }
    for module in named(set, "import-only-module") {
        read_module(&module, false, collected);
    }
}

fn read_modules_state(state: &Fragment, collected: &mut Collected) {
    for module in named(state, "module") {
        let conformance = text(&module, "conformance-type");
        read_module(&module, conformance.as_deref() != Some("import"), collected);
    }
}

/// RFC 6020 5.6.4: `namespace?module=name&revision=date&features=a,b&deviations=c`.
fn read_hello(hello: &Hello, collected: &mut Collected) {
    for capability in &hello.capabilities {
        let Some((_, query)) = capability.split_once('?') else {
            continue;
        };
        let (mut name, mut revision, mut features) = (None, None, BTreeSet::new());
        for parameter in query.split(['&', ';']) {
            match parameter.split_once('=') {
                Some(("module", value)) => name = Some(Arc::from(value)),
                Some(("revision", value)) => revision = Some(Arc::from(value)),
                Some(("features", value)) => features.extend(value.split(',').map(Arc::from)),
                _ => {}
            }
        }
        if let Some(name) = name {
            let known: &mut Known = collected.entry((name, revision)).or_default();
            known.implemented.get_or_insert(true);
            known.features.get_or_insert(features);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn hello(capabilities: &[&str]) -> Hello {
        Hello {
            capabilities: capabilities.iter().map(|c| (*c).to_owned()).collect(),
            session_id: Some(1),
        }
    }

    fn data(content: &str) -> Fragment {
        let document = format!("<data>{content}</data>");
        Fragment::parse(Bytes::from(document), 32, None).unwrap()
    }

    fn lines(set: &ModuleSet) -> Vec<String> {
        set.modules
            .iter()
            .map(|m| {
                let kind = if m.implemented {
                    "implemented"
                } else {
                    "imported"
                };
                format!("{} {kind} {:?}", m.file_name(), m.features)
            })
            .collect()
    }

    #[test]
    fn the_hello_of_a_yang_1_device_names_modules_and_features() {
        let set = ModuleSet::read(
            &hello(&["urn:a?module=a&revision=2020-01-01&features=x,y", "urn:b"]),
            None,
        );
        assert_eq!(
            lines(&set),
            [r#"a@2020-01-01.yang implemented Some({"x", "y"})"#]
        );
    }

    #[test]
    fn a_schema_list_gives_modules_of_format_yang_only() {
        let set = ModuleSet::read(
            &hello(&[MONITORING]),
            Some(&data(&format!(
                "<netconf-state xmlns='{MONITORING}'><schemas>
                   <schema><identifier>a</identifier><version>2020-01-01</version><format>yang</format></schema>
                   <schema><identifier>a</identifier><version>2020-01-01</version><format>yin</format></schema>
                   <schema><identifier>b</identifier><version/><format xmlns:m='{MONITORING}'>m:yang</format></schema>
                 </schemas></netconf-state>"
            ))),
        );
        assert_eq!(
            lines(&set),
            [
                "a@2020-01-01.yang implemented None",
                "b.yang implemented None"
            ]
        );
    }

    #[test]
    fn a_library_says_what_is_implemented() {
        let set = ModuleSet::read(
            &hello(&[LIBRARY_1_1]),
            Some(&data(&format!(
                "<yang-library xmlns='{LIBRARY}'><module-set><name>s</name>
                   <module><name>a</name><feature>f</feature>
                     <submodule><name>a-sub</name></submodule></module>
                   <import-only-module><name>t</name><revision>2013-07-15</revision></import-only-module>
                 </module-set></yang-library>"
            ))),
        );
        assert_eq!(
            lines(&set),
            [
                r#"a.yang implemented Some({"f"})"#,
                "a-sub.yang imported None",
                "t@2013-07-15.yang imported Some({})"
            ]
        );
    }

    #[test]
    fn of_two_revisions_the_newest_is_implemented() {
        let set = ModuleSet::read(
            &hello(&[
                "urn:a?module=a&revision=2020-01-01",
                "urn:a?module=a&revision=2021-01-01",
            ]),
            None,
        );
        let implemented: Vec<bool> = set.modules.iter().map(|m| m.implemented).collect();
        assert_eq!(implemented, [false, true]);
    }

    #[test]
    fn equal_sets_have_equal_digests_and_others_do_not() {
        let a = ModuleSet::read(&hello(&["urn:a?module=a"]), None);
        let b = ModuleSet::read(&hello(&["urn:b", "urn:a?module=a"]), None);
        let c = ModuleSet::read(&hello(&["urn:a?module=a&features=x"]), None);
        assert_eq!(a.digest(), b.digest());
        assert_ne!(a.digest(), c.digest());
    }
}
