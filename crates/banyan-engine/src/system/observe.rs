//! What operators ask about the engine at work: where the time of a commit went.

use serde_json::{Map, Value, json};

use super::Request;
use crate::backend::Result;
use crate::error::{BackendError, ErrorTag};
use crate::number::{Seq, Tid};
use crate::observe::{Span, Timing, micros};

/// `commit-timing`
pub(super) async fn timing(request: Request) -> Result<Value> {
    let engine = request.engine();
    let call = &request.call.call;
    let (found, wanted) = match (request.number("tid"), request.number("seq")) {
        (Some(tid), _) => {
            let tid = Tid(u32::try_from(tid).unwrap_or(u32::MAX));
            (engine.timing(tid), format!("transaction {tid}"))
        }
        (_, Some(seq)) => (engine.timing_of(Seq(seq)), format!("commit {seq}")),
        (None, None) => (
            engine.last_timing_of(call.session),
            "a commit of this session".to_owned(),
        ),
    };
    let Some(timing) = found else {
        return Err(BackendError::new(
            ErrorTag::DataMissing,
            format!(
                "no timing of {wanted} is kept: the last {} commits since the start are (log.commit-timings)",
                engine.0.observed.options().timings
            ),
        ));
    };
    let mut timing = Timing::clone(&timing);
    // What was wrong with somebody else's data is told to those only who may see all.
    let own = timing.user == *call.principal.effective();
    if !own && engine.0.subject(call)?.is_some() {
        timing.message = None;
    }
    Ok(described(&timing))
}

/// `metrics`
pub(super) async fn metrics(request: Request) -> Result<Value> {
    let text = request.engine().metrics().await?;
    Ok(json!({ "banyan:text": text }))
}

fn described(timing: &Timing) -> Value {
    let mut spans = Vec::new();
    for span in &timing.spans {
        list(span, None, &mut spans);
    }
    let mut answer = json!({
        "banyan:tid": timing.tid.0,
        "banyan:time": timing.time.to_string(),
        "banyan:user": &*timing.user,
        "banyan:source": timing.source,
        "banyan:result": timing.result.name(),
        "banyan:duration": micros(timing.duration).to_string(),
        "banyan:text": timing.to_string(),
        "banyan:span": spans,
    });
    if let Some(seq) = timing.seq {
        answer["banyan:seq"] = seq.to_string().into();
    }
    if let Some(message) = &timing.message {
        answer["banyan:message"] = message.as_str().into();
    }
    answer
}

/// The spans of a tree, one after the other, each with the number of the one that it is part of.
fn list(span: &Span, parent: Option<usize>, spans: &mut Vec<Value>) {
    let id = spans.len() + 1;
    let mut entry = Map::new();
    let mut leaf = |name: &str, value: Value| entry.insert(name.to_owned(), value);
    leaf("id", id.into());
    if let Some(parent) = parent {
        leaf("parent", parent.into());
    }
    leaf("phase", span.stage.name().into());
    if let Some(participant) = &span.participant {
        leaf("participant", participant.to_string().into());
    }
    leaf("failed", span.failed.into());
    leaf("start", micros(span.start).to_string().into());
    leaf("duration", micros(span.duration).to_string().into());
    for (count, number) in &span.counts {
        leaf(count.name(), number.to_string().into());
    }
    spans.push(Value::Object(entry));
    for child in &span.children {
        list(child, Some(id), spans);
    }
}
