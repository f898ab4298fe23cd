//! Banyan: `banyan-yang`.

pub mod nearest;
pub mod pattern;
pub mod source;
mod xml_names;
pub mod xpath;
