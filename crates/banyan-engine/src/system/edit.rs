//! Edits of the candidate by people: paths and values as text, or a JSON document.

use serde_json::{Value, json};

use super::Request;
use crate::backend::{Committed, DefaultOperation, Document, Resolution, Result};
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

/// The output of an edit: the commit, where edits are committed at once.
pub(super) fn output(committed: Option<Committed>) -> Value {
    let Some(Committed {
        tid, seq, changes, ..
    }) = committed
    else {
        return json!({});
    };
    let mut outcome = json!({ "tid": tid.0 });
    if let Some(seq) = seq {
        outcome["seq"] = seq.to_string().into();
        outcome["changes"] = changes.to_string().into();
    }
    json!({ "banyan:committed": outcome })
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
    let committed = engine
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
    Ok(output(committed))
}

/// `edit-json`
pub(super) async fn edit_json(request: Request) -> Result<Value> {
    let document = Document::json(request.text("json").unwrap_or_default().as_bytes().to_vec());
    edit_document(request, document).await
}

/// `edit-xml`
pub(super) async fn edit_xml(request: Request) -> Result<Value> {
    let document = Document::xml(request.text("xml").unwrap_or_default().as_bytes().to_vec());
    edit_document(request, document).await
}

async fn edit_document(request: Request, document: Document) -> Result<Value> {
    let operation = match request.text("default-operation") {
        Some("replace") => DefaultOperation::Replace,
        Some("none") => DefaultOperation::None,
        _ => DefaultOperation::Merge,
    };
    let engine = request.engine();
    let schema = engine.schema().clone();
    let mounts = engine.mounts().clone();
    let committed = engine
        .edit_candidate(
            &request.call.call,
            engine.guarded(&request.call.call, move |candidate| {
                let edit = bind::parse_edit(&schema, &document, operation, &mounts)?;
                bind::apply(&edit, candidate)
            }),
        )
        .await?;
    Ok(output(committed))
}

fn resolution(request: &Request) -> Resolution {
    match request.text("resolution-mode") {
        Some("prefer-candidate") => Resolution::PreferCandidate,
        Some("prefer-running") => Resolution::PreferRunning,
        _ => Resolution::RevertOnConflict,
    }
}

/// `update` of ietf-netconf-private-candidate
pub(super) async fn update(request: Request) -> Result<Value> {
    let resolution = resolution(&request);
    request
        .engine()
        .update_candidate(&request.call.call, resolution)
        .await?;
    Ok(json!({}))
}

/// `update-candidate`: the same, and says what was taken in.
pub(super) async fn update_candidate(request: Request) -> Result<Value> {
    let resolution = resolution(&request);
    let (from, to) = request
        .engine()
        .update_candidate(&request.call.call, resolution)
        .await?;
    Ok(json!({ "banyan:from": from.to_string(), "banyan:to": to.to_string() }))
}
