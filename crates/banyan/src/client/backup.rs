//! `banyan backup`: a tar archive, written here, of what the daemon gives piece by piece.

use std::io::Write;
use std::path::{Path, PathBuf};

use banyan_netconf::client::Client;
use banyan_netconf::reply::RpcReply;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::save::Saved;
use super::{CommandError, call, open, output_leaf, print};
use crate::args::Backup;

/// `banyan backup`
pub async fn backup(wanted: Backup) -> Result<(), CommandError> {
    if wanted.target.exists() && !wanted.target.is_file() && !wanted.target.is_dir() {
        return Err(CommandError::Usage(format!(
            "{} is neither a file nor a directory: sizes are written when a member is complete, so give a file",
            wanted.target.display()
        )));
    }
    let client = open(&wanted.connect).await?;
    let first = call(&client, "backup", &[]).await?;
    let leaf = |name: &str| output_leaf(&first, name);
    let (seq, tid, committed) = (leaf("seq"), leaf("tid"), leaf("committed"));
    let pending = leaf("pending") == "true";
    let file = match wanted.target.is_dir() {
        true => wanted.target.join(name(&leaf("taken"), &seq)),
        false => wanted.target,
    };
    let (members, bytes) = written(&client, first, &file).await?;
    let of = match seq.as_str() {
        "0" => "no commit yet".to_owned(),
        seq => format!("commit {seq}, transaction {tid} of {committed}"),
    };
    print(&format!(
        "{}: {of}; {members} members, {bytes} bytes",
        file.display()
    ));
    if pending {
        print(
            "that commit waits for its confirmation: a start from the backup takes it back, as any restart does",
        );
    }
    Ok(())
}

/// The name of a backup in a directory of backups: sorted by name is sorted by time.
fn name(taken: &str, seq: &str) -> PathBuf {
    let time: String = taken
        .chars()
        .take_while(|letter| *letter != '.')
        .filter(|letter| letter.is_ascii_alphanumeric())
        .collect();
    let time = time.trim_end_matches('Z');
    PathBuf::from(format!("banyan-{time}Z-commit-{seq}.tar"))
}

/// Writes the archive, whole or not at all; returns how many members and bytes are in it.
async fn written(
    client: &Client,
    first: RpcReply,
    file: &Path,
) -> Result<(usize, u64), CommandError> {
    let failed = |error: std::io::Error| {
        CommandError::Usage(format!("cannot write {}: {error}", file.display()))
    };
    let mut archive = tar::Builder::new(Saved::create(file).map_err(failed)?);
    let (mut members, mut bytes) = (0, 0);
    let mut reply = first;
    loop {
        let mut header = header();
        let member = output_leaf(&reply, "member");
        let mut entry = archive
            .append_writer(&mut header, &member)
            .map_err(failed)?;
        loop {
            let data = data_of(&reply)?;
            bytes += data.len() as u64;
            entry.write_all(&data).map_err(failed)?;
            if output_leaf(&reply, "member-end") == "true" {
                break;
            }
            reply = next(client).await?;
        }
        entry.finish().map_err(failed)?;
        members += 1;
        if output_leaf(&reply, "end") == "true" {
            break;
        }
        reply = next(client).await?;
    }
    let saved = archive.into_inner().map_err(failed)?;
    saved.finish().map_err(failed)?;
    Ok((members, bytes))
}

async fn next(client: &Client) -> Result<RpcReply, CommandError> {
    call(client, "backup", &[("next", Some("true".to_owned()))]).await
}

fn data_of(reply: &RpcReply) -> Result<Vec<u8>, CommandError> {
    let text: String = output_leaf(reply, "data").split_whitespace().collect();
    STANDARD.decode(text).map_err(|error| {
        CommandError::Refused(format!("the daemon's answer cannot be read: {error}"))
    })
}

fn header() -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o600);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    let now = jiff::Timestamp::now().as_second();
    header.set_mtime(u64::try_from(now).unwrap_or(0));
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_in_a_directory_are_named_after_time_and_commit() {
        for taken in ["2026-11-27T08:00:01.25Z", "2026-11-27T08:00:01Z"] {
            let name = name(taken, "17");
            assert_eq!(name, Path::new("banyan-20261127T080001Z-commit-17.tar"));
        }
    }
}
