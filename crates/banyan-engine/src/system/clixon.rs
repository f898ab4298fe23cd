//! What clients of Clixon ask of its library: is somebody there, and how large are things.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Request;
use crate::backend::Result;

/// `ping`
pub(super) async fn ping() -> Result<Value> {
    Ok(json!({}))
}

/// `stats`
pub(super) async fn stats(request: Request) -> Result<Value> {
    let engine = request.engine();
    let schema = engine.schema();
    let sizes = engine.sizes().await?;
    let instances: u64 = sizes.values().map(|size| size.nodes).sum();
    let datastores: Vec<Value> = sizes
        .iter()
        .map(|(name, size)| json!({ "name": name, "nr": size.nodes.to_string(), "size": size.bytes.to_string() }))
        .collect();
    let nodes = schema.nodes().len().to_string();
    // The name that module state has for it, too.
    let mut set = json!({ "name": "top", "nr": nodes });
    if request.flag("modules") {
        let mut defined = BTreeMap::new();
        for (_, node) in schema.nodes() {
            *defined.entry(node.module).or_insert(0_u64) += 1;
        }
        let modules = schema.modules().map(|(id, module)| {
            let nodes = defined.get(&id).copied().unwrap_or_default();
            json!({ "name": &*module.name, "nr": nodes.to_string() })
        });
        set["module"] = modules.collect();
    }
    Ok(json!({
        "clixon-lib:global": { "xmlnr": instances.to_string(), "yangnr": nodes },
        "clixon-lib:datastores": { "datastore": datastores },
        "clixon-lib:module-sets": { "module-set": [set] },
    }))
}
