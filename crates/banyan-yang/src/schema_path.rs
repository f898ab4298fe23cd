//! From a path as people write it to the schema node that it names.

use crate::nearest::nearest;
use crate::schema::{ModuleId, Schema, SchemaId};

/// A path that names no node. Shows as one line.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SchemaPathError {
    /// It does not begin with a slash.
    #[error("{0} does not begin with `/`; write the path from the top, as /module:container/leaf")]
    Relative(String),
    /// It has predicates or keys.
    #[error(
        "{0} picks entries, and a path of the schema does not; leave out what stands in brackets"
    )]
    Predicate(String),
    /// No module has this name or prefix.
    #[error("there is no module {name} here{}", suggestion(.nearest.as_deref()))]
    UnknownModule {
        /// As written.
        name: String,
        /// A module with nearly this name.
        nearest: Option<String>,
    },
    /// A step leads nowhere.
    #[error("{under} has no node {name}{}", suggestion(.nearest.as_deref()))]
    UnknownNode {
        /// As written.
        name: String,
        /// The path up to there.
        under: String,
        /// A child with nearly this name.
        nearest: Option<String>,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

/// The node that a path from the top names: `/module:a/b`. Modules go by name or prefix and may be left out; choices,
/// cases, `input` and `output` may be named, and choices and cases may be left out.
///
/// # Errors
/// The first step that leads nowhere, with the nearest name.
pub fn node_at(schema: &Schema, path: &str) -> Result<SchemaId, SchemaPathError> {
    let steps = path
        .strip_prefix('/')
        .ok_or_else(|| SchemaPathError::Relative(path.to_owned()))?;
    if path.contains(['[', '{', '=']) {
        return Err(SchemaPathError::Predicate(path.to_owned()));
    }
    let mut at = SchemaId::ROOT;
    for step in steps.split('/').filter(|step| !step.is_empty()) {
        at = child(schema, at, step)?;
    }
    Ok(at)
}

fn child(schema: &Schema, at: SchemaId, step: &str) -> Result<SchemaId, SchemaPathError> {
    let (module, name) = match step.split_once(':') {
        Some((module, name)) => (Some(module_named(schema, module)?), name),
        None => (None, step),
    };
    let own = (at != SchemaId::ROOT).then(|| schema.node(at).module);
    let exact = |module: ModuleId| {
        let data = schema.data_child(at, module, name);
        data.or_else(|| schema.schema_child(at, module, name))
    };
    let in_any = || {
        let children = schema.children(at).iter().copied();
        let data = schema.data_children(at).iter().copied();
        let mut all = children.chain(data);
        all.find(|id| &*schema.node(*id).name == name)
    };
    let found = match module {
        Some(module) => exact(module),
        None => own.and_then(exact).or_else(in_any),
    };
    found.ok_or_else(|| {
        let children = schema.children(at).iter();
        let all = children.chain(schema.data_children(at).iter());
        let names = all.map(|id| &*schema.node(*id).name);
        SchemaPathError::UnknownNode {
            name: step.to_owned(),
            under: schema.path(at),
            nearest: nearest(name, names).map(str::to_owned),
        }
    })
}

fn module_named(schema: &Schema, name: &str) -> Result<ModuleId, SchemaPathError> {
    let by_prefix = || {
        let mut modules = schema.modules();
        let found = modules.find(|(_, module)| module.implemented && &*module.prefix == name);
        found.map(|(id, _)| id)
    };
    let found = schema.module_by_name(name).or_else(by_prefix);
    found.ok_or_else(|| SchemaPathError::UnknownModule {
        name: name.to_owned(),
        nearest: nearest(name, schema.modules().map(|(_, module)| &*module.name))
            .map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::{Compiler, MemorySource};

    #[test]
    fn a_path_leads_to_its_node_and_a_slip_to_the_nearest_name() {
        let mut source = MemorySource::new();
        source.add(
            "module shop { namespace urn:s; prefix s; container shop { list item { key name; \
             leaf name { type string; } choice kind { leaf price { type int8; } } } } \
             rpc buy { input { leaf what { type string; } } } }",
        );
        let compiled = Compiler::new(&source).implement("shop", None).compile();
        let schema = compiled.expect("compiles").schema;
        let path = |text: &str| match node_at(&schema, text) {
            Ok(id) => schema.path(id),
            Err(error) => error.to_string(),
        };
        assert_eq!(path("/"), "/");
        assert_eq!(path("/shop/item/price"), "/shop:shop/item/kind/price/price");
        assert_eq!(path("/s:shop/item/kind"), "/shop:shop/item/kind");
        assert_eq!(path("/shop:buy/input/what"), "/shop:buy/input/what");
        assert_eq!(
            path("/shop/itme"),
            "/shop:shop has no node itme; did you mean item?"
        );
        assert_eq!(
            path("/shpo:shop"),
            "there is no module shpo here; did you mean shop?"
        );
        assert_eq!(
            path("/shop/item[name='a']"),
            "/shop/item[name='a'] picks entries, and a path of the schema does not; leave out what stands in brackets"
        );
        assert!(path("shop").contains("does not begin with"));
    }
}
