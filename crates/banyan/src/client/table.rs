//! `banyan show`: devices, transactions, kickers, sessions and locks as tables.

use serde_json::Value;

use super::read::name_of;
use super::{CommandError, call, open, output_leaf, print};
use crate::args::{Format, Show, Shown};

/// The state of the server itself.
const STATE: &str = "ietf-netconf-monitoring:netconf-state";

/// `banyan show`
pub async fn show(show: Show) -> Result<(), CommandError> {
    let client = open(&show.connect).await?;
    let table = show.format == Format::Text;
    let path = match show.what {
        Shown::Devices => "/banyan-controller:devices",
        Shown::Transactions => "/banyan-controller:transactions",
        Shown::Kickers => "/banyan-kicker:kickers",
        Shown::Metrics => return super::observe::metrics(&client).await,
        // The table names the users of the sessions that hold the locks.
        Shown::Locks if table => "/ietf-netconf-monitoring:netconf-state",
        Shown::Locks => "/ietf-netconf-monitoring:netconf-state/datastores",
        Shown::Confirmed => "/banyan:pending-confirmed-commit",
        Shown::Sessions => "/ietf-netconf-monitoring:netconf-state/sessions",
    };
    let format = if table { "json" } else { name_of(show.format) };
    let leaves = [
        ("path", Some(path.to_owned())),
        ("format", Some(format.to_owned())),
        ("state", Some("true".to_owned())),
        ("defaults", table.then(|| "true".to_owned())),
    ];
    let reply = call(&client, "show", &leaves).await?;
    let text = output_leaf(&reply, "text");
    if !table {
        print(&text);
        return Ok(());
    }
    let data: Value = match text.trim() {
        "" => Value::Null,
        text => serde_json::from_str(text).map_err(|error| {
            CommandError::Refused(format!("the daemon's answer is not JSON: {error}"))
        })?,
    };
    let rows = match show.what {
        Shown::Devices => devices(&data["banyan-controller:devices"]["device"]),
        Shown::Transactions => transactions(&data["banyan-controller:transactions"]["transaction"]),
        Shown::Kickers => kickers(&data["banyan-kicker:kickers"]["data-kicker"]),
        Shown::Sessions => super::sessions::sessions(&data[STATE]),
        Shown::Locks => super::sessions::locks(&data[STATE], jiff::Timestamp::now()),
        Shown::Confirmed => super::sessions::confirmed(&data["banyan:pending-confirmed-commit"]),
        // They are no table.
        Shown::Metrics => Vec::new(),
    };
    print(&aligned(&rows));
    Ok(())
}

pub(super) fn entries(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

pub(super) fn leaf(entry: &Value, name: &str) -> String {
    match &entry[name] {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn row(entry: &Value, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| leaf(entry, name)).collect()
}

pub(super) fn head(titles: &[&str]) -> Vec<String> {
    titles.iter().map(|title| (*title).to_owned()).collect()
}

fn devices(list: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "NAME", "ADDRESS", "STATE", "SINCE", "SYNCED", "MESSAGE",
    ])];
    for device in entries(list) {
        let mut cells = row(
            device,
            &[
                "name",
                "addr",
                "conn-state",
                "conn-state-timestamp",
                "sync-timestamp",
                "logmsg",
            ],
        );
        cells[1] = format!("{}:{}", cells[1], leaf(device, "port"));
        for time in &mut cells[3..5] {
            *time = to_the_second(time);
        }
        rows.push(cells);
    }
    rows
}

fn transactions(list: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "TID", "USER", "STATE", "RESULT", "WHAT", "ORIGIN", "REASON",
    ])];
    for transaction in entries(list) {
        rows.push(row(
            transaction,
            &[
                "tid",
                "username",
                "state",
                "result",
                "description",
                "origin",
                "reason",
            ],
        ));
    }
    rows
}

fn kickers(list: &Value) -> Vec<Vec<String>> {
    let mut rows = vec![head(&[
        "ID",
        "MONITOR",
        "TRIGGER",
        "TYPE",
        "KICK-NODE",
        "ACTION",
    ])];
    for kicker in entries(list) {
        rows.push(row(
            kicker,
            &[
                "id",
                "monitor",
                "trigger-expr",
                "trigger-type",
                "kick-node",
                "action-name",
            ],
        ));
    }
    rows
}

/// A time without the fraction of its second: nobody reads nanoseconds in a table.
pub(super) fn to_the_second(time: &str) -> String {
    match (
        time.find('.'),
        time.rfind(|c: char| c.is_ascii_digit() || c == '.'),
    ) {
        (Some(point), Some(end)) => format!("{}{}", &time[..point], &time[end + 1..]),
        _ => time.to_owned(),
    }
}

/// The widest column: what is longer pushes its own line aside only.
const MAX_COLUMN: usize = 200;

/// Columns as wide as their widest cell; the last one is not padded.
pub(super) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .map_or(0, |widest| widest.min(MAX_COLUMN))
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [
            vec!["A".to_owned(), "B".to_owned()],
            vec!["long".to_owned(), "x".to_owned()],
        ];
        assert_eq!(aligned(&rows), "A     B\nlong  x\n");
    }

    #[test]
    fn a_time_loses_its_fraction_and_nothing_else() {
        assert_eq!(
            to_the_second("2026-11-23T03:00:06.063269906Z"),
            "2026-11-23T03:00:06Z"
        );
        assert_eq!(
            to_the_second("2026-11-23T03:00:06Z"),
            "2026-11-23T03:00:06Z"
        );
        assert_eq!(to_the_second("-"), "-");
    }

    #[test]
    fn a_missing_leaf_is_a_dash() {
        let list = serde_json::json!([{"name": "d", "addr": "::1", "port": 830}]);
        let rows = devices(&list);
        assert_eq!(rows[1], ["d", "::1:830", "-", "-", "-", "-"]);
    }
}
