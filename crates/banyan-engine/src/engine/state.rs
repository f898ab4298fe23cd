//! How the start went, as state data: `/banyan:start`.

use std::sync::Arc;

use banyan_data::document::ParseOptions;
use banyan_data::{Tree, json};
use banyan_yang::schema::Schema;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::start::StartMode;
use crate::backend::{BoxFuture, Result};
use crate::bind;
use crate::provider::{Provider, StateRequest};
use crate::upgrade::report::{Finding, Report, Status};

const PATH: &str = "/banyan:start";

/// Provides `/banyan:start`.
pub(super) struct StartState {
    state: Tree,
}

impl StartState {
    /// The state, if the schema has a place for it.
    pub fn of(
        schema: &Arc<Schema>,
        mode: StartMode,
        time: Timestamp,
        reports: &[Report],
    ) -> Option<StartState> {
        bind::top_level(schema, PATH)?;
        // That nobody has validated what nobody uses is no news.
        let counts = |it: &&Report| it.store == "running" || it.status > Status::NotValidated;
        let status = reports.iter().filter(counts).map(|report| report.status);
        let status = status.max();
        let document = json!({ "banyan:start": {
            "mode": mode.to_string(),
            "time": time.to_string(),
            "status": status.unwrap_or(Status::Ok).name(),
            "store": reports.iter().map(store).collect::<Vec<Value>>(),
        }});
        let text = document.to_string();
        match json::parse_data(schema, text.as_bytes(), &ParseOptions::default()) {
            Ok(state) => Some(StartState { state }),
            Err(errors) => {
                // A module of that name that is not ours.
                let reasons = bind::data_errors(schema, errors);
                tracing::warn!("{PATH} is not provided: {reasons}");
                None
            }
        }
    }
}

fn store(report: &Report) -> Value {
    let modules = report.modules.iter().map(|change| {
        let mut module = json!({ "name": &*change.module, "change": change.change.name() });
        for (name, revision) in [("from", &change.from), ("to", &change.to)] {
            if let Some(revision) = revision {
                module[name] = (**revision).into();
            }
        }
        module
    });
    let said = |kind: &'static str| {
        move |finding: &Finding| {
            let mut said =
                json!({ "kind": kind, "path": finding.path, "message": finding.message });
            if let Some(place) = &finding.place {
                said["place"] = place.to_string().into();
            }
            said
        }
    };
    let plain = |kind: &'static str| move |text: &String| json!({ "kind": kind, "message": text });
    let findings = report
        .warnings
        .iter()
        .map(plain("warning"))
        .chain(report.steps.iter().map(said("done")))
        .chain(report.skipped.iter().map(plain("skipped")))
        .chain(report.left_out.iter().map(said("left-out")))
        .chain(report.errors.iter().map(said("error")));
    json!({
        "name": report.store,
        "status": report.status.name(),
        "upgraded": report.upgraded,
        "module": modules.collect::<Vec<Value>>(),
        "finding": findings.collect::<Vec<Value>>(),
    })
}

impl Provider for StartState {
    fn name(&self) -> &str {
        "start"
    }

    fn covers(&self) -> Vec<String> {
        vec![PATH.to_owned()]
    }

    fn read(&self, _: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        Box::pin(std::future::ready(Ok(self.state.clone())))
    }
}
