//! The namespaces and capability URIs of the NETCONF protocol itself.

/// The base namespace (RFC 6241 3.1).
pub const BASE: &str = "urn:ietf:params:xml:ns:netconf:base:1.0";
/// `<notification>` and `<create-subscription>` (RFC 5277 4).
pub const NOTIFICATION: &str = "urn:ietf:params:xml:ns:netconf:notification:1.0";
/// `<establish-subscription>` and its like (RFC 8639).
pub const SUBSCRIBED: &str = "urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications";
/// Subscriptions to datastores (RFC 8641).
pub const YANG_PUSH: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-push";
/// `<get-schema>` (RFC 6022 3.1).
pub const MONITORING: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring";
/// `<action>` (RFC 7950 7.15.2).
pub const YANG_ACTION: &str = "urn:ietf:params:xml:ns:yang:1";
/// `<get-data>` and `<edit-data>` (RFC 8526).
pub const NMDA: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda";
/// The identities of datastores (RFC 8342).
pub const DATASTORES: &str = "urn:ietf:params:xml:ns:yang:ietf-datastores";
/// `<with-defaults>` (RFC 6243).
pub const WITH_DEFAULTS: &str = "urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults";

/// The protocol as of RFC 4741: end-of-message framing.
pub const BASE_1_0: &str = "urn:ietf:params:netconf:base:1.0";
/// The protocol as of RFC 6241: chunked framing.
pub const BASE_1_1: &str = "urn:ietf:params:netconf:base:1.1";
/// `:candidate` (RFC 6241 8.3).
pub const CANDIDATE: &str = "urn:ietf:params:netconf:capability:candidate:1.0";
/// `:writable-running` (RFC 6241 8.2).
pub const WRITABLE_RUNNING: &str = "urn:ietf:params:netconf:capability:writable-running:1.0";
/// `:confirmed-commit` with `persist` (RFC 6241 8.4).
pub const CONFIRMED_COMMIT_1_1: &str = "urn:ietf:params:netconf:capability:confirmed-commit:1.1";
/// `:confirmed-commit` as of RFC 4741, without `persist`.
pub const CONFIRMED_COMMIT_1_0: &str = "urn:ietf:params:netconf:capability:confirmed-commit:1.0";
/// `:rollback-on-error` (RFC 6241 8.5).
pub const ROLLBACK_ON_ERROR: &str = "urn:ietf:params:netconf:capability:rollback-on-error:1.0";
/// `:validate` (RFC 6241 8.6).
pub const VALIDATE_1_1: &str = "urn:ietf:params:netconf:capability:validate:1.1";
/// `:validate` as of RFC 4741.
pub const VALIDATE_1_0: &str = "urn:ietf:params:netconf:capability:validate:1.0";
/// `:startup` (RFC 6241 8.7).
pub const STARTUP: &str = "urn:ietf:params:netconf:capability:startup:1.0";
/// `:xpath` (RFC 6241 8.9).
pub const XPATH: &str = "urn:ietf:params:netconf:capability:xpath:1.0";
/// `:partial-lock` (RFC 5717).
pub const PARTIAL_LOCK_1_0: &str = "urn:ietf:params:netconf:capability:partial-lock:1.0";
/// `<partial-lock>` and `<partial-unlock>` (RFC 5717 2.4).
pub const PARTIAL_LOCK: &str = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0";
/// `:notification` (RFC 5277 3.1).
pub const NOTIFICATION_1_0: &str = "urn:ietf:params:netconf:capability:notification:1.0";
/// `:interleave`: requests are answered while a subscription is active (RFC 5277 6).
pub const INTERLEAVE_1_0: &str = "urn:ietf:params:netconf:capability:interleave:1.0";
/// `:private-candidate` (draft-ietf-netconf-privcand): a client that offers it works on a candidate of its own.
pub const PRIVATE_CANDIDATE: &str = "urn:ietf:params:netconf:capability:private-candidate:1.0";
/// `<update>` and what an error says of a conflict (draft-ietf-netconf-privcand).
pub const PRIVATE_CANDIDATE_MODULE: &str =
    "urn:ietf:params:xml:ns:yang:ietf-netconf-private-candidate";
/// What a client of Banyan offers that works on the shared candidate, whatever the server's default is.
pub const SHARED_CANDIDATE: &str = "urn:banyan:capability:shared-candidate:1.0";
/// What a client of Banyan offers that wants its events in JSON: `<json>` in the namespace of the module `banyan`, with an
/// object of one member (RFC 7951) as text, in the place of the event's element.
pub const JSON_NOTIFICATIONS: &str = "urn:banyan:capability:json-notifications:1.0";

/// `:with-operational-defaults` (RFC 8526 3.1.1.2).
pub const WITH_OPERATIONAL_DEFAULTS: &str =
    "urn:ietf:params:netconf:capability:with-operational-defaults:1.0";

/// The library of Clixon; here the attribute `username` of `<rpc>`, by which a front end names the user that it serves.
pub const CLIXON_LIB: &str = "http://clicon.org/lib";
/// The module `banyan`: wishes and results of `<commit>`; here also progress of long operations.
pub const BANYAN: &str = "urn:banyan:system";
