//! What RESTCONF asks of one resource (RFC 8040 4.4 to 4.7), as an edit.

use std::borrow::Cow;

use banyan_yang::schema::SchemaId;
use serde_json::value::RawValue;

use super::PatchOperation;
use super::read::{EditReader, PatchEdit};
use crate::document::{Encoding, Mounts, ParseOptions};
use crate::edit::{Edit, EditContent, EditNode, Operation};
use crate::error::{DataError, ErrorKind};
use crate::node::Tree;
use crate::path::{InstancePath, with_schemas};
use crate::{json, xml};

/// The methods that change data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// The body is a new child of the target (RFC 8040 4.4); what is there already is an error.
    Post,
    /// The body takes the place of the target, there or not (4.5).
    Put,
    /// A plain patch: the body is merged into the target, which must be there (4.6.1).
    Patch,
    /// The target goes; absence is an error (4.7).
    Delete,
}

/// A request, bound to nothing yet.
#[derive(Clone, Copy, Debug)]
pub struct ResourceRequest<'a> {
    /// What is asked for.
    pub method: Method,
    /// The api-path of the target (RFC 8040 3.5.3), behind `{+restconf}/data`; `/` or nothing is the datastore.
    pub target: &'a str,
    /// The body: an instance of the target, for `POST` of its child.
    pub body: Option<(Encoding, &'a str)>,
    /// The query parameter `insert`: `first`, `last`, `before` or `after` (4.8.5).
    pub insert: Option<&'a str>,
    /// The query parameter `point`, an api-path (4.8.6).
    pub point: Option<&'a str>,
}

/// The edit that does what the request asks for, and the resource that it makes or changes: for `POST` that is what
/// `Location` names. What is around the target must be there, containers without presence apart.
///
/// # Errors
/// The target, the body or the place does not fit the schema of `tree` or of what is mounted; the body is not what
/// the target names; or a `PATCH` is for what is not there.
pub fn resource_edit(
    tree: &Tree,
    request: &ResourceRequest<'_>,
    mounts: &dyn Mounts,
) -> Result<(Edit, InstancePath), DataError> {
    let raw = match request.body {
        Some((Encoding::Json, text)) => Some(raw(text)?),
        _ => None,
    };
    let edit = PatchEdit {
        point: request.point.map(Cow::Borrowed),
        place: request.insert.map(Cow::Borrowed),
        value: raw,
        xml: match request.body {
            Some((Encoding::Xml, text)) => Some(text.to_owned()),
            _ => None,
        },
        ..PatchEdit::new(
            String::new(),
            match request.method {
                Method::Post => PatchOperation::Create,
                Method::Put => PatchOperation::Replace,
                Method::Patch => PatchOperation::Merge,
                Method::Delete => PatchOperation::Delete,
            },
            request.target.to_owned(),
        )
    };
    let reader = EditReader {
        schema: tree.schema(),
        mounts,
        edit: &edit,
    };
    let mut target = match request.target {
        "" | "/" => InstancePath::default(),
        path => reader.path(path)?,
    };
    let mut root = EditNode::new(
        SchemaId::ROOT,
        Operation::None,
        EditContent::Container(Vec::new()),
    );
    match request.method {
        Method::Post => target.steps.push(reader.created(&mut root, &target)?),
        _ if target.steps.is_empty() => return datastore(tree, request, &reader, mounts),
        Method::Patch if !is_there(tree, &target, mounts) => {
            let error = reader.wrong(ErrorKind::DataMissing, "there is nothing to be patched");
            return Err(error.with_help("create it with PUT or POST"));
        }
        Method::Put | Method::Patch | Method::Delete => reader.read(&mut root)?,
    }
    let schema = tree.schema().clone();
    Ok((Edit { schema, root }, target))
}

fn raw(text: &str) -> Result<&RawValue, DataError> {
    serde_json::from_str(text).map_err(|error| {
        let message = format!("the body is not JSON: {error}");
        DataError::new(ErrorKind::Malformed, Default::default(), message)
    })
}

/// Whether the instance exists: a container without presence does where its parent is.
fn is_there(tree: &Tree, target: &InstancePath, mounts: &dyn Mounts) -> bool {
    let Some((last, parents)) = target.steps.split_last() else {
        return true;
    };
    if tree.get(target).is_some() {
        return true;
    }
    let schemas = with_schemas(tree.schema(), target, mounts);
    let own = schemas.as_ref().and_then(|schemas| schemas.last());
    let parent = InstancePath {
        steps: parents.to_vec(),
    };
    own.is_some_and(|(schema, _)| schema.node(last.node).is_np_container())
        && is_there(tree, &parent, mounts)
}

/// The datastore itself: its content is in `data` of ietf-restconf, which both readers know.
fn datastore(
    tree: &Tree,
    request: &ResourceRequest<'_>,
    reader: &EditReader<'_>,
    mounts: &dyn Mounts,
) -> Result<(Edit, InstancePath), DataError> {
    let operation = match request.method {
        Method::Put => Operation::Replace,
        Method::Patch => Operation::Merge,
        Method::Post | Method::Delete => {
            let message = "the datastore itself cannot be deleted";
            return Err(reader.wrong(ErrorKind::BadAttribute, message));
        }
    };
    let Some((encoding, body)) = request.body else {
        return Err(reader.wrong(ErrorKind::MissingElement, "the request needs a body"));
    };
    let options = ParseOptions {
        mounts: Some(mounts),
        ..ParseOptions::default()
    };
    let schema = tree.schema();
    let edit = match encoding {
        Encoding::Xml => xml::parse_edit(schema, body.as_bytes(), operation, &options),
        Encoding::Json => json::parse_edit(schema, body.as_bytes(), operation, &options),
    };
    let edit = edit.map_err(|errors| {
        let first = errors.into_iter().next();
        first.unwrap_or_else(|| reader.wrong(ErrorKind::InvalidValue, "the body is wrong"))
    })?;
    Ok((edit, InstancePath::default()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::PrintOptions;
    use crate::sample::{XML, schema};

    fn tree() -> Tree {
        xml::parse_data(&schema(), XML.as_bytes(), &ParseOptions::default())
            .unwrap_or_else(|errors| panic!("{errors:?}"))
    }

    const DELETE: ResourceRequest<'static> = ResourceRequest {
        method: Method::Delete,
        target: "",
        body: None,
        insert: None,
        point: None,
    };

    fn request<'a>(method: Method, target: &'a str, body: &'a str) -> ResourceRequest<'a> {
        ResourceRequest {
            method,
            target,
            body: Some((Encoding::Json, body)),
            ..DELETE
        }
    }

    /// The lines of what changes, or the error.
    fn done(request: &ResourceRequest<'_>) -> String {
        let old = tree();
        let done = resource_edit(&old, request, &old).and_then(|(edit, _)| edit.apply(&old));
        match done {
            Err(error) => format!("{:?}: {}", error.kind, error.message),
            Ok(new) => {
                let changes = crate::change::diff(&old, &new).to_string();
                let lines = changes.lines().filter(|line| !line.starts_with(' '));
                lines
                    .map(|line| line.replace("  ", ""))
                    .collect::<Vec<_>>()
                    .join("\n")
            }
        }
    }

    #[test]
    fn post_creates_a_child_and_tells_its_path() {
        let old = tree();
        let body = r#"{"net:rule":[{"id":9,"note":"new"}]}"#;
        let post = ResourceRequest {
            insert: Some("before"),
            point: Some("/net:net/rule=3"),
            ..request(Method::Post, "/net:net", body)
        };
        let (_, made) = resource_edit(&old, &post, &old).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            crate::path::json::print(&schema(), &made, &old).as_deref(),
            Some("/net:net/rule[id='9']")
        );
        assert_eq!(done(&post), "+rule 9 {\n+note new;\n+}");
        let (edit, _) = resource_edit(&old, &post, &old).unwrap_or_else(|error| panic!("{error}"));
        let new = edit.apply(&old).unwrap_or_else(|error| panic!("{error}"));
        let mut out = Vec::new();
        let printed = xml::print(&new, &PrintOptions::default(), &mut out);
        assert!(printed.is_ok());
        let text = String::from_utf8_lossy(&out);
        let at = |id: u8| text.find(&format!("<id>{id}</id>"));
        assert!(at(7) < at(9) && at(9) < at(3), "{text}");
        let again = request(Method::Post, "/net:net", r#"{"net:rule":[{"id":7}]}"#);
        assert!(done(&again).starts_with("DataExists"), "{}", done(&again));
        let two = request(
            Method::Post,
            "/net:net",
            r#"{"net:rule":[{"id":8},{"id":9}]}"#,
        );
        assert!(done(&two).contains("one new child"), "{}", done(&two));
        let top = request(Method::Post, "/", r#"{"net:host":"b"}"#);
        assert!(done(&top).starts_with("DataExists"), "{}", done(&top));
    }

    #[test]
    fn put_replaces_and_creates() {
        let put = request(
            Method::Put,
            "/net:net/link=eth1",
            r#"{"net:link":[{"name":"eth1","mtu":70}]}"#,
        );
        assert_eq!(done(&put), "+mtu 70;");
        let new = request(
            Method::Put,
            "/net:net/link=x",
            r#"{"net:link":[{"name":"x"}]}"#,
        );
        assert_eq!(done(&new), "+link x;");
        let other = request(
            Method::Put,
            "/net:net/link=x",
            r#"{"net:link":[{"name":"y"}]}"#,
        );
        assert!(done(&other).contains("the one entry that the target names"));
        let first = ResourceRequest {
            insert: Some("first"),
            ..request(Method::Put, "/net:net/rule=3", r#"{"net:rule":[{"id":3}]}"#)
        };
        assert_eq!(done(&first), "~rule 3: moved to the front");
        let all = request(
            Method::Put,
            "",
            r#"{"ietf-restconf:data":{"net:host":"b"}}"#,
        );
        let changed = done(&all);
        assert!(
            changed.starts_with("-host a<b;\n+host b;\n-net {"),
            "{changed}"
        );
    }

    #[test]
    fn patch_merges_into_what_is_there() {
        let patch = request(
            Method::Patch,
            "/net:net/link=eth1",
            r#"{"net:link":[{"name":"eth1","mtu":70}]}"#,
        );
        assert_eq!(done(&patch), "+mtu 70;");
        let absent = request(
            Method::Patch,
            "/net:net/link=x",
            r#"{"net:link":[{"name":"x"}]}"#,
        );
        assert!(done(&absent).starts_with("DataMissing: there is nothing to be patched"));
        let unknown = request(Method::Patch, "/net:device", r#"{"net:device":{}}"#);
        assert!(
            done(&unknown).starts_with("UnknownElement"),
            "{}",
            done(&unknown)
        );
        let xml = ResourceRequest {
            body: Some((
                Encoding::Xml,
                "<data xmlns='urn:ietf:params:xml:ns:yang:ietf-restconf'><host xmlns='urn:net'>c</host></data>",
            )),
            ..request(Method::Patch, "/", "")
        };
        assert_eq!(done(&xml), "-host a<b;\n+host c;");
    }

    #[test]
    fn delete_takes_away_what_is_there() {
        let delete = |target| ResourceRequest { target, ..DELETE };
        assert_eq!(done(&delete("/net:net/rule=3")), "-rule 3;");
        assert!(done(&delete("/net:net/rule=4")).starts_with("DataMissing"));
        assert!(done(&delete("/")).contains("cannot be deleted"));
    }
}
