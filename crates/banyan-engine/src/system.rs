//! The operations of our own module `banyan`: history, rollback, comparison, and work by paths as text.
//!
//! Input and output go through RFC 7951 JSON: these calls are made by people, not in loops.

mod edit;
mod observe;
mod show;
mod stores;

pub(crate) use edit::PathEdit;

use std::sync::Arc;

use banyan_data::Tree;
use serde_json::{Value, json};

use crate::backend::{BoxFuture, Datastore, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};
use crate::history::Past;
use crate::log::RecordHead;
use crate::number::{Seq, SessionId, Tid};
use crate::operation::{Operation, OperationCall};

/// What an operation of ours gets.
pub(crate) struct Request {
    pub call: OperationCall,
    input: Value,
}

impl Request {
    /// A leaf of the input.
    pub fn leaf(&self, name: &str) -> Option<&Value> {
        bind::member(&self.input, name)
    }

    /// A leaf of the input that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.leaf(name)?.as_str()
    }

    /// A number of the input; 64-bit ones are strings in JSON (RFC 7951 6.1).
    pub fn number(&self, name: &str) -> Option<u64> {
        number(self.leaf(name)?)
    }

    /// A boolean of the input; `false` without it.
    pub fn flag(&self, name: &str) -> bool {
        self.leaf(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.call.engine
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

type Answer = BoxFuture<'static, Result<Value>>;

/// An operation of ours: a function from input to output.
struct Ours(fn(Request) -> Answer);

impl Operation for Ours {
    fn call(&self, call: OperationCall) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(async move {
            let input = call.input.clone();
            let input = on_pool(move || bind::to_json(&input)).await??;
            let schema = call.schema.clone();
            let node = call.node;
            let output = (self.0)(Request { call, input }).await?;
            on_pool(move || bind::output_from_json(&schema, node, output.to_string().as_bytes()))
                .await?
        })
    }
}

/// Our operations, by their paths.
pub(crate) fn operations() -> Vec<(&'static str, Arc<dyn Operation>)> {
    let ours = |run: fn(Request) -> Answer| -> Arc<dyn Operation> { Arc::new(Ours(run)) };
    vec![
        (
            "/banyan:history",
            ours(|request| Box::pin(history(request))),
        ),
        (
            "/banyan:rollback",
            ours(|request| Box::pin(rollback(request))),
        ),
        (
            "/banyan:compare",
            ours(|request| Box::pin(show::compare(request))),
        ),
        (
            "/banyan:show",
            ours(|request| Box::pin(show::show(request))),
        ),
        (
            "/banyan:call",
            ours(|request| Box::pin(show::call(request))),
        ),
        (
            "/banyan:edit-path",
            ours(|request| Box::pin(edit::edit_path(request))),
        ),
        (
            "/banyan:access-explain",
            ours(|request| Box::pin(show::access_explain(request))),
        ),
        (
            "/banyan:list-stores",
            ours(|request| Box::pin(stores::list(request))),
        ),
        (
            "/banyan:copy-store",
            ours(|request| Box::pin(stores::copy(request))),
        ),
        (
            "/banyan:delete-store",
            ours(|request| Box::pin(stores::delete(request))),
        ),
        (
            "/banyan:load-store",
            ours(|request| Box::pin(stores::load(request))),
        ),
        (
            "/banyan:commit-timing",
            ours(|request| Box::pin(observe::timing(request))),
        ),
        (
            "/banyan:edit-json",
            ours(|request| Box::pin(edit::edit_json(request))),
        ),
        (
            "/ietf-netconf-private-candidate:update",
            ours(|request| Box::pin(edit::update(request))),
        ),
    ]
}

/// A state that a leaf of type `state` names.
pub(crate) async fn state_named(engine: &Engine, session: SessionId, name: &str) -> Result<Tree> {
    match name {
        "running" => Ok(engine.tree_of(session, Datastore::Running)),
        "candidate" => Ok(engine.tree_of(session, Datastore::Candidate)),
        "startup" => Ok(engine.tree_of(session, Datastore::Startup)),
        seq => match seq.parse() {
            Ok(seq) => Ok(engine.past(Past::After(Seq(seq))).await?.tree),
            Err(_) => Err(BackendError::new(
                ErrorTag::InvalidValue,
                format!("{seq:?} is neither a datastore nor the number of a commit"),
            )),
        },
    }
}

async fn history(request: Request) -> Result<Value> {
    let engine = request.engine().clone();
    let limit = request.number("limit").unwrap_or(20) as usize;
    let newest = request.number("from").map(Seq);
    let heads = match request.number("tid") {
        None => engine.history(newest, limit).await?,
        Some(tid) => {
            let tid = Tid(u32::try_from(tid).unwrap_or(u32::MAX));
            let before = engine.past(Past::Before(tid)).await?;
            engine.history(Some(Seq(before.seq.0 + 1)), 1).await?
        }
    };
    let mut commits = Vec::with_capacity(heads.len());
    for head in heads {
        let mut commit = described(&head);
        if request.flag("changes") {
            let (before, after) = engine.around(head.seq).await?;
            let before = engine.readable(&request.call.call, before).await?;
            let after = engine.readable(&request.call.call, after).await?;
            let mounts = engine.mounts().clone();
            let diff = on_pool(move || bind::diff_text(&before, &after, None, &mounts)).await??;
            commit["diff"] = diff.into();
        }
        commits.push(commit);
    }
    Ok(json!({ "banyan:commit": commits }))
}

fn described(head: &RecordHead) -> Value {
    let mut commit = json!({
        "seq": head.seq.to_string(),
        "tid": head.tid.0,
        "time": head.time.to_string(),
        "user": &*head.user,
        "source": head.source,
        "changes": head.changes.to_string(),
    });
    let mut add = |name: &str, value: &Option<String>| {
        if let Some(value) = value {
            commit[name] = value.as_str().into();
        }
    };
    add("comment", &head.comment);
    add("label", &head.label);
    if !head.entries.is_empty() {
        let notes: std::collections::BTreeSet<String> = head
            .entries
            .iter()
            .map(|entry| format!("{} {}", entry.kind, entry.value))
            .collect();
        commit["note"] = notes.into_iter().collect::<Vec<_>>().into();
    }
    commit
}

async fn rollback(request: Request) -> Result<Value> {
    let past = match (
        request.number("steps"),
        request.number("to"),
        request.number("before"),
    ) {
        (Some(steps), _, _) => Past::Steps(steps),
        (_, Some(seq), _) => Past::After(Seq(seq)),
        (_, _, Some(tid)) => Past::Before(Tid(u32::try_from(tid).unwrap_or(u32::MAX))),
        (None, None, None) => {
            return Err(BackendError::new(
                ErrorTag::MissingElement,
                "rollback needs steps, to or before",
            ));
        }
    };
    let seq = request.engine().rollback(&request.call.call, past).await?;
    Ok(json!({ "banyan:seq": seq.to_string() }))
}
