//! `banyan watch` and `banyan notify`: what happens, as it happens.

mod curly;
mod shown;
mod told;

use std::io::Write;
use std::time::Duration;

use banyan_engine::backend::Filter;
use banyan_netconf::client::Client;
use banyan_netconf::names::{JSON_NOTIFICATIONS, NOTIFICATION_1_0};
use banyan_netconf::reply::Notification;
use banyan_netconf::subscriptions::{Data, Events, Updates};
use jiff::Timestamp;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::history::{moment, span};
use super::{CommandError, call, open_with, output_leaf, remark, warn};
use crate::args::{Format, Readable, Watch};
use shown::Shown;

/// How long the daemon may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(2);

/// `banyan watch`
///
/// # Errors
/// The daemon refuses the subscription or ends it, or is gone; or fewer came in time than were wanted.
pub async fn watch(watch: Watch) -> Result<(), CommandError> {
    let wish = (watch.format == Format::Json).then_some(JSON_NOTIFICATIONS);
    let mut ends = Ends::of(&watch)?;
    let (client, mut events) = open_with(&watch.connect, wish).await?;
    subscribe(&client, &watch, ends.until).await?;
    let seen = print_all(&client, &watch, &mut events, &mut ends).await?;
    // What came is printed; how the session ends matters to nobody.
    let _ = client.with_timeout(GOODBYE).close().await;
    match watch.count {
        Some(wanted) if seen < wanted && ends.late => Err(CommandError::Refused(format!(
            "{seen} of {wanted} came in time"
        ))),
        _ => Ok(()),
    }
}

/// What ends it from this side.
struct Ends {
    interrupt: Signal,
    terminate: Signal,
    /// The time of `--until`.
    until: Option<Timestamp>,
    /// When it ends by our clock.
    at: Option<Instant>,
    /// It has.
    late: bool,
}

impl Ends {
    fn of(watch: &Watch) -> Result<Ends, CommandError> {
        let failed = |error| CommandError::Usage(format!("signals cannot be heard: {error}"));
        let until = watch.until.as_deref().map(until).transpose()?;
        let now = Timestamp::now();
        if watch.since.is_none() && until.is_some_and(|until| until < now) {
            return Err(CommandError::Usage(
                "--until is over already; --since with it prints what happened before".to_owned(),
            ));
        }
        // A subscription to what is still to come has no end of its own (RFC 5277 2.1.1: only with a replay).
        let ours = until.filter(|_| of_a_stream(watch) && watch.since.is_none());
        let left = ours.map(|until| Duration::try_from(until.duration_since(now)));
        let left = left.map(Result::unwrap_or_default);
        let at = left.into_iter().chain(watch.timeout).min();
        Ok(Ends {
            interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            terminate: signal(SignalKind::terminate()).map_err(failed)?,
            until,
            at: at.map(|left| Instant::now() + left),
            late: false,
        })
    }

    /// Waits for one of them.
    async fn next(&mut self) {
        let at = self.at;
        let over = async move {
            match at {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = over => self.late = true,
        }
    }
}

/// The time of `--until`.
fn until(text: &str) -> Result<Timestamp, CommandError> {
    let time = match span(text) {
        Some(span) => Timestamp::now().checked_add(span).ok(),
        None => moment(text)?.parse().ok(),
    };
    time.ok_or_else(|| CommandError::Usage(format!("{text:?} is out of the range of times")))
}

/// Whether events of a stream are watched, and no datastore.
fn of_a_stream(watch: &Watch) -> bool {
    watch.path.is_none() && watch.datastore.is_none()
}

async fn subscribe(
    client: &Client,
    watch: &Watch,
    until: Option<Timestamp>,
) -> Result<(), CommandError> {
    if !client.hello().offers(NOTIFICATION_1_0) {
        return Err(CommandError::Usage(
            "this session has no notifications: what runs under `banyan lock` shares its session; give --socket for one \
             of its own"
                .to_owned(),
        ));
    }
    let until = until.map(|until| until.to_string());
    if of_a_stream(watch) {
        if watch.every.is_some() || watch.changes_only {
            return Err(CommandError::Usage(
                "--every and --changes-only are about datastores: give a path, or --datastore"
                    .to_owned(),
            ));
        }
        let since = watch.since.as_deref().map(moment).transpose()?;
        let filter = watch.filter.as_deref().map(expression);
        let events = Events {
            stream: watch.stream.as_deref(),
            filter: filter.as_ref(),
            start: since.as_deref(),
            stop: until.as_deref().filter(|_| since.is_some()),
        };
        client.create_subscription(&events).await?;
        return Ok(());
    }
    let (filter, state) = match &watch.path {
        Some(path) => {
            let reply = call(client, "resolve-path", &[("path", Some(path.clone()))]).await?;
            let state = output_leaf(&reply, "config") == "false";
            (Some(expression(&output_leaf(&reply, "xpath"))), state)
        }
        None => (watch.filter.as_deref().map(expression), false),
    };
    let usual = match state {
        true => Readable::Operational,
        false => Readable::Running,
    };
    let data = Data {
        datastore: watch.datastore.unwrap_or(usual).name(),
        filter: filter.as_ref(),
        stop: until.as_deref(),
        updates: match watch.every {
            Some(period) => Updates::Every(centiseconds(period)),
            None => Updates::OnChange {
                sync_on_start: !watch.changes_only,
            },
        },
    };
    client.establish_subscription(&data).await?;
    Ok(())
}

/// The daemon knows modules by their names, so no prefix need be declared.
fn expression(select: &str) -> Filter {
    Filter::XPath {
        select: select.to_owned(),
        namespaces: Vec::new(),
    }
}

/// RFC 8641 5: periods are in hundredths of a second.
fn centiseconds(period: Duration) -> u32 {
    let hundredths = period.as_millis().div_ceil(10);
    u32::try_from(hundredths).unwrap_or(u32::MAX)
}

/// Prints what comes, until something ends it; how many events there were.
async fn print_all(
    client: &Client,
    watch: &Watch,
    events: &mut mpsc::Receiver<Notification>,
    ends: &mut Ends,
) -> Result<u64, CommandError> {
    let (mut seen, mut dropped) = (0, 0);
    while watch.count.is_none_or(|wanted| seen < wanted) {
        let event = tokio::select! {
            biased;
            event = events.recv() => event,
            () = ends.next() => break,
        };
        let Some(event) = event else {
            let reason = client.closed().await;
            return Err(CommandError::Unreachable(format!(
                "the session was closed: {reason}; somebody has ended it (`banyan kill-session`), or the daemon stops"
            )));
        };
        let shown = Shown::of(&event, watch.format)?;
        let read_on = match &shown {
            Shown::Between(text) if watch.format == Format::Text => {
                remark(text);
                true
            }
            Shown::Gap(text) if watch.format == Format::Text => {
                warn(text);
                true
            }
            Shown::Event(text) | Shown::Between(text) | Shown::Gap(text) => say(text),
            // Words of ours are for people; the rest is the subscription's own.
            Shown::Last(text) | Shown::Broken(_, text) => watch.format == Format::Text || say(text),
        };
        match shown {
            Shown::Event(_) => seen += 1,
            Shown::Between(_) | Shown::Gap(_) => {}
            Shown::Last(_) => break,
            Shown::Broken(reason, _) => return Err(CommandError::Refused(reason)),
        }
        if !read_on {
            break;
        }
        let lost = client.dropped_notifications();
        if lost > dropped {
            let lost_now = lost - dropped;
            warn(&format!(
                "{lost_now} came faster than they could be printed, and are left out"
            ));
            dropped = lost;
        }
    }
    Ok(seen)
}

/// Prints a line or a block at once. `false`: nobody reads on (`| head`).
fn say(text: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).is_ok()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_end_is_a_time_or_in_how_long() {
        let hour = SignedDuration::from_hours(1);
        let in_an_hour = until("1h").unwrap().duration_since(Timestamp::now());
        assert!(in_an_hour <= hour && in_an_hour > hour - SignedDuration::from_mins(1));
        assert_eq!(
            until("2026-11-28T01:00:00+01:00").unwrap().to_string(),
            "2026-11-28T00:00:00Z"
        );
        assert!(until("soon").is_err());
    }

    #[test]
    fn periods_are_rounded_up_to_hundredths() {
        assert_eq!(centiseconds(Duration::from_millis(1)), 1);
        assert_eq!(centiseconds(Duration::from_millis(1500)), 150);
        assert_eq!(centiseconds(Duration::MAX), u32::MAX);
    }
}
