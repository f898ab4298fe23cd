//! What `banyan-yang` makes of published models.

mod binding;
mod cache;
mod corpus;
mod diagnostics;
mod embedded;
mod jury;
mod published;
mod shared;
mod tree;
mod verdicts;
mod workers;
