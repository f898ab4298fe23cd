//! The one door to the data layer: documents to trees and back, errors into reports.
//!
//! Everything here is synchronous and runs on the blocking pool. Must not know sessions, datastores or logs.

mod change;
mod document;
mod file;
mod lines;
mod message;
mod operation;
mod part;
mod path;
mod place;
mod report;
mod schema;
mod select;
mod selection;

use std::sync::Arc;

use banyan_data::Tree;
use banyan_data::document::Mounts;
use banyan_data::path::InstancePath;
use banyan_yang::schema::Schema;

pub(crate) use change::{
    CONFLICT, LATER_FIRST, OTHER_PATH, Remedy, WORK_AGAIN, apply_changes, apply_patch, conflicts,
    count, diff, diff_counted, diff_in, indexes, invalid, patch_text, rebase, resolved, reverse,
    settle, settled, shared_with, validate, validate_counted, validate_full, validate_state,
};
pub(crate) use document::{apply, parse_config, parse_edit, print};
pub(crate) use file::{FileForm, is_blank, parse_file, part_links, part_name};
pub(crate) use lines::{lines, listed, listing};
pub(crate) use message::{
    check_message, document_of_any, expression_for_message, message_from_json, parse_message,
    print_message, subtree_for_messages,
};
pub(crate) use operation::{
    check_input, check_output, notification_from_json, operation_by_name, operation_schema,
    output_from_json, parse_operation, print_output, printable, state_from_bytes, state_from_json,
    to_json, tree_to_json,
};
pub(crate) use part::{part, part_at, parts_of, touches, touches_places};
pub(crate) use path::{
    apply_path_edit, parse_path, parse_place, path_names, path_target, path_text, path_xpath,
    paths_text, resolve_path,
};
pub(crate) use place::Place;
pub(crate) use report::{data_errors, located};
pub(crate) use schema::{modules, schema_text, top_level};
pub(crate) use select::{lockable, reach, select};
pub(crate) use selection::Selection;

/// Who knows the schemas of mounted data; shared by all that parses.
pub type SharedMounts = Arc<dyn Mounts + Send + Sync>;

/// Nothing is mounted anywhere: data at mount points are kept verbatim.
#[derive(Clone, Copy, Default, Debug)]
pub struct NoMounts;

impl Mounts for NoMounts {
    fn schema_at(&self, _: &InstancePath) -> Option<Arc<Schema>> {
        None
    }
}

/// What is mounted in a tree, and what could be.
struct Mounted<'a> {
    tree: &'a Tree,
    known: &'a SharedMounts,
}

impl Mounts for Mounted<'_> {
    fn schema_at(&self, path: &InstancePath) -> Option<Arc<Schema>> {
        self.tree
            .schema_at(path)
            .or_else(|| self.known.schema_at(path))
    }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)] as char);
        text.push(DIGITS[usize::from(byte & 15)] as char);
    }
    text
}

/// The member `name` of an RFC 7951 object, whether or not its name carries a module.
pub(crate) fn member<'a>(
    object: &'a serde_json::Value,
    name: &str,
) -> Option<&'a serde_json::Value> {
    let members = object.as_object()?;
    members.get(name).or_else(|| {
        members
            .iter()
            .find(|(known, _)| {
                known
                    .split_once(':')
                    .is_some_and(|(_, local)| local == name)
            })
            .map(|(_, value)| value)
    })
}
