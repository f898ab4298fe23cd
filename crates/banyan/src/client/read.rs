//! Commands that only look: `get`, `diff`.

use super::{CommandError, call, open, output_leaf, print, remark};
use crate::args::{Diff, Format, Get};
use crate::data::output::DataForm;

/// The name of a format in the daemon's RPCs.
pub(super) fn name_of(format: Format) -> &'static str {
    match format {
        Format::Xml => "xml",
        Format::Json => "json",
        Format::Text => "text",
    }
}

/// The name of a form of data in the daemon's RPCs.
pub(super) fn form_name(form: DataForm) -> &'static str {
    match form {
        DataForm::Xml => "xml",
        DataForm::Json => "json",
        DataForm::Text => "text",
        DataForm::Set => "set",
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
        ("format", Some(form_name(get.format).to_owned())),
        ("state", flag(get.state)),
        ("defaults", flag(get.defaults)),
        ("origin", flag(get.origin)),
        ("strict", flag(get.strict)),
    ];
    let reply = call(&client, "show", &leaves).await?;
    for missing in reply
        .elements()
        .filter(|element| element.local() == "missing")
    {
        eprintln!("warning: {}", missing.text());
    }
    let text = output_leaf(&reply, "text");
    if text.is_empty() {
        remark(match get.defaults {
            true => "there is nothing",
            false => "there is nothing; --defaults shows defaults too",
        });
    }
    print(&text);
    Ok(())
}

/// `banyan diff`
pub async fn diff(diff: Diff) -> Result<(), CommandError> {
    let client = open(&diff.connect).await?;
    let leaves = [
        ("from", Some("running".to_owned())),
        ("to", Some("candidate".to_owned())),
        ("format", Some(diff.format.name().to_owned())),
    ];
    let reply = call(&client, "compare", &leaves).await?;
    let text = output_leaf(&reply, "text");
    if text.is_empty() {
        remark("candidate and running are the same");
    }
    print(&text);
    Ok(())
}
