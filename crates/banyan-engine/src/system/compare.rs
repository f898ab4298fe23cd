//! `compare` of ietf-nmda-compare (RFC 9144): what differs between two datastores, as a YANG Patch.

use std::collections::HashMap;

use banyan_data::Tree;
use banyan_data::any::AnyData;
use banyan_data::node::Content;
use banyan_yang::schema::Schema;
use serde_json::{Map, Value, json};

use super::Request;
use crate::backend::{Datastore, Document, Filter, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::error::{BackendError, ErrorLayer, ErrorTag, Report};
use crate::overlay::overlay;

/// How the patch is called.
const PATCH: &str = "differences";

/// `compare`
pub(super) async fn compare(request: Request) -> Result<Value> {
    if request.leaf("report-origin").is_some() {
        return Err(BackendError::new(
            ErrorTag::OperationNotSupported,
            "report-origin is not supported in comparisons; read ds:operational with get-data and with-origin",
        ));
    }
    let filter = filter(&request)?;
    let source = datastore(&request, "source").await?;
    let target = datastore(&request, "target").await?;
    let engine = request.engine();
    let mounts = engine.mounts().clone();
    on_pool(move || {
        let select = |tree| match &filter {
            None => Ok(tree),
            Some(filter) => bind::select(tree, Some(filter), None, &mounts),
        };
        let (source, target) = (select(source)?, select(target)?);
        let is_empty = |tree: &Tree| tree.root().slots().is_empty();
        if filter.is_some() && is_empty(&source) && is_empty(&target) {
            return Ok(json!({ "ietf-nmda-compare:no-matches": [null] }));
        }
        Ok(json!({ "ietf-nmda-compare:differences": { "yang-patch": differences(&source, &target)? } }))
    })
    .await?
}

/// The patch, with the source's value beside each edit that changes or removes one. Cost: what differs.
fn differences(source: &Tree, target: &Tree) -> Result<Value> {
    let changes = bind::diff(source, target);
    if changes.is_empty() {
        return Ok(json!({ "patch-id": PATCH }));
    }
    let there = edits(&bind::patch_text(&changes, PATCH)?)?;
    // What takes the change back puts the source's values where they were.
    let back = edits(&bind::patch_text(&bind::reverse(&changes), PATCH)?)?;
    let values: HashMap<String, Value> = back
        .into_iter()
        .filter_map(|mut edit| {
            let target = edit.get("target")?.as_str()?.to_owned();
            Some((target, edit.remove("value")?))
        })
        .collect();
    let told = there.into_iter().map(|mut edit| {
        let at = edit.get("target").and_then(Value::as_str);
        let old = at.and_then(|at| values.get(at)).cloned();
        let changes_one = matches!(
            edit.get("operation").and_then(Value::as_str),
            Some("delete" | "merge" | "move" | "replace" | "remove")
        );
        if let Some(old) = old.filter(|_| changes_one) {
            edit.insert("source-value".to_owned(), old);
        }
        Value::Object(edit)
    });
    Ok(json!({ "patch-id": PATCH, "edit": told.collect::<Vec<_>>() }))
}

/// The edits of a patch that is text.
fn edits(patch: &str) -> Result<Vec<Map<String, Value>>> {
    let unread =
        |error: serde_json::Error| BackendError::new(ErrorTag::OperationFailed, error.to_string());
    let mut patch: Value = serde_json::from_str(patch).map_err(unread)?;
    let edits = patch["ietf-yang-patch:yang-patch"]["edit"].take();
    match edits {
        Value::Null => Ok(Vec::new()),
        edits => serde_json::from_value(edits).map_err(unread),
    }
}

/// The datastore that a leaf names, as far as the user may read it.
async fn datastore(request: &Request, leaf: &str) -> Result<Tree> {
    let (engine, call) = (request.engine(), &request.call.call);
    let name = request.text(leaf).unwrap_or_default();
    let tree = match name.strip_prefix("ietf-datastores:") {
        Some("running" | "intended") => engine.running().tree,
        Some("candidate") => engine.tree_of(call.session, Datastore::Candidate),
        Some("startup") => engine.tree_of(call.session, Datastore::Startup),
        Some("operational") => operational(request).await?,
        _ => {
            let message = format!(
                "{name} is no datastore here; there are running, candidate, startup, intended and operational"
            );
            // RFC 9144 4: as RFC 8526 3.1.1 has it for a datastore that is not supported.
            return Err(
                Report::new(ErrorLayer::Protocol, ErrorTag::InvalidValue, message)
                    .with_info("bad-element", leaf)
                    .into(),
            );
        }
    };
    engine.readable(call, tree).await
}

/// Configuration in use; and state, if all is to be compared: in other datastores it cannot be.
async fn operational(request: &Request) -> Result<Tree> {
    let (engine, call) = (request.engine(), &request.call.call);
    let running = engine.running().tree;
    if request.leaf("all").is_none() {
        return Ok(running);
    }
    let asked = engine.ask(call, &running, None, |_| true).await?;
    if !asked.missing.is_empty() {
        return Err(crate::nmda::incomplete(&asked.missing));
    }
    let layers = asked.layers;
    on_pool(move || {
        layers
            .iter()
            .fold(running, |tree, layer| overlay(&tree, &layer.tree))
    })
    .await
}

/// The filter of the input.
fn filter(request: &Request) -> Result<Option<Filter>> {
    let input = &request.call.input;
    let schema = input.schema();
    if let Some(select) = request.text("xpath-filter") {
        return Ok(Some(Filter::XPath {
            select: select.to_owned(),
            namespaces: prefixes(schema),
        }));
    }
    let subtree = input
        .root()
        .slots()
        .iter()
        .find_map(|slot| match &slot.content {
            Content::Any(any) => Some(any),
            _ => None,
        });
    match subtree.map(|any| &**any) {
        None => Ok(None),
        Some(AnyData::Xml(inside)) => Ok(Some(Filter::Subtree(Document::xml(
            inside.as_bytes().to_vec(),
        )))),
        Some(AnyData::Json(_)) => Err(BackendError::new(
            ErrorTag::InvalidValue,
            "a subtree filter must be XML; give an xpath-filter",
        )),
    }
}

/// The prefixes that modules have for themselves, as far as no two have the same: what an expression is written with
/// when its element's declarations are not at hand.
fn prefixes(schema: &Schema) -> Vec<(String, String)> {
    let modules = || {
        let all = schema.modules().map(|(_, module)| module);
        all.filter(|module| module.implemented)
    };
    let unique = |prefix: &str| modules().filter(|module| &*module.prefix == prefix).count() == 1;
    modules()
        .filter(|module| unique(&module.prefix) && schema.module_by_name(&module.prefix).is_none())
        .map(|module| (module.prefix.to_string(), module.namespace.to_string()))
        .collect()
}
