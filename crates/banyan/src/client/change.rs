//! Commands that change something: `set`, `delete`, `edit`, `commit`, `discard`, `rpc`, `rollback`.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use banyan_engine::backend::{
    CommitParameters, Confirmed, Datastore, DefaultOperation, DiffFormat, Document, EditRequest,
    TestOption,
};
use banyan_netconf::client::{Client, CommitReport};
use banyan_netconf::operations;
use banyan_netconf::xml::escape_text;

use super::history::commit_leaf;
use super::observe;
use super::read::name_of;
use super::{CommandError, SYSTEM, call, open, output_leaf, print, remark, with_progress};
use crate::args::{Commit, Connect, Delete, Edit, Rollback, Rpc, Set};

/// `banyan set`
pub async fn set(set: Set) -> Result<(), CommandError> {
    edit_path(&set.connect, &set.path, "merge", set.value.as_deref()).await
}

/// `banyan delete`
pub async fn delete(delete: Delete) -> Result<(), CommandError> {
    edit_path(&delete.connect, &delete.path, "delete", None).await
}

async fn edit_path(
    connect: &Connect,
    path: &str,
    operation: &str,
    value: Option<&str>,
) -> Result<(), CommandError> {
    let client = open(connect).await?;
    let mut body = format!(
        "<edit-path xmlns=\"{SYSTEM}\"><edit><position>1</position><path>{}</path><operation>{operation}</operation>",
        escape_text(path)
    );
    if let Some(value) = value {
        body.push_str(&format!("<value>{}</value>", escape_text(value)));
    }
    body.push_str("</edit></edit-path>");
    client.rpc(body).await?;
    Ok(())
}

/// `banyan edit`
pub async fn edit(edit: Edit) -> Result<(), CommandError> {
    let text = match edit.file.as_deref().filter(|file| *file != Path::new("-")) {
        Some(file) => std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?,
        None => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(|error| unreadable(&PathBuf::from("standard input"), &error))?;
            text
        }
    };
    let client = open(&edit.connect).await?;
    if text.trim_start().starts_with('{') {
        // NETCONF speaks XML; the daemon binds JSON itself.
        let leaves = [
            ("json", Some(text)),
            ("default-operation", Some(edit.default_operation)),
        ];
        call(&client, "edit-json", &leaves).await?;
        return Ok(());
    }
    let request = EditRequest {
        target: Datastore::Candidate,
        edit: Document::xml(text.into_bytes()),
        default_operation: match edit.default_operation.as_str() {
            "replace" => DefaultOperation::Replace,
            "none" => DefaultOperation::None,
            _ => DefaultOperation::Merge,
        },
        test_option: TestOption::Set,
    };
    client.edit_config(&request).await?;
    Ok(())
}

fn unreadable(file: &Path, error: &std::io::Error) -> CommandError {
    CommandError::Usage(format!("cannot read {}: {error}", file.display()))
}

/// `banyan commit`
pub async fn commit(commit: Commit) -> Result<(), CommandError> {
    let client = open(&commit.connect).await?;
    if commit.cancel {
        client.cancel_commit(commit.persist_id.as_deref()).await?;
        remark("the confirmed commit is taken back");
        return Ok(());
    }
    // This session ends with the command, and without a name the commit would be taken back with it.
    let persist = commit.confirmed.map(|_| {
        commit
            .persist
            .unwrap_or_else(|| format!("cli-{}", std::process::id()))
    });
    let parameters = CommitParameters {
        confirmed: commit.confirmed.map(|timeout| Confirmed {
            timeout,
            persist: persist.as_deref().map(Arc::from),
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
    let outcome = committed(&client, &parameters).await;
    if commit.timing {
        let shown = observe::print_timing(&client, &[]).await;
        // Why it was refused matters more.
        outcome?;
        shown?;
    } else {
        outcome?;
    }
    if let (Some(seconds), Some(name)) = (commit.confirmed, persist) {
        print(&format!(
            "taken back in {seconds} s unless you run: banyan commit --persist-id {name}"
        ));
    }
    Ok(())
}

/// Commits, and says what came of it.
async fn committed(client: &Client, parameters: &CommitParameters) -> Result<(), CommandError> {
    let reply = with_progress(client, operations::commit_with_report(parameters)).await?;
    let report = CommitReport::read(&reply);
    for line in &report.trace {
        print(line);
    }
    if let Some(diff) = &report.diff {
        print(diff);
        remark("this is what would change; nothing was committed");
        return Ok(());
    }
    match (report.seq, report.tid) {
        (Some(seq), Some(tid)) => remark(&format!("commit {seq}, transaction {tid}")),
        _ => remark("nothing to commit"),
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
    call(&client, "rollback", &leaves).await?;
    if !rollback.commit {
        remark(
            "the candidate has the old state: look at it with `banyan diff`, then `banyan commit`",
        );
        return Ok(());
    }
    let parameters = CommitParameters {
        comment: rollback.comment.or(Some(said)),
        label: rollback.label,
        ..CommitParameters::default()
    };
    committed(&client, &parameters).await
}
