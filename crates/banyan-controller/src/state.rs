//! The state that `banyan-controller` shows: connections and transactions.

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::ParseOptions;
use banyan_data::xml;
use banyan_engine::backend::{BoxFuture, Result};
use banyan_engine::error::{BackendError, ErrorTag};
use banyan_engine::observe::{Meter, Readings};
use banyan_engine::provider::{Provider, StateRequest};
use banyan_netconf::xml::push_element;

use crate::controller::Controller;
use crate::ledger::Entry;
use crate::machine::{Ending, State};

const NAMESPACE: &str = "urn:banyan:controller";

/// What is provided, below `/banyan-controller:`.
const COVERED: [&str; 6] = [
    "devices/device/conn-state",
    "devices/device/conn-state-timestamp",
    "devices/device/sync-timestamp",
    "devices/device/logmsg",
    "devices/device/capabilities",
    "transactions",
];

/// Provides the controller's state.
pub struct ControllerState {
    controller: Arc<Controller>,
}

impl ControllerState {
    /// The state of a controller.
    pub fn new(controller: Arc<Controller>) -> ControllerState {
        ControllerState { controller }
    }

    fn devices(&self, out: &mut String) {
        let devices = self.controller.all();
        if devices.is_empty() {
            return;
        }
        out.push_str(&format!("<devices xmlns=\"{NAMESPACE}\">"));
        for device in devices {
            let status = device.status();
            out.push_str("<device>");
            push_element("name", &device.name, out);
            push_element("conn-state", status.state, out);
            if let Some(since) = status.since {
                push_element("conn-state-timestamp", &since.to_string(), out);
            }
            if let Some(at) = status.synced_at {
                push_element("sync-timestamp", &at.to_string(), out);
            }
            if let Some(message) = &status.message {
                push_element("logmsg", &printable(message), out);
            }
            let mut capabilities = status.capabilities;
            capabilities.sort();
            capabilities.dedup();
            if !capabilities.is_empty() {
                out.push_str("<capabilities>");
                for capability in &capabilities {
                    push_element("capability", capability, out);
                }
                out.push_str("</capabilities>");
            }
            out.push_str("</device>");
        }
        out.push_str("</devices>");
    }

    fn transactions(&self, out: &mut String) {
        let entries = self.controller.ledger.entries();
        if entries.is_empty() {
            return;
        }
        out.push_str(&format!("<transactions xmlns=\"{NAMESPACE}\">"));
        for entry in &entries {
            transaction(entry, out);
        }
        out.push_str("</transactions>");
    }
}

impl Meter for Controller {
    fn read(&self, readings: &mut Readings) {
        let mut devices = State::NAMES.map(|name| (name, 0_u32));
        for device in self.all() {
            let state = device.status().state;
            let count = devices.iter_mut().find(|(name, _)| *name == state);
            if let Some((_, count)) = count {
                *count += 1;
            }
        }
        for (state, count) in devices {
            readings.gauge(
                "devices",
                "Devices, by the state of their connection",
                &[("state", state)],
                f64::from(count),
            );
        }
    }
}

/// Characters that XML cannot hold are shown as replacement characters.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' | '\t' => c,
            c if c.is_control() => '\u{fffd}',
            '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
            c => c,
        })
        .collect()
}

fn transaction(entry: &Entry, out: &mut String) {
    out.push_str("<transaction>");
    push_element("tid", &entry.tid.to_string(), out);
    push_element("username", &printable(&entry.user), out);
    push_element("state", entry.phase.name(), out);
    if let Some(outcome) = entry.outcome {
        push_element("result", outcome.name(), out);
    }
    push_element("description", &printable(&entry.description), out);
    if let Some(failure) = &entry.failure {
        push_element("origin", &failure.origin, out);
        push_element("reason", &printable(&failure.reason), out);
    }
    if !entry.devices.is_empty() {
        out.push_str("<devices>");
        for (name, ending) in &entry.devices {
            let (outcome, reason) = match ending {
                None => ("PENDING", None),
                Some(Ending::Done) => ("SUCCESS", None),
                Some(Ending::Unchanged(reason)) => ("UNCHANGED", reason.as_deref()),
                Some(Ending::Lapsed(reason) | Ending::Unknown(reason)) => {
                    ("UNKNOWN", Some(reason.as_str()))
                }
            };
            out.push_str("<device>");
            push_element("name", name, out);
            push_element("outcome", outcome, out);
            if let Some(reason) = reason {
                push_element("reason", &printable(reason), out);
            }
            out.push_str("</device>");
        }
        out.push_str("</devices>");
    }
    push_element("timestamp0", &entry.begun.to_string(), out);
    push_element("timestamp", &entry.changed.to_string(), out);
    out.push_str("</transaction>");
}

impl Provider for ControllerState {
    fn name(&self) -> &str {
        "controller"
    }

    fn covers(&self) -> Vec<String> {
        COVERED
            .iter()
            .map(|path| format!("/{}:{path}", crate::model::MODULE))
            .collect()
    }

    fn read(&self, request: StateRequest) -> BoxFuture<'_, Result<Tree>> {
        let mut document = String::new();
        let asked = |wanted: &str| request.paths.iter().any(|path| path.contains(wanted));
        if asked(":devices") {
            self.devices(&mut document);
        }
        if asked(":transactions") {
            self.transactions(&mut document);
        }
        let schema = request.running.schema().clone();
        let options = ParseOptions::default();
        let tree = xml::parse_data(&schema, document.as_bytes(), &options).map_err(|errors| {
            let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
            BackendError::new(
                ErrorTag::OperationFailed,
                format!(
                    "the controller's state does not fit its model: {}",
                    words.join("; ")
                ),
            )
        });
        Box::pin(std::future::ready(tree))
    }
}
