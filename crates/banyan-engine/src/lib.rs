//! Banyan: `banyan-engine`.
