//! The operations of our own module `banyan`: history, rollback, comparison, and work by paths as text.
//!
//! Input and output go through RFC 7951 JSON: these calls are made by people, not in loops.

mod backup;
mod clixon;
mod compare;
mod edit;
mod history;
mod observe;
mod show;
mod state;
mod stores;
mod subscribe;

pub(crate) use edit::PathEdit;

use std::sync::Arc;

use banyan_data::Tree;
use serde_json::Value;

use crate::backend::{BoxFuture, Datastore, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::engine::Engine;
use crate::error::{BackendError, ErrorTag};
use crate::history::Past;
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
            let mut output = (self.0)(Request { call, input }).await?;
            bind::printable(&mut output);
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
            ours(|request| Box::pin(history::history(request))),
        ),
        (
            "/banyan:rollback",
            ours(|request| Box::pin(history::rollback(request))),
        ),
        (
            "/banyan:history-export",
            ours(|request| Box::pin(history::export(request))),
        ),
        (
            "/banyan:history-import",
            ours(|request| Box::pin(history::import(request))),
        ),
        (
            "/banyan:backup",
            ours(|request| Box::pin(backup::backup(request))),
        ),
        (
            "/banyan:history-trim",
            ours(|request| Box::pin(history::trim(request))),
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
            "/banyan:resolve-path",
            ours(|request| Box::pin(show::resolve_path(request))),
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
            "/banyan:push-state",
            ours(|request| Box::pin(state::push(request))),
        ),
        (
            "/ietf-subscribed-notifications:establish-subscription",
            ours(|request| Box::pin(subscribe::establish(request))),
        ),
        (
            "/ietf-subscribed-notifications:modify-subscription",
            ours(|request| Box::pin(subscribe::modify(request))),
        ),
        (
            "/ietf-subscribed-notifications:delete-subscription",
            ours(|request| Box::pin(subscribe::delete(request))),
        ),
        (
            "/ietf-subscribed-notifications:kill-subscription",
            ours(|request| Box::pin(subscribe::kill(request))),
        ),
        (
            "/ietf-yang-push:resync-subscription",
            ours(|request| Box::pin(subscribe::resync(request))),
        ),
        (
            crate::stream::notify::PATH,
            Arc::new(crate::stream::notify::SendNotification),
        ),
        (
            crate::stream::subscribe::PATH,
            Arc::new(crate::stream::subscribe::CreateSubscription),
        ),
        (
            "/banyan:metrics",
            ours(|request| Box::pin(observe::metrics(request))),
        ),
        (
            "/banyan:edit-json",
            ours(|request| Box::pin(edit::edit_json(request))),
        ),
        ("/clixon-lib:ping", ours(|_| Box::pin(clixon::ping()))),
        (
            "/clixon-lib:stats",
            ours(|request| Box::pin(clixon::stats(request))),
        ),
        (
            "/ietf-nmda-compare:compare",
            ours(|request| Box::pin(compare::compare(request))),
        ),
        (
            "/banyan:edit-xml",
            ours(|request| Box::pin(edit::edit_xml(request))),
        ),
        (
            "/banyan:update-candidate",
            ours(|request| Box::pin(edit::update_candidate(request))),
        ),
        (
            "/ietf-netconf-private-candidate:update",
            ours(|request| Box::pin(edit::update(request))),
        ),
    ]
}

/// The commit that `17` or, by its transaction, `tid:17` names.
pub(crate) async fn commit_named(engine: &Engine, name: &str) -> Result<Seq> {
    let number = match name.strip_prefix("tid:") {
        Some(tid) => tid.parse().ok().map(|tid| (None, Some(Tid(tid)))),
        None => name.parse().ok().map(|seq| (Some(Seq(seq)), None)),
    };
    match number {
        Some((_, Some(tid))) => engine.seq_of(tid).await,
        Some((Some(seq), _)) => Ok(seq),
        _ => Err(BackendError::new(
            ErrorTag::InvalidValue,
            format!(
                "{name:?} is neither a datastore, nor the number of a commit, nor tid: and that of a transaction"
            ),
        )),
    }
}

/// A state that a leaf of type `state` names.
pub(crate) async fn state_named(engine: &Engine, session: SessionId, name: &str) -> Result<Tree> {
    match name {
        "running" => Ok(engine.tree_of(session, Datastore::Running)),
        "candidate" => Ok(engine.tree_of(session, Datastore::Candidate)),
        "startup" => Ok(engine.tree_of(session, Datastore::Startup)),
        commit => {
            let seq = commit_named(engine, commit).await?;
            Ok(engine.past(Past::After(seq)).await?.tree)
        }
    }
}
