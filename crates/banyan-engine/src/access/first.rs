//! The first start: whoever starts the program becomes an administrator, by a commit like any other.

use std::sync::Arc;

use serde_json::json;

use super::{Mode, policy};
use crate::backend::{
    Call, CommitParameters, DefaultOperation, Document, Principal, Result, Source,
};
use crate::bind;
use crate::engine::Engine;
use crate::participant::Options;
use crate::session::{INTERNAL, internal_source};
use crate::snapshot::ValidateChangedOnly;

impl Engine {
    /// Makes the configured user an administrator, unless running has rules already. Without rules nobody could write, so
    /// this is so too when a store without rules is opened with access control for the first time.
    pub(crate) async fn admit_first_admin(&self) -> Result<()> {
        let options = self.0.access.options();
        let Some(user) = options.first_admin.clone() else {
            return Ok(());
        };
        let wanted = options.mode == Mode::Internal && !options.disabled_on_empty;
        if !wanted || policy::of_tree(&self.running().tree).is_some() {
            return Ok(());
        }
        let rules = Document::json(admin(&user).to_string().into_bytes());
        let mounts = self.mounts().clone();
        let parameters = CommitParameters {
            comment: Some(format!(
                "access control: {user}, who started the program first, is an administrator"
            )),
            ..CommitParameters::default()
        };
        let call = Call::new(INTERNAL, Principal::user(user));
        let source: Source = internal_source();
        // A running that the start has not validated is not to be locked away from those who correct it.
        let options = Options::none().with(ValidateChangedOnly);
        self.change(&call, source, parameters, options, move |running| {
            let merge = DefaultOperation::Merge;
            let edit = bind::parse_edit(running.schema(), &rules, merge, &mounts)?;
            bind::apply(&edit, running)
        })
        .await?;
        Ok(())
    }
}

/// One group with one user, and one rule.
fn admin(user: &Arc<str>) -> serde_json::Value {
    json!({ "ietf-netconf-acm:nacm": {
        "groups": { "group": [{ "name": "admin", "user-name": [&**user] }] },
        "rule-list": [{
            "name": "admin",
            "group": ["admin"],
            "rule": [{
                "name": "permit-all",
                "module-name": "*",
                "access-operations": "*",
                "action": "permit",
                "comment": "Administrators may do everything.",
            }],
        }],
    }})
}
