//! Tests of the engine through its public interface.

mod access;
mod confirmed;
mod datastores;
mod fixture;
mod log;
mod operations;
mod pipeline;
mod restart;
mod split;
mod stores;
