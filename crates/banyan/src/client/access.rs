//! Commands about access control: `nacm explain`, `nacm show`.

use serde_json::json;

use super::{CommandError, call, open, output_leaf, print};
use crate::args::{Explained, NacmCommand, NacmExplain, NacmShow};

/// `banyan nacm ...`
pub async fn nacm(command: NacmCommand) -> Result<(), CommandError> {
    match command {
        NacmCommand::Explain(explain) => self::explain(explain).await,
        NacmCommand::Show(show) => self::show(show).await,
    }
}

async fn explain(explain: NacmExplain) -> Result<(), CommandError> {
    let client = open(&explain.connect).await?;
    let operation = explain.operation.name();
    let mut leaves = vec![
        ("user", Some(explain.user.clone())),
        ("operation", Some(operation.to_owned())),
        ("path", Some(explain.path.clone())),
    ];
    leaves.extend(
        explain
            .group
            .into_iter()
            .map(|group| ("group", Some(group))),
    );
    let reply = call(&client, "access-explain", &leaves).await?;
    let groups: Vec<String> = reply
        .elements()
        .filter(|element| element.local() == "group")
        .map(|element| element.text())
        .collect();
    let permitted = output_leaf(&reply, "permitted") == "true";
    let (reason, change) = (output_leaf(&reply, "reason"), output_leaf(&reply, "change"));
    if explain.format == Explained::Json {
        let mut answer = json!({
            "user": explain.user,
            "operation": operation,
            "path": explain.path,
            "permitted": permitted,
            "reason": reason,
            "groups": groups,
            "change": change,
        });
        if let Ok(number) = output_leaf(&reply, "rule-number").parse::<u64>() {
            answer["rule-list"] = output_leaf(&reply, "rule-list").into();
            answer["rule"] = output_leaf(&reply, "rule").into();
            answer["rule-number"] = number.into();
        }
        print(&format!("{answer:#}\n"));
        return Ok(());
    }
    let (verdict, opposite) = match permitted {
        true => ("permitted", "deny"),
        false => ("denied", "permit"),
    };
    let groups = match groups.is_empty() {
        true => "none".to_owned(),
        false => groups.join(", "),
    };
    print(&format!(
        "{verdict}: {} {operation} {}\n  because  {reason}\n  groups   {groups}\n  to {opposite:<7}{change}\n",
        explain.user, explain.path,
    ));
    Ok(())
}

/// The rules, and how often they refused.
async fn show(show: NacmShow) -> Result<(), CommandError> {
    let client = open(&show.connect).await?;
    let leaves = [
        ("path", Some("/ietf-netconf-acm:nacm".to_owned())),
        ("state", Some("true".to_owned())),
        ("defaults", Some("true".to_owned())),
        ("format", Some(super::read::name_of(show.format).to_owned())),
    ];
    let reply = call(&client, "show", &leaves).await?;
    print(&output_leaf(&reply, "text"));
    Ok(())
}
