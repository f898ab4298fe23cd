//! Whole-program tests: real processes, files, sockets and signals.

mod access;
mod backup;
mod bad_input;
mod client;
mod config;
mod crash;
mod data_change;
mod data_convert;
mod data_places;
mod data_query;
mod data_validate;
mod disk_full;
mod ending;
mod hand_edit;
mod history;
mod identity;
mod kicker;
mod layers;
mod observe;
mod program;
mod push;
mod told;
mod upgrade;
mod xpath;
mod yang_check;
mod yang_update;
