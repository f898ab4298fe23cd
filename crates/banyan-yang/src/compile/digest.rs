//! The digest of a module set: equal digests mean interchangeable schemas.

use sha2::{Digest, Sha256};

use crate::schema::Module;

/// SHA-256 over the modules, in their order (name, revision): all that a schema is made from.
pub(super) fn digest(modules: &[Module]) -> [u8; 32] {
    let mut all = Sha256::new();
    for module in modules {
        part(&mut all, &module.name);
        part(&mut all, module.revision.as_deref().unwrap_or(""));
        part(
            &mut all,
            if module.implemented {
                "implemented"
            } else {
                "imported"
            },
        );
        part(&mut all, &module.text);
        count(&mut all, module.submodules.len());
        for submodule in &module.submodules {
            part(&mut all, &submodule.name);
            part(&mut all, &submodule.text);
        }
        count(&mut all, module.features.len());
        for feature in &module.features {
            part(&mut all, feature);
        }
    }
    all.finalize().into()
}

/// Lengths keep neighbouring parts apart.
fn part(all: &mut Sha256, text: &str) {
    count(all, text.len());
    all.update(text.as_bytes());
}

fn count(all: &mut Sha256, count: usize) {
    all.update((count as u64).to_be_bytes());
}
