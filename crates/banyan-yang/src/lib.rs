//! Banyan: `banyan-yang`.

pub mod source;
