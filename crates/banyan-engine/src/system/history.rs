//! The history, and what is made of it: lists, rollbacks, exports and imports.

use banyan_data::path::InstancePath;
use serde_json::{Value, json};

use super::Request;
use super::show::diff_format;
use crate::backend::{CommitParameters, Result};
use crate::bind;
use crate::blocking::on_pool;
use crate::error::{BackendError, ErrorTag};
use crate::history::{Compared, Past, Selection, Trim, Wanted};
use crate::log::RecordHead;
use crate::number::{Seq, Tid};

/// How many lines an export sends at a time.
const LINES: usize = 100;

fn tid(number: u64) -> Tid {
    Tid(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The instance that a leaf names. Which schema is mounted where is seen in what the caller may read.
async fn path(request: &Request, name: &str) -> Result<Option<InstancePath>> {
    let Some(text) = request.text(name).map(str::to_owned) else {
        return Ok(None);
    };
    let engine = request.engine();
    let running = engine.running().tree;
    let tree = engine.readable(&request.call.call, running).await?;
    let mounts = request.engine().mounts().clone();
    on_pool(move || bind::parse_place(&tree, &text, &mounts).map(Some)).await?
}

/// `history`
pub(super) async fn history(request: Request) -> Result<Value> {
    let engine = request.engine().clone();
    let one = match (request.number("seq"), request.number("tid")) {
        (Some(seq), _) => Some(Seq(seq)),
        (None, Some(number)) => Some(engine.seq_of(tid(number)).await?),
        (None, None) => None,
    };
    let since = match request.text("since") {
        None => None,
        Some(text) => Some(text.parse().map_err(|error| {
            BackendError::new(
                ErrorTag::InvalidValue,
                format!("{text:?} is no time: {error}"),
            )
        })?),
    };
    let selection = Selection {
        newest: one.or(request.number("from").map(Seq)),
        limit: match one {
            Some(_) => 1,
            None => request.number("limit").unwrap_or(20) as usize,
        },
        user: request.text("user").map(str::to_owned),
        since,
        label: request.text("label").map(str::to_owned),
        path: path(&request, "path").await?,
    };
    let call = &request.call.call;
    let heads = engine.select_history(call, selection).await?;
    if let Some(seq) = one
        && heads.first().is_none_or(|head| head.seq != seq)
    {
        return Err(BackendError::new(
            ErrorTag::InvalidValue,
            format!("the history has no commit {seq}; `banyan history` lists what it has"),
        ));
    }
    let mut commits = Vec::with_capacity(heads.len());
    let mut walk = engine.walk_back();
    for head in heads {
        let mut commit = described(&head);
        if request.flag("changes") {
            let compared = walk.around(head.seq).await?;
            commit["diff"] = changes_of(&request, compared).await?.into();
        }
        commits.push(commit);
    }
    Ok(json!({ "banyan:commit": commits }))
}

/// What a commit changed, as far as the caller may read it.
async fn changes_of(request: &Request, compared: Compared) -> Result<String> {
    let engine = request.engine();
    let wanted = Wanted {
        format: diff_format(request),
        path: request.text("path").map(str::to_owned),
        reverse: request.flag("reverse"),
    };
    compared.text(engine, &request.call.call, wanted).await
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

/// `rollback`
pub(super) async fn rollback(request: Request) -> Result<Value> {
    let engine = request.engine();
    let call = &request.call.call;
    let number = |name: &str| request.number(name);
    let commit = commit_wanted(&request)?;
    let only = match (number("only"), number("only-seq")) {
        (Some(number), _) => Some(engine.seq_of(tid(number)).await?),
        (None, seq) => seq.map(Seq),
    };
    let (seq, committed) = if let Some(only) = only {
        if request.text("subtree").is_some() {
            return Err(BackendError::new(
                ErrorTag::BadElement,
                "one commit is taken out as a whole: give either only or subtree",
            ));
        }
        engine.taken_out(call, only, commit).await?
    } else {
        let past = if let Some(steps) = number("steps") {
            Past::Steps(steps)
        } else if let Some(seq) = number("to") {
            Past::After(Seq(seq))
        } else if let Some(number) = number("tid") {
            Past::AfterTid(tid(number))
        } else if let Some(number) = number("before") {
            Past::Before(tid(number))
        } else {
            return Err(BackendError::new(
                ErrorTag::MissingElement,
                "rollback needs steps, to, tid, before or only",
            ));
        };
        match path(&request, "subtree").await? {
            Some(subtree) => {
                engine
                    .subtree_rolled_back(call, past, subtree, commit)
                    .await?
            }
            None => engine.rolled_back(call, past, commit).await?,
        }
    };
    let warnings = committed.as_ref().map(|it| it.warnings.clone());
    let mut output = super::edit::output(committed);
    output["banyan:seq"] = seq.to_string().into();
    if let Some(warnings) = warnings.filter(|it| !it.is_empty()) {
        output["banyan:warning"] = warnings.into();
    }
    Ok(output)
}

/// The commit that is to follow, if one is: who asks for it must be allowed to commit.
fn commit_wanted(request: &Request) -> Result<Option<CommitParameters>> {
    if request.leaf("commit").and_then(Value::as_bool) != Some(true) {
        return Ok(None);
    }
    let core = &request.engine().0;
    core.permit_in(&request.call.call, "ietf-netconf", "commit")?;
    let text = |leaf: &str| request.text(leaf).map(str::to_owned);
    Ok(Some(CommitParameters {
        comment: text("comment"),
        label: text("label"),
        ..CommitParameters::default()
    }))
}

/// `history-export`
pub(super) async fn export(request: Request) -> Result<Value> {
    let seq = |name: &str| request.number(name).map(Seq);
    let exported = request
        .engine()
        .export_history(&request.call.call, seq("from"), seq("to"), LINES)
        .await?;
    let mut output = json!({ "banyan:text": exported.text });
    if let Some(next) = exported.next {
        output["banyan:next"] = next.to_string().into();
    }
    Ok(output)
}

/// `history-import`
pub(super) async fn import(request: Request) -> Result<Value> {
    let text = request.text("text").unwrap_or_default();
    let (count, head) = request
        .engine()
        .import_history(&request.call.call, text)
        .await?;
    Ok(json!({ "banyan:imported": count, "banyan:head": head.to_string() }))
}

/// `history-trim`
pub(super) async fn trim(request: Request) -> Result<Value> {
    let engine = request.engine();
    let when = match request.flag("dry-run") {
        true => Trim::Rehearse,
        false => Trim::Now,
    };
    let trimmed = engine.trim_history_when(when).await?;
    let mut output = json!({
        "banyan:gone": trimmed.count().to_string(),
        "banyan:first": trimmed.from.to_string(),
        "banyan:limited": !engine.retention().is_unlimited(),
    });
    if trimmed.count() > 0 {
        output["banyan:gone-from"] = trimmed.was.to_string().into();
    }
    Ok(output)
}
