//! What survives a machine that stops, or a disk that refuses, at any moment.
//!
//! `disk` is a disk in memory that both the files and the commit log are on; it notes each step that it is asked to do.
//! `load` is a script of commits and all that goes with them, and what a client knows at each moment of it. From the
//! notes of one run the disk is rebuilt as it was after each step, and what a crash there could leave of it; a start
//! from that must agree with what the client knew (`stops`). Steps that fail need a run for each (`refusals`).

mod check;
mod disk;
mod load;
mod refusals;
mod stops;
