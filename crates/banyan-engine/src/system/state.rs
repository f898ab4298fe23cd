//! State that programs outside of the server push.

use serde_json::{Value, json};

use super::Request;
use crate::backend::Result;
use crate::nmda::Origin;
use crate::state::StateUpdate;

/// `push-state`
pub(super) async fn push(request: Request) -> Result<Value> {
    let name = request.text("source").unwrap_or_default().to_owned();
    let origin = request.text("origin").and_then(Origin::named);
    let mut update = StateUpdate::new();
    if request.flag("clear") {
        update = update.clear();
    }
    let removed = request.leaf("remove").and_then(Value::as_array);
    for path in removed.into_iter().flatten().filter_map(Value::as_str) {
        update = update.remove(path);
    }
    if let Some(json) = request.text("put") {
        update = update.put_json(json);
    }
    let source = request
        .engine()
        .state()
        .source(name, origin.unwrap_or_default());
    source.change(update).await?;
    Ok(json!({}))
}
