//! The rules of YANG about instance data, one test or more for each; the numbers are those of the list of rules
//! that implementations get wrong (`yang-rules.md`, 6.4 and 6.5).

mod any;
mod any_exact;
mod conditions;
mod counts;
mod defaults;
mod edits;
mod encodings;
mod existence;
mod expressions;
mod lists;
mod metadata;
mod mounts;
mod operations;
