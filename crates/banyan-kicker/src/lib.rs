//! Banyan: `banyan-kicker`.
