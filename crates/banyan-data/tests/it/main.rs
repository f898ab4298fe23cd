//! Tests of the data layer with models in YANG text.

mod changes;
mod constraints;
mod fixture;
mod hostile;
mod properties;
mod rules;
mod rules_types;
mod store;
