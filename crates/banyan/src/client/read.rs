//! Commands that only look: `get`, `diff`, `history`.

use banyan_netconf::xml::Fragment;

use super::table::to_the_second;
use super::{CommandError, call, open, output_leaf, print, remark};
use crate::args::{Diff, Format, Get, History};

/// The name of a format in the daemon's RPCs.
pub(super) fn name_of(format: Format) -> &'static str {
    match format {
        Format::Xml => "xml",
        Format::Json => "json",
        Format::Text => "text",
    }
}

fn flag(on: bool) -> Option<String> {
    on.then(|| "true".to_owned())
}

/// `banyan get`
pub async fn get(get: Get) -> Result<(), CommandError> {
    let client = open(&get.connect).await?;
    let leaves = [
        ("path", get.path),
        ("store", Some(get.store.name().to_owned())),
        ("format", Some(name_of(get.format).to_owned())),
        ("state", flag(get.state)),
        ("defaults", flag(get.defaults)),
    ];
    let reply = call(&client, "show", &leaves).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}

/// `banyan diff`
pub async fn diff(diff: Diff) -> Result<(), CommandError> {
    let client = open(&diff.connect).await?;
    let leaves = [
        ("from", Some("running".to_owned())),
        ("to", Some("candidate".to_owned())),
        ("format", Some(name_of(diff.format).to_owned())),
    ];
    let reply = call(&client, "compare", &leaves).await?;
    let text = output_leaf(&reply, "text");
    if text.is_empty() {
        remark("candidate and running are the same");
    }
    print(&text);
    Ok(())
}

/// `banyan history`
pub async fn history(history: History) -> Result<(), CommandError> {
    let client = open(&history.connect).await?;
    let leaves = [
        ("limit", Some(history.limit.to_string())),
        ("tid", history.tid.map(|tid| tid.to_string())),
        ("changes", flag(history.changes)),
    ];
    if history.format != Format::Text {
        // The same RPC through `call`, which prints the output in any format.
        let mut input = serde_json::Map::new();
        input.insert("limit".to_owned(), history.limit.into());
        if let Some(tid) = history.tid {
            input.insert("tid".to_owned(), tid.into());
        }
        input.insert("changes".to_owned(), history.changes.into());
        let leaves = [
            ("operation", Some("banyan:history".to_owned())),
            ("input", Some(serde_json::Value::Object(input).to_string())),
            ("format", Some(name_of(history.format).to_owned())),
        ];
        let reply = call(&client, "call", &leaves).await?;
        print(&output_leaf(&reply, "text"));
        return Ok(());
    }
    let reply = call(&client, "history", &leaves).await?;
    let mut out = String::new();
    for commit in reply
        .elements()
        .filter(|element| element.local() == "commit")
    {
        push_commit(commit, &mut out);
    }
    print(&out);
    Ok(())
}

fn push_commit(commit: &Fragment, out: &mut String) {
    let leaf = |name: &str| {
        commit
            .children()
            .find(|child| child.local() == name)
            .map(|child| child.text())
            .unwrap_or_default()
    };
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
