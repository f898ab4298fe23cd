//! Banyan: `banyan-yang`.

pub mod nearest;
pub mod source;
mod xml_names;
pub mod xpath;
