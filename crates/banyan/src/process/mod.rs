//! The daemon as a process of the system: its user, its pid file, where its log lines go.

pub mod logging;
pub mod pid_file;
pub mod privileges;
pub mod writable;
