//! How much a peer may ask of us: the bounds that every reader of input keeps.

use std::time::Duration;

/// Bounds on what is accepted from a peer. The defaults suit a controller; a test makes them small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest message, in bytes. Default: 1 GiB.
    pub message_bytes: usize,
    /// The deepest nesting of elements in a message. Default: 256.
    pub depth: usize,
    /// How many requests of one session may wait for their turn; more stay in the transport.
    /// Default: 64.
    pub pipeline: usize,
    /// How long a new connection may take for its `<hello>`. Default: 60 s.
    pub hello_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes: 1 << 30,
            depth: 256,
            pipeline: 64,
            hello_time: Duration::from_secs(60),
        }
    }
}

/// How strictly the rules of RFC 6241 about envelopes are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compat {
    /// As the RFC has it: base namespace, hello first, message-id in every `<rpc>`.
    #[default]
    Strict,
    /// `compat.lenient`: a message without a namespace is read as if it had the base one, and a
    /// session may begin without `<hello>` and leave out message-ids.
    Lenient,
}
