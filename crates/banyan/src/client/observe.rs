//! What operators look at: where the time of a commit went, and metrics.

use banyan_netconf::client::Client;

use super::{CommandError, call, output_leaf, print};

/// Prints where the time of a commit went: of the one that a leaf names, or of the last one of this session.
pub async fn print_timing(
    client: &Client,
    commit: &[(&str, Option<String>)],
) -> Result<(), CommandError> {
    let reply = call(client, "commit-timing", commit).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}

/// `banyan show metrics`
pub async fn metrics(client: &Client) -> Result<(), CommandError> {
    let reply = call(client, "metrics", &[]).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}
