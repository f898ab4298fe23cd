//! NETCONF (RFC 6241): messages, framing, transports, client and server.
//!
//! The crate knows the protocol and nothing else: no schema (payloads are documents that pass
//! through), no devices, no policy. A server serves any [`banyan_engine::backend::Backend`]; a
//! client talks to any NETCONF server.
//!
//! From the wire inwards: [`transport`] carries bytes and says who the peer is, [`framing`] cuts
//! them into messages, [`message`] reads the envelopes ([`hello`], [`rpc`], [`reply`],
//! [`rpc_error`]) with the checked slices of [`xml`]; [`client`] and [`server`] stand on these.

pub mod client;
pub mod framing;
pub mod hello;
mod inbound;
pub mod limits;
pub mod message;
pub mod names;
pub mod operations;
pub mod reply;
pub mod rpc;
pub mod rpc_error;
pub mod server;
pub mod subscriptions;
pub mod transport;
pub mod xml;
