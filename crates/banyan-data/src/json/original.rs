//! The annotation that holds content of the other encoding ([`crate::any`]), in JSON.

use std::sync::Arc;

use banyan_yang::schema::{NodeKind, Schema, SchemaId};
use serde::de::MapAccess;

use super::reader::JsonReader;
use crate::any::{AnyData, ORIGINAL, bound, encoding_of, is_blank_json};
use crate::document::Encoding;
use crate::error::{DataError, ErrorKind, ErrorPath};
use crate::node::{Content, Tree};

/// The encoding of what the annotation holds, if it is one of these, of a node that keeps content as it came.
pub(super) fn of(schema: &Schema, id: SchemaId, name: &str) -> Option<Encoding> {
    let definition = schema.node(id);
    let keeps = matches!(definition.kind, NodeKind::AnyData | NodeKind::AnyXml)
        || definition.mount_point().is_some();
    let (module, name) = name.split_once(':')?;
    encoding_of(name).filter(|_| keeps && module == ORIGINAL)
}

/// Reads the annotation, which comes next, and puts what it holds into the place of the content of `id`, a child of the
/// innermost open node.
pub(super) fn read<'a, A: MapAccess<'a>>(
    reader: &mut JsonReader<'_, 'a>,
    schema: &Arc<Schema>,
    id: SchemaId,
    encoding: Encoding,
    name: &str,
    map: &mut A,
) -> Result<(), A::Error> {
    let text: String = map.next_value()?;
    let outcome = content(reader, schema, id, encoding, name, &text);
    match outcome {
        Ok(content) => reader.place.top().put(id, content),
        Err(error) => return Err(reader.fail(error)),
    }
    Ok(())
}

fn content(
    reader: &mut JsonReader<'_, '_>,
    schema: &Arc<Schema>,
    id: SchemaId,
    encoding: Encoding,
    name: &str,
    text: &str,
) -> Result<Content, DataError> {
    let beside = match reader.place.top().content(id) {
        None => false,
        Some(Content::Any(any)) => match &**any {
            AnyData::Json(text) => !is_blank_json(text),
            AnyData::Xml(_) => true,
        },
        Some(Content::Mount(tree)) => !tree.root().slots().is_empty(),
        Some(_) => true,
    };
    if beside {
        let message =
            format!("its content is given twice: as it stands, and as the annotation {name}");
        let error = reader.error(ErrorKind::Duplicate, Some(id), message);
        return Err(error.with_help("leave one of them out"));
    }
    let any = AnyData::of_original(encoding, text, reader.options);
    let any = any.map_err(|(kind, message)| {
        reader.error(kind, Some(id), format!("annotation {name}: {message}"))
    })?;
    if schema.node(id).mount_point().is_none() {
        return Ok(Content::Any(Arc::new(any)));
    }
    reader.place.push(id);
    let around = reader.place.instance_path();
    let path = reader.place.path_of(None);
    reader.place.discard();
    let Some(inner) = reader.options.schema_at(&around) else {
        return Ok(Content::Any(Arc::new(any)));
    };
    let read = bound(&any, &inner, around, reader.options);
    let tree: Tree = read.map_err(|errors| {
        let first = errors.into_iter().next();
        let mut error =
            first.unwrap_or_else(|| reader.error(ErrorKind::Malformed, Some(id), String::new()));
        error.path = ErrorPath(format!("{}{}", path.0, error.path.0).into());
        error
    })?;
    Ok(Content::Mount(Arc::new(tree)))
}
