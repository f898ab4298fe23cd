//! Banyan: `banyan-yang`.
