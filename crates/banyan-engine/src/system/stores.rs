//! Datastores by name, for operators.

use serde_json::{Value, json};

use super::Request;
use crate::backend::{Document, Result};

/// `list-stores`
pub(super) async fn list(request: Request) -> Result<Value> {
    let stores = request.engine().stores().list().await?;
    let stores: Vec<Value> = stores
        .into_iter()
        .map(|store| {
            json!({
                "name": store.name,
                "policy": store.policy.to_string(),
                "volatile": store.volatile,
                "in-memory": store.in_memory,
            })
        })
        .collect();
    Ok(json!({ "banyan:store": stores }))
}

/// `copy-store`
pub(super) async fn copy(request: Request) -> Result<Value> {
    let text = |name: &str| request.text(name).unwrap_or_default();
    let stores = request.engine().stores();
    let (from, to) = (text("from"), text("to"));
    Ok(warned(stores.copy(&request.call.call, from, to).await?))
}

/// `delete-store`
pub(super) async fn delete(request: Request) -> Result<Value> {
    let name = request.text("name").unwrap_or_default();
    let stores = request.engine().stores();
    stores.delete(&request.call.call, name).await?;
    Ok(json!({}))
}

/// `load-store`
pub(super) async fn load(request: Request) -> Result<Value> {
    let text = |name: &str| request.text(name).unwrap_or_default();
    // Whether it is XML or JSON is seen by its first character.
    let document = Document::xml(text("document").as_bytes().to_vec());
    let stores = request.engine().stores();
    let loaded = stores.load(&request.call.call, text("name"), document);
    Ok(warned(loaded.await?))
}

/// The output of what may have been a commit.
fn warned(warnings: Vec<String>) -> Value {
    match warnings.is_empty() {
        true => json!({}),
        false => json!({ "banyan:warning": warnings }),
    }
}
