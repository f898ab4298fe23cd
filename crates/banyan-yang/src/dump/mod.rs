//! A schema as text: JSON Lines, one object per module, identity, annotation and node, with all that decides which data are valid.
//!
//! Two schemas that dump alike accept the same data. Descriptions, places and references are left out, so that a
//! dump shows whether two texts of one module mean the same. Every line is a JSON document of its own, so that lines can
//! be compared, searched and cut off; what has its default value is not written. Nothing reads it back.

mod line;
mod types;

use crate::schema::{
    Annotation, Expression, ExtensionInstance, IdentityId, Module, ModuleId, NodeKind, OrderedBy,
    Schema, SchemaId, SchemaNode, Status, WhenContext,
};
use line::{Line, string};

/// The dump of a whole schema; see [`lines`]. Linear in the schema.
pub fn dump(schema: &Schema) -> String {
    let mut text = String::new();
    for line in lines(schema) {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// The lines of a dump: modules, then identities, then annotations, all in the order of their names; then nodes, depth
/// first in schema order; then structures in the same way.
pub fn lines(schema: &Schema) -> impl Iterator<Item = String> {
    let modules = schema.modules().map(|(_, module)| {
        let key = (module.name.clone(), module.revision.clone());
        (key, module_line(schema, module))
    });
    let mut modules: Vec<_> = modules.collect();
    modules.sort();
    let identities = schema.identities().map(|(id, _)| identity_line(schema, id));
    let mut identities: Vec<String> = identities.collect();
    identities.sort();
    let annotations = schema.annotations().iter();
    let mut annotations: Vec<String> = annotations
        .map(|annotation| annotation_line(schema, annotation))
        .collect();
    annotations.sort();
    let mut open: Vec<SchemaId> = schema.structures().map(|(_, _, id)| id).collect();
    open.reverse();
    open.push(SchemaId::ROOT);
    let nodes = std::iter::from_fn(move || {
        loop {
            let id = open.pop()?;
            open.extend(schema.children(id).iter().rev());
            if id != SchemaId::ROOT {
                return Some(node_line(schema, id));
            }
        }
    });
    let modules = modules.into_iter().map(|(_, line)| line);
    modules.chain(identities).chain(annotations).chain(nodes)
}

fn module_line(schema: &Schema, module: &Module) -> String {
    let mut line = Line::new();
    line.text("module", &module.name);
    line.optional("revision", module.revision.as_ref());
    line.text("namespace", &module.namespace);
    line.text("prefix", &module.prefix);
    line.text("yang-version", if module.yang_1_1 { "1.1" } else { "1" });
    line.json("implemented", module.implemented);
    line.texts("feature", &module.features);
    line.texts(
        "submodule",
        module.submodules.iter().map(|submodule| &submodule.name),
    );
    line.texts(
        "deviated-by",
        module.deviated_by.iter().map(|id| module_name(schema, *id)),
    );
    line.finish()
}

fn identity_line(schema: &Schema, id: IdentityId) -> String {
    let identity = schema.identity(id);
    let mut line = Line::new();
    line.text("identity", &identity_name(schema, id));
    let ancestors = identity.ancestors.iter();
    let mut ancestors: Vec<String> = ancestors.map(|id| identity_name(schema, *id)).collect();
    ancestors.sort();
    line.texts("derived-from", ancestors);
    line.flag("unusable", !identity.usable);
    status(&mut line, identity.status);
    line.finish()
}

fn annotation_line(schema: &Schema, annotation: &Annotation) -> String {
    let mut line = Line::new();
    let module = module_name(schema, annotation.module);
    line.text("annotation", &format!("{module}:{}", annotation.name));
    line.json("type", types::type_json(schema, &annotation.ty));
    line.optional("units", annotation.units.as_ref());
    status(&mut line, annotation.status);
    line.finish()
}

fn identity_name(schema: &Schema, id: IdentityId) -> String {
    let identity = schema.identity(id);
    format!("{}:{}", module_name(schema, identity.module), identity.name)
}

fn module_name(schema: &Schema, id: ModuleId) -> &str {
    &schema.module(id).name
}

fn status(line: &mut Line, status: Status) {
    match status {
        Status::Current => {}
        Status::Deprecated => line.text("status", "deprecated"),
        Status::Obsolete => line.text("status", "obsolete"),
    }
}

fn node_line(schema: &Schema, id: SchemaId) -> String {
    let node = schema.node(id);
    let mut line = Line::new();
    line.text("path", &schema.path(id));
    line.text("kind", node.kind.keyword());
    if let Some(ty) = &node.ty {
        line.json("type", types::type_json(schema, ty));
    }
    let keys = node.keys().iter().map(|key| &schema.node(*key).name);
    line.texts("key", keys);
    line.flag("is-key", node.is_key);
    if has_config(schema, id) {
        line.json("config", node.config);
    }
    line.flag("mandatory", node.mandatory);
    line.flag("presence", node.presence);
    line.texts(
        "default",
        node.defaults().iter().map(|default| &default.text),
    );
    let default_case = node.default_case().map(|case| &schema.node(case).name);
    line.optional("default-case", default_case);
    line.optional("units", node.units().as_ref());
    if node.min_elements() > 0 {
        line.json("min-elements", node.min_elements());
    }
    if let Some(max) = node.max_elements() {
        line.json("max-elements", max);
    }
    if node.ordered_by == OrderedBy::User {
        line.text("ordered-by", "user");
    }
    let uniques = node.uniques().iter().map(|unique| {
        let leaves = unique.leaves.iter().map(|leaf| string(&schema.path(*leaf)));
        format!("[{}]", leaves.collect::<Vec<_>>().join(","))
    });
    line.array("unique", uniques);
    constraints(&mut line, node);
    line.optional("mount-point", node.mount_point().as_ref());
    line.array("extension", node.extensions().iter().map(extension));
    status(&mut line, node.status);
    line.finish()
}

/// False on and inside operations, notifications (RFC 7950 7.21.1) and structures (RFC 8791 4), where `config` has no meaning.
fn has_config(schema: &Schema, id: SchemaId) -> bool {
    let mut at = Some(id);
    while let Some(id) = at {
        let node = schema.node(id);
        if matches!(
            node.kind,
            NodeKind::Rpc
                | NodeKind::Action
                | NodeKind::Notification
                | NodeKind::Structure
                | NodeKind::YangData
        ) {
            return false;
        }
        at = node.parent();
    }
    true
}

fn constraints(line: &mut Line, node: &SchemaNode) {
    let musts = node.musts().iter().map(|must| {
        let mut line = Line::new();
        line.text("xpath", &expression(&must.expression));
        line.errors(must.error_message.as_deref(), must.error_app_tag.as_deref());
        line.finish()
    });
    line.array("must", musts);
    let whens = node.whens().iter().map(|when| {
        let mut line = Line::new();
        line.text("xpath", &expression(&when.expression));
        line.flag("on-parent", when.context == WhenContext::Parent);
        line.finish()
    });
    line.array("when", whens);
}

fn extension(extension: &ExtensionInstance) -> String {
    let mut line = Line::new();
    let name = format!("{}:{}", extension.module, extension.name);
    line.text("name", &name);
    line.optional("argument", extension.argument.as_ref());
    line.finish()
}

/// An expression in its canonical print.
fn expression(expression: &Expression) -> String {
    expression.expr.to_string()
}

#[cfg(test)]
mod tests;
