//! Controller and devices together: real engines on both sides, NETCONF between them, faults on purpose.

mod connect;
mod network;
mod push;
