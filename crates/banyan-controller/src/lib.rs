//! Banyan: `banyan-controller`.
