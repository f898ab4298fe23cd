//! Banyan: `banyan-testkit`.
