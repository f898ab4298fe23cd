//! Edits of the candidate by people: paths and values as text, or a JSON document.

use serde_json::{Value, json};

use super::Request;
use crate::backend::{DefaultOperation, Document, Resolution, Result};
use crate::bind;
use crate::error::{BackendError, ErrorTag};

/// One step of `edit-path`.
pub(crate) struct PathEdit {
    /// The instance, as typed.
    pub path: String,
    /// The operation's name.
    pub operation: String,
    /// The value, as typed.
    pub value: Option<String>,
}

/// `edit-path`
pub(super) async fn edit_path(request: Request) -> Result<Value> {
    let steps = request.leaf("edit").and_then(Value::as_array);
    let mut edits: Vec<(u64, PathEdit)> = Vec::new();
    for step in steps.into_iter().flatten() {
        let text = |name: &str| step.get(name).and_then(Value::as_str).map(str::to_owned);
        edits.push((
            step.get("position").and_then(Value::as_u64).unwrap_or(0),
            PathEdit {
                path: text("path").unwrap_or_default(),
                operation: text("operation").unwrap_or_else(|| "merge".to_owned()),
                value: text("value"),
            },
        ));
    }
    if edits.is_empty() {
        return Err(BackendError::new(
            ErrorTag::MissingElement,
            "edit-path needs at least one edit",
        ));
    }
    edits.sort_by_key(|(position, _)| *position);
    let engine = request.engine();
    let mounts = engine.mounts().clone();
    engine
        .edit_candidate(
            &request.call.call,
            engine.guarded(&request.call.call, move |candidate| {
                let mut tree = candidate.clone();
                for (_, edit) in &edits {
                    tree = bind::apply_path_edit(&tree, edit, &mounts)?;
                }
                Ok(tree)
            }),
        )
        .await?;
    Ok(json!({}))
}

/// `edit-json`
pub(super) async fn edit_json(request: Request) -> Result<Value> {
    let document = Document::json(request.text("json").unwrap_or_default().as_bytes().to_vec());
    let operation = match request.text("default-operation") {
        Some("replace") => DefaultOperation::Replace,
        Some("none") => DefaultOperation::None,
        _ => DefaultOperation::Merge,
    };
    let engine = request.engine();
    let schema = engine.schema().clone();
    let mounts = engine.mounts().clone();
    engine
        .edit_candidate(
            &request.call.call,
            engine.guarded(&request.call.call, move |candidate| {
                let edit = bind::parse_edit(&schema, &document, operation, &mounts)?;
                bind::apply(&edit, candidate)
            }),
        )
        .await?;
    Ok(json!({}))
}

/// `update` of ietf-netconf-private-candidate
pub(super) async fn update(request: Request) -> Result<Value> {
    let resolution = match request.text("resolution-mode") {
        Some("prefer-candidate") => Resolution::PreferCandidate,
        Some("prefer-running") => Resolution::PreferRunning,
        _ => Resolution::RevertOnConflict,
    };
    request
        .engine()
        .update_candidate(&request.call.call, resolution)
        .await?;
    Ok(json!({}))
}
