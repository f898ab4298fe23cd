//! The capability URI of a module in a NETCONF `<hello>`.

use std::collections::BTreeSet;
use std::sync::Arc;

/// RFC 6020 5.6.4: `namespace?module=name&revision=date&features=a,b&deviations=c`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModuleCapability {
    /// The module; empty if the parameter is.
    pub name: Arc<str>,
    /// Its revision.
    pub revision: Option<Arc<str>>,
    /// The features that are supported.
    pub features: BTreeSet<Arc<str>>,
    /// The modules with deviations of it.
    pub deviations: BTreeSet<Arc<str>>,
}

impl ModuleCapability {
    /// Reads a capability; `None` for one without a `module` parameter.
    pub fn of(capability: &str) -> Option<ModuleCapability> {
        let (_, query) = capability.split_once('?')?;
        let (mut name, mut revision) = (None, None);
        let (mut features, mut deviations) = (BTreeSet::new(), BTreeSet::new());
        let list = |value: &str| -> Vec<Arc<str>> {
            let names = value.split(',').map(str::trim);
            names
                .filter(|name| !name.is_empty())
                .map(Arc::from)
                .collect()
        };
        // Some devices escape the ampersand twice.
        let query = query.replace("&amp;", "&");
        for parameter in query.split(['&', ';']) {
            match parameter.split_once('=') {
                Some(("module", value)) => name = Some(Arc::from(value.trim())),
                Some(("revision", value)) if !value.trim().is_empty() => {
                    revision = Some(Arc::from(value.trim()));
                }
                Some(("features", value)) => features.extend(list(value)),
                Some(("deviations", value)) => deviations.extend(list(value)),
                _ => {}
            }
        }
        Some(ModuleCapability {
            name: name?,
            revision,
            features,
            deviations,
        })
    }
}
