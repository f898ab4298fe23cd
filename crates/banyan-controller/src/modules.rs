//! Which modules a device has: what its hello and its answer to [`Sources::filter`] say, and the digest by which devices
//! with the same modules are known.
//!
//! The documents are read by `banyan_data::modules`; no I/O.

use banyan_data::modules::ModuleSetReader;
pub use banyan_data::modules::{ListedModule as DeviceModule, ModuleSet};
use banyan_netconf::hello::Hello;
use banyan_netconf::names::MONITORING;
use banyan_netconf::xml::Fragment;
use sha2::{Digest, Sha256};

/// RFC 7895 and RFC 8525.
const LIBRARY: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";
const LIBRARY_1_0: &str = "urn:ietf:params:netconf:capability:yang-library:1.0";
const LIBRARY_1_1: &str = "urn:ietf:params:netconf:capability:yang-library:1.1";

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

/// Joins what the hello and the answer to [`Sources::filter`] say (`data` is the reply's `data` element).
pub fn read(hello: &Hello, data: Option<&Fragment>) -> ModuleSet {
    let mut reader = ModuleSetReader::new();
    if let Some(data) = data
        && let Err(error) = reader.document(&data.document())
    {
        // The envelope was checked already; what is left is nesting beyond all reason.
        tracing::warn!(%error, "the device's list of modules cannot be read");
    }
    reader.hello(hello.capabilities.iter().map(String::as_str));
    let read = reader.finish();
    for flaw in read.flaws {
        tracing::warn!("the device's list of modules: {}", flaw.message);
    }
    read.set
}

/// SHA-256 over names, revisions, conformance and features: devices with equal digests may share a
/// schema.
pub fn digest(set: &ModuleSet) -> [u8; 32] {
    let mut hash = Sha256::new();
    for module in &set.modules {
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
        let set = read(
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
        let set = read(
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
        let set = read(
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
        let set = read(
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
        let a = read(&hello(&["urn:a?module=a"]), None);
        let b = read(&hello(&["urn:b", "urn:a?module=a"]), None);
        let c = read(&hello(&["urn:a?module=a&features=x"]), None);
        assert_eq!(digest(&a), digest(&b));
        assert_ne!(digest(&a), digest(&c));
    }
}
