//! Why a request about a subscription is refused, as RFC 8639 2.4.6 and RFC 8641 4.4 tell it: an identity as
//! error-app-tag, and a structure with hints in error-info.

use crate::error::{BackendError, ErrorLayer, ErrorTag, Report, Structure};

/// The namespace of ietf-subscribed-notifications.
pub(super) const SUBSCRIBED: &str = "urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications";
/// The namespace of ietf-yang-push.
pub(super) const PUSH: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-push";

/// Reasons: identities of both modules.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Why {
    EncodingUnsupported,
    FilterUnsupported,
    InsufficientResources,
    NoSuchSubscription,
    ReplayUnsupported,
    DatastoreNotSubscribable,
    OnChangeUnsupported,
    PeriodUnsupported,
    UnchangingSelection,
    NoSuchSubscriptionResync,
}

impl Why {
    /// The prefix that its module has by itself, its name, and the error-tag that goes with it.
    fn names(self) -> (&'static str, &'static str, ErrorTag) {
        match self {
            Why::EncodingUnsupported => ("sn", "encoding-unsupported", ErrorTag::InvalidValue),
            Why::FilterUnsupported => ("sn", "filter-unsupported", ErrorTag::InvalidValue),
            Why::InsufficientResources => {
                ("sn", "insufficient-resources", ErrorTag::ResourceDenied)
            }
            Why::NoSuchSubscription => ("sn", "no-such-subscription", ErrorTag::InvalidValue),
            Why::ReplayUnsupported => ("sn", "replay-unsupported", ErrorTag::OperationNotSupported),
            Why::DatastoreNotSubscribable => {
                ("yp", "datastore-not-subscribable", ErrorTag::InvalidValue)
            }
            Why::OnChangeUnsupported => (
                "yp",
                "on-change-unsupported",
                ErrorTag::OperationNotSupported,
            ),
            Why::PeriodUnsupported => ("yp", "period-unsupported", ErrorTag::InvalidValue),
            Why::UnchangingSelection => ("yp", "unchanging-selection", ErrorTag::OperationFailed),
            Why::NoSuchSubscriptionResync => {
                ("yp", "no-such-subscription-resync", ErrorTag::InvalidValue)
            }
        }
    }
}

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum About {
    EstablishEvents,
    EstablishData,
    ModifyEvents,
    ModifyData,
    Delete,
    Resync,
}

impl About {
    /// The structure of its hints: namespace and name.
    fn structure(self) -> (&'static str, &'static str) {
        match self {
            About::EstablishEvents => (SUBSCRIBED, "establish-subscription-stream-error-info"),
            About::ModifyEvents => (SUBSCRIBED, "modify-subscription-stream-error-info"),
            About::EstablishData => (PUSH, "establish-subscription-datastore-error-info"),
            About::ModifyData => (PUSH, "modify-subscription-datastore-error-info"),
            About::Delete => (SUBSCRIBED, "delete-subscription-error-info"),
            About::Resync => (PUSH, "resync-subscription-error"),
        }
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub why: Why,
    /// What is wrong, and what to do.
    pub message: String,
    /// What might work instead, by the names of the structures' leaves.
    pub hints: Vec<(&'static str, String)>,
}

impl Refusal {
    pub fn new(why: Why, message: impl Into<String>) -> Refusal {
        Refusal {
            why,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    pub fn with_hint(mut self, name: &'static str, value: impl ToString) -> Refusal {
        self.hints.push((name, value.to_string()));
        self
    }

    /// A filter that cannot be used, because of `error`.
    pub fn of_filter(error: &BackendError) -> Refusal {
        let message = format!("the filter cannot be used: {error}");
        Refusal::new(Why::FilterUnsupported, message).with_hint("filter-failure-hint", error)
    }

    /// As an answer to what was asked for.
    pub fn about(self, about: About) -> BackendError {
        let (prefix, identity, tag) = self.why.names();
        let (module, namespace) = match prefix {
            "sn" => ("ietf-subscribed-notifications", SUBSCRIBED),
            _ => ("ietf-yang-push", PUSH),
        };
        let mut report = Report::new(ErrorLayer::Application, tag, self.message);
        // RFC 8640 7: the identity, by its module.
        report.app_tag = Some(format!("{module}:{identity}").into());
        let (of, name) = about.structure();
        let mut leaves = vec![("reason", format!("{prefix}:{identity}"))];
        leaves.extend(self.hints);
        report.structure = Some(Box::new(Structure {
            namespace: of,
            name,
            leaves,
            prefixes: vec![(prefix, namespace)],
        }));
        report.into()
    }
}
