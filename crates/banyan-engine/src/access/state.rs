//! The state of access control: how often it refused (RFC 8341 `denied-operations` and its neighbours).

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Counters;

/// Where the state stands.
pub(crate) const PATH: &str = "/ietf-netconf-acm:nacm";

impl Counters {
    /// The state, an RFC 7951 object.
    pub fn state(&self) -> Value {
        json!({ "ietf-netconf-acm:nacm": {
            "denied-operations": self.operations.load(Ordering::Relaxed),
            "denied-data-writes": self.writes.load(Ordering::Relaxed),
            "denied-notifications": self.notifications.load(Ordering::Relaxed),
        }})
    }
}
