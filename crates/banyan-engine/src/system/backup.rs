//! Backups, piece by piece.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Request;
use crate::backend::Result;
use crate::error::{BackendError, ErrorTag};

/// `backup`
pub(super) async fn backup(request: Request) -> Result<Value> {
    let engine = request.engine();
    let session = request.call.call.session;
    let backups = &engine.0.backups;
    let mut output = json!({});
    if !request.flag("next") {
        let backup = engine.backup(&request.call.call).await?;
        let about = &backup.about;
        output["banyan:seq"] = about.seq.to_string().into();
        output["banyan:pending"] = about.pending.into();
        output["banyan:taken"] = about.taken.to_string().into();
        if let (Some(tid), Some(committed)) = (about.tid, about.committed) {
            output["banyan:tid"] = tid.0.into();
            output["banyan:committed"] = committed.to_string().into();
        }
        backups.begin(session, backup);
    }
    let Some(backup) = backups.of(session) else {
        return Err(BackendError::new(
            ErrorTag::OperationFailed,
            "this session has begun no backup; call backup without next first",
        ));
    };
    let piece = backup.lock().await.next().await;
    if piece.as_ref().map_or(true, crate::backup::Piece::completes) {
        backups.forget(session);
    }
    let piece = piece?;
    output["banyan:member"] = (*piece.member).into();
    output["banyan:data"] = STANDARD.encode(&piece.data).into();
    output["banyan:member-end"] = piece.last.into();
    output["banyan:end"] = piece.completes().into();
    Ok(output)
}
