//! The state of streams: which there are, and since when they keep events (RFC 5277 3.2.5, RFC 8639 2.1).

use serde_json::{Value, json};

use super::{Stream, Streams};

/// Where RFC 5277 has them.
pub(crate) const RFC5277: &str = "/nc-notifications:netconf";

/// Where RFC 8639 has them.
pub(crate) const RFC8639: &str = "/ietf-subscribed-notifications:streams";

/// The streams at one of the two places, as an RFC 7951 object.
pub(crate) fn described(streams: &Streams, place: &str) -> Value {
    let classic = place == RFC5277;
    let all: Vec<Value> = streams
        .all()
        .map(|stream| match classic {
            true => of_rfc5277(stream),
            false => of_rfc8639(stream),
        })
        .collect();
    match classic {
        true => json!({ "nc-notifications:netconf": { "streams": { "stream": all } } }),
        false => json!({ "ietf-subscribed-notifications:streams": { "stream": all } }),
    }
}

fn of_rfc5277(stream: &Stream) -> Value {
    let mut entry = json!({
        "name": &*stream.name,
        "description": &*stream.description,
        "replaySupport": stream.replays(),
    });
    if stream.replays() {
        entry["replayLogCreationTime"] = stream.created.to_string().into();
    }
    entry
}

fn of_rfc8639(stream: &Stream) -> Value {
    let mut entry = json!({ "name": &*stream.name, "description": &*stream.description });
    if stream.replays() {
        entry["replay-support"] = json!([null]);
        entry["replay-log-creation-time"] = stream.created.to_string().into();
        if let Some(aged) = stream.aged() {
            entry["replay-log-aged-time"] = aged.to_string().into();
        }
    }
    entry
}
