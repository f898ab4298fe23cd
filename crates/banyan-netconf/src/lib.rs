//! Banyan: `banyan-netconf`.
