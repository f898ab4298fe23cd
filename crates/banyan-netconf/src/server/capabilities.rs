//! What the server's `<hello>` announces.

use banyan_engine::backend::{Backend, ModuleInfo};

use super::ServerOptions;
use crate::names;

/// The revision of ietf-yang-library whose capability is announced when the module itself is not in
/// the set.
const YANG_LIBRARY_REVISION: &str = "2019-01-04";

/// What `<update>` can do about conflicts.
const RESOLUTION_MODES: &str = "revert-on-conflict,prefer-candidate,prefer-running";

/// All capabilities but base:1.0 and base:1.1.
pub(super) fn announced(backend: &dyn Backend, options: &ServerOptions) -> Vec<String> {
    let modules = backend.modules();
    let mut capabilities = options.capabilities.clone();
    let library = modules.iter().find(|m| &*m.name == "ietf-yang-library");
    let revision = library
        .and_then(|m| m.revision.as_deref())
        .unwrap_or(YANG_LIBRARY_REVISION);
    // RFC 8526 2: the whole module set is named by its content-id.
    capabilities.push(format!(
        "urn:ietf:params:netconf:capability:yang-library:1.1?revision={revision}&content-id={}",
        percent(&backend.content_id())
    ));
    let has = |name: &str| modules.iter().any(|m| m.implemented && &*m.name == name);
    if has("notifications") {
        let events = [names::NOTIFICATION_1_0, names::INTERLEAVE_1_0];
        capabilities.extend(events.map(str::to_owned));
    }
    if has("ietf-netconf-partial-lock") {
        capabilities.push(names::PARTIAL_LOCK_1_0.to_owned());
    }
    if has("ietf-netconf-private-candidate") {
        capabilities.push(format!(
            "{}?supported-resolution-modes={RESOLUTION_MODES}",
            names::PRIVATE_CANDIDATE
        ));
    }
    if has("ietf-netconf-nmda") {
        capabilities.push(format!(
            "{}?basic-mode=report-all&also-supported=report-all-tagged,trim,explicit",
            names::WITH_OPERATIONAL_DEFAULTS
        ));
    }
    // RFC 7950 5.6.4: modules of YANG 1.1 are found through the library only.
    let listed = modules.iter().filter(|m| m.implemented && !m.yang_1_1);
    capabilities.extend(listed.map(module_uri));
    capabilities
}

/// RFC 6020 5.6.4.
fn module_uri(module: &ModuleInfo) -> String {
    let mut uri = format!("{}?module={}", module.namespace, module.name);
    if let Some(revision) = &module.revision {
        uri.push_str("&revision=");
        uri.push_str(revision);
    }
    if !module.features.is_empty() {
        let features: Vec<&str> = module.features.iter().map(|f| &**f).collect();
        uri.push_str("&features=");
        uri.push_str(&features.join(","));
    }
    uri
}

/// Percent-encodes what has a meaning of its own in a query.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' => {
                out.push(char::from(byte));
            }
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_announced_with_revision_and_features() {
        let mut module = ModuleInfo {
            name: "m".into(),
            revision: Some("2020-01-02".into()),
            namespace: "urn:m".into(),
            features: vec!["a".into(), "b".into()],
            yang_1_1: false,
            implemented: true,
        };
        assert_eq!(
            module_uri(&module),
            "urn:m?module=m&revision=2020-01-02&features=a,b"
        );
        module.revision = None;
        module.features.clear();
        assert_eq!(module_uri(&module), "urn:m?module=m");
        assert_eq!(percent("a&b=1"), "a%26b%3D1");
    }
}
