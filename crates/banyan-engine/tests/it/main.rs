//! Tests of the engine through its public interface.

mod access;
mod candidates;
mod concurrency;
mod confirmed;
mod crash;
mod datastores;
mod errors_page;
mod fixture;
mod history;
mod locks;
mod log;
mod metrics;
mod mounted;
mod observe;
mod operational;
mod operations;
mod pipeline;
mod programs;
mod restart;
mod split;
mod start;
mod stores;
mod stores_follow;
mod stores_model;
mod upgrade;
