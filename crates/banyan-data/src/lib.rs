//! Banyan: `banyan-data`.
