//! Arguments of `watch` and `notify`.

use std::time::Duration;

use clap::Args;

use super::{Connect, Format, Readable};

/// `banyan watch`
#[derive(Debug, Args)]
pub struct Watch {
    /// Print what is at and below this path, in any spelling of paths, and then what changes there. Without it: the events
    /// of a stream.
    pub path: Option<String>,
    /// The stream whose events are printed; NETCONF has all of them.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["path", "datastore"])]
    pub stream: Option<String>,
    /// The datastore that is watched. Without it: running, or operational for state.
    #[arg(long, value_name = "NAME")]
    pub datastore: Option<Readable>,
    /// First the events since then: a time, a date, or how long ago (90s, 15m, 2h, 7d).
    #[arg(long, value_name = "TIME", conflicts_with_all = ["path", "datastore"])]
    pub since: Option<String>,
    /// End then: a time, a date, or in how long (90s, 15m, 2h, 7d).
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Only what this XPath expression selects; prefixes are names of modules.
    #[arg(long, value_name = "XPATH", conflicts_with = "path")]
    pub filter: Option<String>,
    /// Print all that is there every so many seconds, in the place of changes.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub every: Option<Duration>,
    /// Leave out what is there at the beginning; print changes only.
    #[arg(long, conflicts_with = "every")]
    pub changes_only: bool,
    /// End after so many; what is there at the beginning counts as one.
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub count: Option<u64>,
    /// End after so many seconds; exit status 1 if --count wanted more by then.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// How to print: json is an object a line, xml a <notification> a line.
    #[arg(long, default_value = "text")]
    pub format: Format,
    #[command(flatten)]
    pub connect: Connect,
}

/// `banyan notify`
#[derive(Debug, Args)]
pub struct Notify {
    /// The notification, as JSON or XML; or the file that has it; or - for standard input.
    #[arg(value_name = "DOCUMENT|FILE|-")]
    pub document: String,
    /// The stream that it is of; NETCONF has it in any case.
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// When it happened; now, if this is not given.
    #[arg(long, value_name = "TIME")]
    pub time: Option<String>,
    #[command(flatten)]
    pub connect: Connect,
}

/// A time in seconds, with a fraction if need be.
fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no number of seconds above 0");
    let seconds: f64 = text.parse().map_err(|_| wrong())?;
    let time = Duration::try_from_secs_f64(seconds).map_err(|_| wrong())?;
    match time.is_zero() {
        true => Err(wrong()),
        false => Ok(time),
    }
}
