//! `banyan history`: what was committed, by whom, and what it changed.

use std::io::Write;
use std::path::Path;

use banyan_netconf::client::Client;
use banyan_netconf::reply::RpcReply;
use banyan_netconf::xml::Fragment;

use serde_json::{Value, json};

use super::read::name_of;
use super::save::Saved;
use super::table::to_the_second;
use super::{CommandError, call, open, output_leaf, print, remark};
use crate::args::{
    Blame, DiffFormat, Format, History, HistoryCommand, HistoryDiff, HistoryExport, HistoryImport,
    HistoryList, HistoryShow, HistoryTrim,
};

/// How many lines an import sends at a time: each time is all or nothing.
const LINES: usize = 200;

/// `banyan history`
pub async fn history(history: History) -> Result<(), CommandError> {
    match history.command {
        None => list(history.list).await,
        Some(HistoryCommand::List(wanted)) => list(wanted).await,
        Some(HistoryCommand::Show(wanted)) => show(wanted).await,
        Some(HistoryCommand::Diff(wanted)) => diff(wanted).await,
        Some(HistoryCommand::Blame(wanted)) => blame(wanted).await,
        Some(HistoryCommand::Export(wanted)) => export(wanted).await,
        Some(HistoryCommand::Import(wanted)) => import(wanted).await,
        Some(HistoryCommand::Trim(wanted)) => trim(wanted).await,
    }
}

async fn list(list: HistoryList) -> Result<(), CommandError> {
    let client = open(&list.connect).await?;
    let since = list.since.as_deref().map(moment).transpose()?;
    let mut leaves = vec![
        ("limit", Some(list.limit.to_string())),
        ("tid", list.tid.map(|tid| tid.to_string())),
        ("user", list.user),
        ("since", since),
        ("label", list.label),
        ("path", list.path),
        ("changes", list.changes.then(|| "true".to_owned())),
    ];
    if list.format != Format::Text {
        // The same RPC through `call`, which prints the output in any format.
        let mut input = serde_json::Map::new();
        for (name, value) in leaves.drain(..) {
            let Some(value) = value else { continue };
            let value = match name {
                "limit" | "tid" => serde_json::from_str(&value).unwrap_or_default(),
                "changes" => true.into(),
                _ => value.into(),
            };
            input.insert(name.to_owned(), value);
        }
        let leaves = [
            ("operation", Some("banyan:history".to_owned())),
            ("input", Some(serde_json::Value::Object(input).to_string())),
            ("format", Some(name_of(list.format).to_owned())),
        ];
        let reply = call(&client, "call", &leaves).await?;
        print(&output_leaf(&reply, "text"));
        return Ok(());
    }
    let reply = call(&client, "history", &leaves).await?;
    let mut out = String::new();
    for commit in commits(&reply) {
        push_commit(commit, &mut out);
    }
    if out.is_empty() {
        remark("no commit matches");
    }
    print(&out);
    Ok(())
}

fn commits(reply: &RpcReply) -> impl Iterator<Item = &Fragment> {
    reply
        .elements()
        .filter(|element| element.local() == "commit")
}

fn leaf(commit: &Fragment, name: &str) -> String {
    commit
        .children()
        .find(|child| child.local() == name)
        .map(|child| child.text())
        .unwrap_or_default()
}

pub(super) fn push_commit(commit: &Fragment, out: &mut String) {
    let leaf = |name: &str| leaf(commit, name);
    out.push_str(&format!(
        "{:>6}  tid {:<6} {}  {}",
        leaf("seq"),
        leaf("tid"),
        to_the_second(&leaf("time")),
        leaf("user")
    ));
    let source = leaf("source");
    if !source.is_empty() {
        out.push_str(&format!(" ({source})"));
    }
    for (name, quote) in [("label", ""), ("comment", "\"")] {
        let value = leaf(name);
        if !value.is_empty() {
            out.push_str(&format!("  {quote}{value}{quote}"));
        }
    }
    out.push('\n');
    for line in leaf("diff").lines() {
        out.push_str(&format!("        {line}\n"));
    }
}

/// The leaf of the daemon's RPC that names a commit, for `17`, `seq:17` or `tid:17`; a bare number is `bare`.
pub(super) fn commit_leaf(
    name: &str,
    bare: &'static str,
) -> Result<(&'static str, String), CommandError> {
    let (leaf, number) = match name.split_once(':') {
        Some(("tid", number)) => ("tid", number),
        Some(("seq", number)) => ("seq", number),
        _ => (bare, name),
    };
    match number.parse::<u64>() {
        Ok(number) => Ok((leaf, number.to_string())),
        Err(_) => Err(CommandError::Usage(format!(
            "{name:?} names no commit: give its place in the history as 17 or seq:17, or its transaction as tid:17"
        ))),
    }
}

/// `banyan history show`
async fn show(show: HistoryShow) -> Result<(), CommandError> {
    let (leaf_name, number) = commit_leaf(&show.commit, "seq")?;
    let client = open(&show.connect).await?;
    if show.timing {
        return super::observe::print_timing(&client, &[(leaf_name, Some(number))]).await;
    }
    let leaves = [
        (leaf_name, Some(number)),
        ("changes", Some("true".to_owned())),
        ("format", Some(show.format.name().to_owned())),
        ("reverse", show.reverse.then(|| "true".to_owned())),
    ];
    let reply = call(&client, "history", &leaves).await?;
    let mut out = String::new();
    for commit in commits(&reply) {
        match show.format {
            DiffFormat::Text => push_head(commit, &mut out),
            DiffFormat::Json => {
                let mut told = json_head(commit);
                told["reverse"] = show.reverse.into();
                told["patch"] = patch(commit)?;
                out.push_str(&format!("{told:#}\n"));
                continue;
            }
            // Programs that apply them take nothing else.
            DiffFormat::Xml | DiffFormat::Set => {}
        }
        out.push_str(&leaf(commit, "diff"));
    }
    print(&out);
    Ok(())
}

/// What a commit was, line by line.
fn push_head(commit: &Fragment, out: &mut String) {
    for (title, name) in [
        ("commit", "seq"),
        ("transaction", "tid"),
        ("time", "time"),
        ("user", "user"),
        ("source", "source"),
        ("label", "label"),
        ("comment", "comment"),
        ("changes", "changes"),
    ] {
        let value = leaf(commit, name);
        if !value.is_empty() {
            out.push_str(&format!("{title:<12} {value}\n"));
        }
    }
    for note in notes(commit) {
        out.push_str(&format!("{:<12} {note}\n", "note"));
    }
    out.push('\n');
}

fn notes(commit: &Fragment) -> impl Iterator<Item = String> {
    commit
        .children()
        .filter(|child| child.local() == "note")
        .map(|note| note.text())
}

/// What a commit was, for programs; what it does not have is null.
pub(super) fn json_head(commit: &Fragment) -> Value {
    let number = |name: &str| leaf(commit, name).parse::<u64>().ok();
    let text = |name: &str| Some(leaf(commit, name)).filter(|text| !text.is_empty());
    json!({
        "seq": number("seq"),
        "tid": number("tid"),
        "time": text("time"),
        "user": text("user"),
        "source": text("source"),
        "label": text("label"),
        "comment": text("comment"),
        "changes": number("changes"),
        "notes": notes(commit).collect::<Vec<_>>(),
    })
}

/// The YANG Patch of a commit; null when the reader may see nothing of it.
fn patch(commit: &Fragment) -> Result<Value, CommandError> {
    match leaf(commit, "diff").trim() {
        "" => Ok(Value::Null),
        text => serde_json::from_str(text).map_err(|error| {
            CommandError::Refused(format!("the daemon's answer is not JSON: {error}"))
        }),
    }
}

/// How many commits are listed that an update took in.
const TAKEN_IN: u64 = 50;

/// The newest commits after `from`, up to `to`.
pub(super) async fn since(
    client: &Client,
    from: u64,
    to: u64,
) -> Result<Vec<Fragment>, CommandError> {
    let count = to.saturating_sub(from).min(TAKEN_IN);
    if count == 0 {
        return Ok(Vec::new());
    }
    let leaves = [
        ("from", Some(to.to_string())),
        ("limit", Some(count.to_string())),
    ];
    let reply = call(client, "history", &leaves).await?;
    Ok(commits(&reply).cloned().collect())
}

/// A state for `compare`: a datastore, or a commit.
fn state(name: &str) -> Result<String, CommandError> {
    if ["running", "candidate", "startup"].contains(&name) {
        return Ok(name.to_owned());
    }
    Ok(match commit_leaf(name, "seq")? {
        ("tid", number) => format!("tid:{number}"),
        (_, number) => number,
    })
}

/// `banyan history diff`
async fn diff(diff: HistoryDiff) -> Result<(), CommandError> {
    let leaves = [
        ("from", Some(state(&diff.from)?)),
        ("to", Some(state(&diff.to)?)),
        ("path", diff.path),
        ("format", Some(diff.format.name().to_owned())),
    ];
    let client = open(&diff.connect).await?;
    let reply = call(&client, "compare", &leaves).await?;
    let text = output_leaf(&reply, "text");
    if text.is_empty() {
        remark("the two are the same");
    }
    print(&text);
    Ok(())
}

/// `banyan history blame`
async fn blame(blame: Blame) -> Result<(), CommandError> {
    let client = open(&blame.connect).await?;
    let leaves = [
        ("limit", Some("1".to_owned())),
        ("path", Some(blame.path.clone())),
        ("changes", Some("true".to_owned())),
    ];
    let reply = call(&client, "history", &leaves).await?;
    let mut out = String::new();
    for commit in commits(&reply) {
        push_commit(commit, &mut out);
    }
    if out.is_empty() {
        return Err(CommandError::Refused(format!(
            "no commit that the history keeps has changed {}: it was never set, or before the oldest of them",
            blame.path
        )));
    }
    print(&out);
    Ok(())
}

/// `banyan history trim`
async fn trim(trim: HistoryTrim) -> Result<(), CommandError> {
    let client = open(&trim.connect).await?;
    let leaves = [("dry-run", trim.dry_run.then(|| "true".to_owned()))];
    let reply = call(&client, "history-trim", &leaves).await?;
    let number = |name: &str| output_leaf(&reply, name).parse::<u64>().unwrap_or(0);
    let (gone, first) = (number("gone"), number("first"));
    let last = first.saturating_sub(1);
    let span = match number("gone-from") {
        from if from == last => format!("commit {from}"),
        from => format!("commits {from} to {last}"),
    };
    let said = match (gone, trim.dry_run) {
        (0, _) if output_leaf(&reply, "limited") != "true" => {
            "nothing goes: the history has no limit (history.keep-commits, keep-days, keep-megabytes)"
                .to_owned()
        }
        (0, _) => "nothing goes: all that is there is within the limits, or needed".to_owned(),
        (_, true) => format!("{span} would go; the history would begin with commit {first}"),
        (_, false) => format!("{span} gone; the history begins with commit {first} now"),
    };
    print(&format!("{said}\n"));
    Ok(())
}

/// `banyan history export`
async fn export(export: HistoryExport) -> Result<(), CommandError> {
    let client = open(&export.connect).await?;
    let failed = |error: std::io::Error| {
        CommandError::Usage(format!("cannot write {}: {error}", export.file.display()))
    };
    let mut saved = match export.file == Path::new("-") {
        true => None,
        false => Some(Saved::create(&export.file).map_err(failed)?),
    };
    let mut from = export.from;
    let mut lines = 0;
    loop {
        let leaves = [
            ("from", from.map(|seq| seq.to_string())),
            ("to", export.to.map(|seq| seq.to_string())),
        ];
        let reply = call(&client, "history-export", &leaves).await?;
        let text = output_leaf(&reply, "text");
        // Lines with modules are no commits.
        let records = text
            .lines()
            .filter(|line| !line.starts_with("{\"module-set\""));
        lines += records.count();
        match &mut saved {
            Some(file) => file.write_all(text.as_bytes()),
            None => std::io::stdout().write_all(text.as_bytes()),
        }
        .map_err(failed)?;
        match output_leaf(&reply, "next").parse() {
            Ok(next) => from = Some(next),
            Err(_) => break,
        }
    }
    match saved {
        Some(file) => file.finish(),
        None => std::io::stdout().flush(),
    }
    .map_err(failed)?;
    remark(&format!("{lines} commits exported"));
    Ok(())
}

/// `banyan history import`
async fn import(import: HistoryImport) -> Result<(), CommandError> {
    let unreadable = |error: std::io::Error| {
        CommandError::Usage(format!("cannot read {}: {error}", import.file.display()))
    };
    let text = match import.file == Path::new("-") {
        true => std::io::read_to_string(std::io::stdin()).map_err(unreadable)?,
        false => std::fs::read_to_string(&import.file).map_err(unreadable)?,
    };
    let client = open(&import.connect).await?;
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let (first, rest) = lines.split_at(under_other_modules(&lines));
    let mut done = 0;
    let pieces = Some(first).filter(|first| !first.is_empty()).into_iter();
    for piece in pieces.chain(rest.chunks(LINES)) {
        let leaves = [("text", Some(piece.join("\n")))];
        let reply = call(&client, "history-import", &leaves).await;
        match reply {
            Ok(reply) => {
                done += output_leaf(&reply, "imported").parse().unwrap_or(0);
            }
            Err(CommandError::Refused(reason)) if done > 0 => {
                return Err(CommandError::Refused(format!(
                    "{reason}\nthe first {done} commits of the file were imported"
                )));
            }
            Err(error) => return Err(error),
        }
    }
    remark(&format!("{done} commits imported"));
    Ok(())
}

/// How many lines go first and together: a piece must end under the modules that are loaded, so all that were made under
/// others go with the first commit after them, which is the upgrade.
fn under_other_modules(lines: &[&str]) -> usize {
    let schemas: Vec<Option<String>> = lines
        .iter()
        .map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            Some(line.get("schema")?.as_str()?.to_owned())
        })
        .collect();
    let Some(newest) = schemas.iter().rev().flatten().next() else {
        return 0;
    };
    let is_other = |schema: &Option<String>| schema.as_ref().is_some_and(|it| it != newest);
    let Some(last) = schemas.iter().rposition(is_other) else {
        return 0;
    };
    let upgrade = schemas[last + 1..].iter().position(Option::is_some);
    upgrade.map_or(lines.len(), |after| last + 1 + after + 1)
}

/// A time as the daemon takes it: as it is, a date, or so long ago.
pub(super) fn moment(text: &str) -> Result<String, CommandError> {
    let wrong = || {
        CommandError::Usage(format!(
            "{text:?} is no time: give 2026-11-27T08:00:00Z, 2026-11-27, or how long ago, as 90s, 15m, 2h or 7d"
        ))
    };
    if text.parse::<jiff::Timestamp>().is_ok() {
        return Ok(text.to_owned());
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        return Ok(format!("{date}T00:00:00Z"));
    }
    let ago = span(text).ok_or_else(wrong)?;
    let then = jiff::Timestamp::now().checked_sub(ago);
    then.map(|then| then.to_string()).map_err(|_| wrong())
}

/// How long `90s`, `15m`, `2h` or `7d` is.
pub(super) fn span(text: &str) -> Option<jiff::SignedDuration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => return None,
    };
    let count: i64 = text[..text.len() - 1].parse().ok()?;
    Some(jiff::SignedDuration::from_secs(
        count.saturating_mul(seconds),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_are_named_by_place_or_transaction() {
        assert_eq!(commit_leaf("17", "seq").unwrap(), ("seq", "17".to_owned()));
        assert_eq!(commit_leaf("17", "tid").unwrap(), ("tid", "17".to_owned()));
        let by_tid = commit_leaf("tid:17", "seq").unwrap();
        assert_eq!(by_tid, ("tid", "17".to_owned()));
        let by_seq = commit_leaf("seq:17", "tid").unwrap();
        assert_eq!(by_seq, ("seq", "17".to_owned()));
        assert!(commit_leaf("first", "seq").is_err());
        assert_eq!(state("running").unwrap(), "running");
        assert_eq!(state("tid:3").unwrap(), "tid:3");
    }

    #[test]
    fn commits_under_other_modules_go_with_the_upgrade_that_follows() {
        let record = |schema: &str| format!("{{\"seq\":1,\"schema\":\"{schema}\"}}");
        let (old, new) = (record("a"), record("b"));
        let set = "{\"module-set\":{}}";
        assert_eq!(under_other_modules(&[]), 0);
        assert_eq!(under_other_modules(&[&new, &new]), 0);
        assert_eq!(under_other_modules(&[set, &old, &old, &new, &new]), 4);
        assert_eq!(under_other_modules(&[&old, set, &new, &new]), 3);
        assert_eq!(under_other_modules(&[&new, &old, &new]), 3);
    }

    #[test]
    fn times_are_moments_dates_or_ages() {
        assert_eq!(
            moment("2026-11-27T08:00:00Z").unwrap(),
            "2026-11-27T08:00:00Z"
        );
        assert_eq!(moment("2026-11-27").unwrap(), "2026-11-27T00:00:00Z");
        let hour: jiff::Timestamp = moment("1h").unwrap().parse().unwrap();
        assert!(hour < jiff::Timestamp::now());
        assert!(moment("soon").is_err());
        assert!(moment("").is_err());
    }
}
