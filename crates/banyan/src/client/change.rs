//! Commands that change something: `set`, `delete`, `edit`, `commit`, `discard`, `rpc`, `rollback`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_engine::backend::{CommitParameters, Confirmed, DiffFormat};
use banyan_netconf::client::{Client, CommitReport};
use banyan_netconf::operations;
use banyan_netconf::reply::RpcReply;
use banyan_netconf::xml::escape_text;
use serde_json::json;

use super::history::commit_leaf;
use super::lines;
use super::observe;
use super::outcome::{self, Outcome, Tell};
use super::read::name_of;
use super::{
    CommandError, SYSTEM, call, open, output_leaf, print, remark, warn, warned, with_progress,
};
use crate::args::{self, Commit, Connect, Delete, Edit, Rollback, Rpc, Set};

/// `banyan set`
pub async fn set(set: Set) -> Result<(), CommandError> {
    let client = open(&set.connect).await?;
    let reply = edit_path(&client, &set.path, "merge", set.value.as_deref()).await?;
    outcome::tell_edit(&reply, set.telling.into());
    Ok(())
}

/// `banyan delete`
pub async fn delete(delete: Delete) -> Result<(), CommandError> {
    let client = open(&delete.connect).await?;
    let operation = match delete.if_exists {
        true => "remove",
        false => "delete",
    };
    let reply = edit_path(&client, &delete.path, operation, None).await?;
    outcome::tell_edit(&reply, delete.telling.into());
    Ok(())
}

/// Whether a comment and a label can be sent.
fn notes(comment: Option<&str>, label: Option<&str>) -> Result<(), CommandError> {
    for (what, text) in [("the comment", comment), ("the label", label)] {
        lines::holdable(what, text.unwrap_or_default()).map_err(CommandError::Usage)?;
    }
    Ok(())
}

async fn edit_path(
    client: &Client,
    path: &str,
    operation: &str,
    value: Option<&str>,
) -> Result<RpcReply, CommandError> {
    lines::holdable("the path", path).map_err(CommandError::Usage)?;
    let text = value.unwrap_or_default();
    lines::holdable(&format!("the value of {path}"), text).map_err(CommandError::Usage)?;
    let mut body = format!(
        "<edit-path xmlns=\"{SYSTEM}\"><edit><position>1</position><path>{}</path><operation>{operation}</operation>",
        escape_text(path)
    );
    if let Some(value) = value {
        body.push_str(&format!("<value>{}</value>", escape_text(value)));
    }
    body.push_str("</edit></edit-path>");
    Ok(client.rpc(body).await?)
}

/// `banyan edit`
pub async fn edit(edit: Edit) -> Result<(), CommandError> {
    let text = document_of(edit.file.as_deref())?;
    let client = open(&edit.connect).await?;
    if lines::are_lines(&text) {
        let steps = lines::steps(&text).map_err(CommandError::Usage)?;
        if edit.default_operation != "merge" {
            return Err(CommandError::Usage(
                "--default-operation is for XML and JSON; lines say themselves what they do"
                    .to_owned(),
            ));
        }
        let body = format!("<edit-path xmlns=\"{SYSTEM}\">{steps}</edit-path>");
        let reply = client.rpc(body).await.map_err(CommandError::from)?;
        outcome::tell_edit(&reply, edit.telling.into());
        return Ok(());
    }
    // The daemon binds either, and says what it committed.
    let (rpc, leaf) = match text.trim_start().starts_with('{') {
        true => ("edit-json", "json"),
        false => ("edit-xml", "xml"),
    };
    let leaves = [
        (leaf, Some(text)),
        ("default-operation", Some(edit.default_operation)),
    ];
    let reply = call(&client, rpc, &leaves).await?;
    outcome::tell_edit(&reply, edit.telling.into());
    Ok(())
}

/// The text of a file; of standard input for none, or `-`.
///
/// # Errors
/// It cannot be read.
pub(super) fn document_of(file: Option<&Path>) -> Result<String, CommandError> {
    match file.filter(|file| *file != Path::new("-")) {
        Some(file) => std::fs::read_to_string(file).map_err(|error| unreadable(file, &error)),
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| unreadable(&PathBuf::from("standard input"), &error))?;
            Ok(text)
        }
    }
}

fn unreadable(file: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Usage(format!("cannot read {}: {error}", file.display()))
}

/// `banyan commit`
pub async fn commit(commit: Commit) -> Result<(), CommandError> {
    let tell = match (commit.quiet, commit.format) {
        (true, _) => Tell::Nothing,
        (false, args::DiffFormat::Text) => Tell::Line,
        (false, args::DiffFormat::Json) => Tell::Json,
        (false, _) if commit.dry_run => Tell::Line,
        (false, format) => {
            return Err(CommandError::Usage(format!(
                "--format {} is for --dry-run; what was committed is told as text or json",
                format.name()
            )));
        }
    };
    let client = open(&commit.connect).await?;
    if commit.cancel {
        client.cancel_commit(commit.persist_id.as_deref()).await?;
        match tell {
            Tell::Nothing => {}
            Tell::Line => print("the confirmed commit is taken back"),
            Tell::Json => print(&json!({ "cancelled": true }).to_string()),
        }
        return Ok(());
    }
    // This session ends with the command, and without a name the commit would be taken back with it.
    let trial = commit.confirmed.map(|seconds| Trial {
        seconds,
        made_up: commit.persist.is_none() && commit.persist_id.is_none(),
        // What is extended keeps its name, unless it gets another one.
        name: (commit.persist)
            .or_else(|| commit.persist_id.clone())
            .unwrap_or_else(|| format!("cli-{}", std::process::id())),
    });
    notes(commit.comment.as_deref(), commit.label.as_deref())?;
    let parameters = CommitParameters {
        confirmed: trial.as_ref().map(|trial| Confirmed {
            timeout: trial.seconds,
            persist: Some(Arc::from(trial.name.as_str())),
        }),
        persist_id: commit.persist_id.map(Arc::from),
        comment: commit.comment,
        label: commit.label,
        no_networking: commit.no_networking,
        debug_kicker: commit.debug.iter().any(|what| what == "kicker"),
        dry_run: commit
            .dry_run
            .then(|| DiffFormat::named(commit.format.name()).unwrap_or_default()),
    };
    let outcome = committed(&client, &parameters, trial.as_ref(), tell).await;
    if commit.timing {
        let shown = observe::print_timing(&client, &[]).await;
        // Why it was refused matters more.
        outcome?;
        return shown;
    }
    outcome
}

/// A commit that must be confirmed.
struct Trial {
    /// Within so many seconds.
    seconds: u32,
    /// By this name.
    name: String,
    /// Nobody knows the name yet.
    made_up: bool,
}

impl Trial {
    /// Says how it is confirmed; to a script, which made no name up, nothing but the name.
    fn tell(&self, tell: Tell) {
        match tell {
            Tell::Line => print(&format!(
                "taken back in {} s unless you run: banyan commit --persist-id {}",
                self.seconds, self.name
            )),
            Tell::Nothing if self.made_up => print(&self.name),
            Tell::Nothing | Tell::Json => {}
        }
    }
}

/// Commits, and says what came of it.
async fn committed(
    client: &Client,
    parameters: &CommitParameters,
    trial: Option<&Trial>,
    tell: Tell,
) -> Result<(), CommandError> {
    let reply = with_progress(client, operations::commit_with_report(parameters)).await?;
    let report = CommitReport::read(&reply);
    if tell == Tell::Line {
        for line in &report.trace {
            print(line);
        }
    }
    for warning in &report.remarks {
        warn(warning);
    }
    if let Some(diff) = &report.diff {
        if tell != Tell::Nothing {
            print(diff);
            remark("this is what would change; nothing was committed");
        }
        return Ok(());
    }
    let mut more = Vec::new();
    if !report.trace.is_empty() {
        more.push(("trace", json!(report.trace)));
    }
    if let Some(trial) = trial {
        more.push(("persist-id", json!(trial.name)));
        more.push(("confirm-timeout", json!(trial.seconds)));
    }
    Outcome::from(&report).tell(tell, more);
    if let Some(trial) = trial {
        trial.tell(tell);
    }
    Ok(())
}

/// `banyan discard`
pub async fn discard(connect: Connect) -> Result<(), CommandError> {
    let client = open(&connect).await?;
    client.discard_changes().await?;
    Ok(())
}

/// `banyan rpc`
pub async fn rpc(rpc: Rpc) -> Result<(), CommandError> {
    let client = open(&rpc.connect).await?;
    let leaves = [
        ("operation", Some(rpc.operation)),
        ("input", rpc.input),
        ("format", Some(name_of(rpc.format).to_owned())),
    ];
    let reply = call(&client, "call", &leaves).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}

/// `banyan rollback`
pub async fn rollback(rollback: Rollback) -> Result<(), CommandError> {
    let (leaf, number, said) = match (&rollback.commits, &rollback.to, &rollback.only) {
        (Some(steps), _, _) => ("steps", steps.to_string(), format!("rollback {steps}")),
        (_, Some(to), _) => {
            let (leaf, number) = commit_leaf(to, "tid")?;
            let leaf = if leaf == "seq" { "to" } else { leaf };
            (leaf, number, format!("rollback --to {to}"))
        }
        (_, _, Some(only)) => {
            let (leaf, number) = commit_leaf(only, "tid")?;
            let leaf = if leaf == "seq" { "only-seq" } else { "only" };
            (leaf, number, format!("rollback --only {only}"))
        }
        (None, None, None) => {
            return Err(CommandError::Usage(
                "rollback to what? give a number of commits, --to or --only".to_owned(),
            ));
        }
    };
    let client = open(&rollback.connect).await?;
    let mut leaves = vec![(leaf, Some(number))];
    let mut said = said;
    if let Some(subtree) = rollback.subtree {
        said.push_str(&format!(" --subtree {subtree}"));
        leaves.push(("subtree", Some(subtree)));
    }
    if rollback.commit {
        leaves.push(("commit", Some("true".to_owned())));
        leaves.push(("comment", Some(rollback.comment.unwrap_or(said))));
        leaves.push(("label", rollback.label));
    }
    let done = call(&client, "rollback", &leaves).await;
    let reply = done.map_err(|error| match error {
        CommandError::Refused(why) if rollback.commit => {
            CommandError::Refused(format!("{why}\nthe candidate is as it was before"))
        }
        other => other,
    })?;
    warned(&reply);
    let tell = Tell::from(rollback.telling);
    if !outcome::tell_edit(&reply, tell) && tell == Tell::Line {
        remark(
            "the candidate has the old state: look at it with `banyan diff`, then `banyan commit`",
        );
    }
    Ok(())
}
