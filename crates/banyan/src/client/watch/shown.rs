//! What a notification is to who watches, in the format that was asked for.

use banyan_netconf::names::{BANYAN, NOTIFICATION, SUBSCRIBED};
use banyan_netconf::reply::Notification;
use banyan_netconf::xml::escape_text;
use serde_json::{Map, Value};

use super::told;
use crate::args::Format;
use crate::client::CommandError;

/// The namespace of `nc-notifications` (RFC 5277 4).
const COMPLETE: &str = "urn:ietf:params:xml:ns:netmod:notification";

/// A notification, as it is printed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// Something happened.
    Event(String),
    /// About the subscription itself, which goes on.
    Between(String),
    /// Events are missing here.
    Gap(String),
    /// The subscription is over as it was meant.
    Last(String),
    /// The subscription was ended: the reason, and the notification.
    Broken(String, String),
}

/// What it says of its subscription.
enum Standing {
    Event,
    Replayed,
    Changed,
    Missed,
    Completed,
    Terminated,
}

impl Shown {
    /// Puts a notification into a format.
    ///
    /// # Errors
    /// The daemon cannot give the format.
    pub fn of(event: &Notification, format: Format) -> Result<Shown, CommandError> {
        if format == Format::Json {
            return of_json(event);
        }
        let standing = standing(event.event.namespace(), event.event.local());
        let text = match (format, &standing) {
            (Format::Text, Standing::Replayed) => {
                "that was the past; from here on events are printed as they happen".to_owned()
            }
            (Format::Text, Standing::Missed) => {
                let count = event.event.child(BANYAN, "count");
                let count = count.map(|count| count.text()).unwrap_or_default();
                format!(
                    "{count} events are missing here: they came faster than they were taken; `stream.events` and \
                     `stream.bytes` say how many are kept"
                )
            }
            (Format::Text, _) => told::told(event),
            _ => {
                let time = escape_text(&event.event_time);
                let document = event.event.document();
                let document = String::from_utf8_lossy(&document);
                format!(
                    "<notification xmlns=\"{NOTIFICATION}\"><eventTime>{time}</eventTime>{document}</notification>"
                )
            }
        };
        let reason = event.event.child(SUBSCRIBED, "reason");
        let reason = reason.map(|reason| reason.text()).unwrap_or_default();
        Ok(Shown::standing(standing, text, &reason))
    }

    fn standing(standing: Standing, text: String, reason: &str) -> Shown {
        match standing {
            Standing::Event => Shown::Event(text),
            Standing::Replayed | Standing::Changed => Shown::Between(text),
            Standing::Missed => Shown::Gap(text),
            Standing::Completed => Shown::Last(text),
            Standing::Terminated => {
                let reason = reason.rsplit(':').next().unwrap_or_default();
                let told = format!("the daemon has ended the subscription: {reason}");
                Shown::Broken(told, text)
            }
        }
    }
}

fn standing(namespace: &str, local: &str) -> Standing {
    match (namespace, local) {
        (COMPLETE, "replayComplete") | (SUBSCRIBED, "replay-completed") => Standing::Replayed,
        (COMPLETE, "notificationComplete") | (SUBSCRIBED, "subscription-completed") => {
            Standing::Completed
        }
        (BANYAN, "notifications-missed") => Standing::Missed,
        (SUBSCRIBED, "subscription-terminated") => Standing::Terminated,
        (
            SUBSCRIBED,
            "subscription-started"
            | "subscription-modified"
            | "subscription-suspended"
            | "subscription-resumed",
        ) => Standing::Changed,
        _ => Standing::Event,
    }
}

/// An event that came in JSON: the daemon's object, with the time as one more member.
fn of_json(event: &Notification) -> Result<Shown, CommandError> {
    let json = event.json().ok_or_else(|| {
        CommandError::Refused(
            "the daemon has no JSON for its events; use --format xml or text".to_owned(),
        )
    })?;
    let members: Option<Map<String, Value>> = serde_json::from_str(&json).ok();
    let only = members.as_ref().and_then(|members| members.iter().next());
    let (Some((name, body)), Some(inside)) = (only, json.trim().strip_prefix('{')) else {
        let message = format!("the daemon's event is no object: {json}");
        return Err(CommandError::Refused(message));
    };
    let (module, local) = name.split_once(':').unwrap_or(("", name));
    let namespace = match module {
        "nc-notifications" => COMPLETE,
        "banyan" => BANYAN,
        "ietf-subscribed-notifications" => SUBSCRIBED,
        _ => "",
    };
    let time = Value::from(event.event_time.as_str());
    let text = format!("{{\"eventTime\":{time},{inside}");
    let reason = body["reason"].as_str().unwrap_or_default();
    Ok(Shown::standing(standing(namespace, local), text, reason))
}

#[cfg(test)]
mod tests {
    use banyan_netconf::xml::Fragment;

    use super::*;

    fn notification(event: &str) -> Notification {
        let text = format!(
            "<notification xmlns=\"{NOTIFICATION}\"><eventTime>2026-11-28T01:02:03.5Z</eventTime>{event}</notification>"
        );
        let element = Fragment::parse(text.into(), 20, None).unwrap_or_else(|_| panic!("{event}"));
        Notification::read(&element).unwrap()
    }

    fn json(object: &str) -> Notification {
        let text = escape_text(object);
        notification(&format!("<json xmlns=\"urn:banyan:system\">{text}</json>"))
    }

    #[test]
    fn an_event_is_a_line_in_each_format() {
        let event = json("{\"m:up\":{\"port\":7}}");
        assert_eq!(
            Shown::of(&event, Format::Json).unwrap(),
            Shown::Event(
                "{\"eventTime\":\"2026-11-28T01:02:03.5Z\",\"m:up\":{\"port\":7}}".to_owned()
            )
        );
        let up = "<up xmlns=\"urn:m\"><port>7</port></up>";
        let event = notification(up);
        assert_eq!(
            Shown::of(&event, Format::Text).unwrap(),
            Shown::Event("2026-11-28T01:02:03Z  up  port=7".to_owned())
        );
        let text = format!(
            "<notification xmlns=\"{NOTIFICATION}\"><eventTime>2026-11-28T01:02:03.5Z</eventTime>{up}</notification>"
        );
        assert_eq!(Shown::of(&event, Format::Xml).unwrap(), Shown::Event(text));
        assert!(Shown::of(&event, Format::Json).is_err());
    }

    #[test]
    fn what_becomes_of_the_subscription_is_no_event() {
        let of = |event: &Notification, format| Shown::of(event, format).unwrap();
        let replayed = json("{\"nc-notifications:replayComplete\":{}}");
        assert!(matches!(of(&replayed, Format::Json), Shown::Between(_)));
        let missed = notification(
            "<notifications-missed xmlns=\"urn:banyan:system\"><stream>NETCONF</stream><count>7</count></notifications-missed>",
        );
        let Shown::Gap(text) = of(&missed, Format::Text) else {
            panic!()
        };
        assert!(text.starts_with("7 events are missing"), "{text}");
        let missed =
            json("{\"banyan:notifications-missed\":{\"stream\":\"NETCONF\",\"count\":\"7\"}}");
        assert!(matches!(of(&missed, Format::Json), Shown::Gap(_)));
        let complete = notification(&format!("<notificationComplete xmlns=\"{COMPLETE}\"/>"));
        assert!(matches!(of(&complete, Format::Xml), Shown::Last(_)));
        let ended = json(
            "{\"ietf-subscribed-notifications:subscription-terminated\":{\"id\":3,\"reason\":\"ietf-subscribed-notifications:filter-unavailable\"}}",
        );
        let Shown::Broken(reason, _) = of(&ended, Format::Json) else {
            panic!()
        };
        assert_eq!(
            reason,
            "the daemon has ended the subscription: filter-unavailable"
        );
        let ended = notification(&format!(
            "<subscription-terminated xmlns=\"{SUBSCRIBED}\"><id>3</id><reason xmlns:a=\"urn:a\">a:gone</reason></subscription-terminated>"
        ));
        let Shown::Broken(reason, _) = of(&ended, Format::Xml) else {
            panic!()
        };
        assert!(reason.ends_with(": gone"), "{reason}");
    }
}
