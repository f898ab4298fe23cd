//! What operators look at: where the time of a commit went, and metrics.

use banyan_netconf::client::Client;

use super::{CommandError, call, output_leaf, print};

/// Prints where the time of a transaction went, or that of the last commit of this session.
pub async fn print_timing(client: &Client, tid: Option<u32>) -> Result<(), CommandError> {
    let leaves = [("tid", tid.map(|tid| tid.to_string()))];
    let reply = call(client, "commit-timing", &leaves).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}

/// `banyan show metrics`
pub async fn metrics(client: &Client) -> Result<(), CommandError> {
    let reply = call(client, "metrics", &[]).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}
