//! A schema as text: one line per module, identity and node, with all that decides which data are valid.
//!
//! Two schemas that dump alike accept the same data. Descriptions, places and references are left out, so that a
//! dump shows whether two texts of one module mean the same. Meant for tests and for people who compare schemas;
//! nothing reads it back.

use std::fmt::{Display, Write};

use crate::schema::{
    Annotation, Expression, IdentityId, Module, ModuleId, NodeKind, OrderedBy, Restriction, Schema,
    SchemaId, SchemaNode, Status, Type, TypeKind, WhenContext,
};

/// The dump of a whole schema: modules, then identities, then annotations, all in the order of their names; then
/// nodes, depth first in schema order; then structures in the same way. Linear in the schema.
pub fn dump(schema: &Schema) -> String {
    let mut lines = Vec::new();
    lines.extend(schema.modules().map(|(_, module)| module_line(module)));
    lines.sort();
    let mut identities: Vec<String> = schema
        .identities()
        .map(|(id, _)| identity_line(schema, id))
        .collect();
    identities.sort();
    lines.append(&mut identities);
    let annotations = schema.annotations().iter();
    let mut annotations: Vec<String> = annotations
        .map(|annotation| annotation_line(schema, annotation))
        .collect();
    annotations.sort();
    lines.append(&mut annotations);
    let mut open: Vec<SchemaId> = schema
        .node(SchemaId::ROOT)
        .children
        .iter()
        .rev()
        .copied()
        .collect();
    let structures: Vec<SchemaId> = schema.structures().map(|(_, _, id)| id).collect();
    open.splice(0..0, structures.into_iter().rev());
    while let Some(id) = open.pop() {
        lines.push(node_line(schema, id));
        open.extend(schema.node(id).children.iter().rev());
    }
    lines.push(String::new());
    lines.join("\n")
}

/// A line in the making: words with a space between them.
struct Line(String);

impl Line {
    fn new(start: impl Display) -> Self {
        Self(start.to_string())
    }

    fn word(&mut self, word: impl Display) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {word}");
    }

    fn flag(&mut self, name: &str, set: bool) {
        if set {
            self.word(name);
        }
    }

    fn field(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.word(format_args!("{name}={value}"));
        }
    }

    fn list(&mut self, name: &str, values: impl IntoIterator<Item = impl Display>) {
        let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
        if !values.is_empty() {
            self.word(format_args!("{name}=[{}]", values.join(" ")));
        }
    }

    /// What a violated constraint answers.
    fn errors(&mut self, message: Option<&str>, app_tag: Option<&str>) {
        self.field(
            "error-message",
            message.map(|message| format!("{message:?}")),
        );
        self.field("error-app-tag", app_tag);
    }

    fn status(&mut self, status: Status) {
        match status {
            Status::Current => {}
            Status::Deprecated => self.word("deprecated"),
            Status::Obsolete => self.word("obsolete"),
        }
    }
}

fn module_line(module: &Module) -> String {
    let mut line = Line::new(format_args!("module {}", module.name));
    line.field("revision", module.revision.as_ref());
    line.field("namespace", Some(&module.namespace));
    line.field("prefix", Some(&module.prefix));
    line.flag("yang-1.1", module.yang_1_1);
    line.flag("implemented", module.implemented);
    line.list("features", &module.features);
    line.list(
        "submodules",
        module.submodules.iter().map(|submodule| &submodule.name),
    );
    line.0
}

fn identity_line(schema: &Schema, id: IdentityId) -> String {
    let identity = schema.identity(id);
    let mut line = Line::new(format_args!("identity {}", identity_name(schema, id)));
    let mut ancestors: Vec<String> = identity
        .ancestors
        .iter()
        .map(|id| identity_name(schema, *id))
        .collect();
    ancestors.sort();
    line.list("derived-from", ancestors);
    line.flag("unusable", !identity.usable);
    line.status(identity.status);
    line.0
}

fn annotation_line(schema: &Schema, annotation: &Annotation) -> String {
    let module = module_name(schema, annotation.module);
    let mut line = Line::new(format_args!("annotation {module}:{}", annotation.name));
    line.word(type_text(schema, &annotation.ty));
    let units = annotation.units.as_ref();
    line.field("units", units.map(|units| format!("{units:?}")));
    line.status(annotation.status);
    line.0
}

fn identity_name(schema: &Schema, id: IdentityId) -> String {
    let identity = schema.identity(id);
    format!("{}:{}", module_name(schema, identity.module), identity.name)
}

fn module_name(schema: &Schema, id: ModuleId) -> &str {
    &schema.module(id).name
}

fn node_line(schema: &Schema, id: SchemaId) -> String {
    let node = schema.node(id);
    let mut line = Line::new(schema.path(id));
    line.word(node.kind.keyword());
    if let Some(ty) = &node.ty {
        line.word(type_text(schema, ty));
    }
    let child_names = |ids: &[SchemaId]| -> Vec<String> {
        ids.iter()
            .map(|id| schema.node(*id).name.to_string())
            .collect()
    };
    line.list("key", child_names(&node.keys));
    line.flag("is-key", node.is_key);
    line.flag("config=false", !node.config && has_config(schema, id));
    line.flag("mandatory", node.mandatory);
    line.flag("presence", node.presence);
    line.list(
        "default",
        node.defaults
            .iter()
            .map(|default| format!("{:?}", default.text)),
    );
    line.field(
        "default-case",
        node.default_case.map(|case| &schema.node(case).name),
    );
    line.field(
        "units",
        node.units.as_ref().map(|units| format!("{units:?}")),
    );
    line.field("min", (node.min_elements > 0).then_some(node.min_elements));
    line.field("max", node.max_elements);
    line.flag("ordered-by=user", node.ordered_by == OrderedBy::User);
    for unique in &node.uniques {
        line.list(
            "unique",
            unique.leaves.iter().map(|leaf| schema.path(*leaf)),
        );
    }
    constraints(node, &mut line);
    line.field("mount-point", node.mount_point.as_ref());
    line.list(
        "extensions",
        node.extensions.iter().map(|extension| {
            let name = format!("{}:{}", extension.module, extension.name);
            match &extension.argument {
                Some(argument) => format!("{name} {argument:?}"),
                None => name,
            }
        }),
    );
    line.status(node.status);
    line.0
}

/// False inside operations and notifications, where `config` has no meaning (RFC 7950 7.21.1).
fn has_config(schema: &Schema, id: SchemaId) -> bool {
    let mut at = Some(id);
    while let Some(id) = at {
        let node = schema.node(id);
        if matches!(
            node.kind,
            NodeKind::Rpc | NodeKind::Action | NodeKind::Notification
        ) {
            return false;
        }
        at = node.parent;
    }
    true
}

fn constraints(node: &SchemaNode, line: &mut Line) {
    for must in &node.musts {
        line.word(format_args!("must={}", expression_text(&must.expression)));
        line.errors(must.error_message.as_deref(), must.error_app_tag.as_deref());
    }
    for when in &node.whens {
        let on = match when.context {
            WhenContext::Node => "when",
            WhenContext::Parent => "when-on-parent",
        };
        line.word(format_args!("{on}={}", expression_text(&when.expression)));
    }
}

/// An expression in its canonical print.
fn expression_text(expression: &Expression) -> String {
    format!("{:?}", expression.expr.to_string())
}

/// A type with its restrictions: `string{length 1..9; pattern "a+"}(module:typedef)`.
fn type_text(schema: &Schema, ty: &Type) -> String {
    let mut parts: Vec<String> = Vec::new();
    match &ty.kind {
        TypeKind::Int(_, range) => parts.extend(restriction_text("range", range)),
        TypeKind::Uint(_, range) => parts.extend(restriction_text("range", range)),
        TypeKind::Decimal64 {
            fraction_digits,
            range,
        } => {
            parts.push(format!("fraction-digits {fraction_digits}"));
            parts.extend(restriction_text("range", range));
        }
        TypeKind::String { length, patterns } => {
            parts.extend(restriction_text("length", length));
            parts.extend(patterns.iter().map(|pattern| {
                let word = if pattern.invert_match {
                    "not-pattern"
                } else {
                    "pattern"
                };
                let mut line = Line::new(format_args!("{word} {:?}", pattern.pattern.as_str()));
                line.errors(
                    pattern.error_message.as_deref(),
                    pattern.error_app_tag.as_deref(),
                );
                line.0
            }));
        }
        TypeKind::Binary(length) => parts.extend(restriction_text("length", length)),
        TypeKind::Enumeration(items) => {
            parts.extend(
                items
                    .iter()
                    .map(|item| format!("{}={}", item.name, item.value)),
            );
        }
        TypeKind::Bits(bits) => parts.extend(
            bits.iter()
                .map(|bit| format!("{}={}", bit.name, bit.position)),
        ),
        TypeKind::Leafref {
            path,
            target,
            require_instance,
            ..
        } => {
            parts.push(format!("path {}", expression_text(path)));
            parts.push(format!("target {}", schema.path(*target)));
            parts.extend((!require_instance).then(|| "require-instance false".to_owned()));
        }
        TypeKind::IdentityRef(bases) => {
            parts.extend(bases.iter().map(|base| identity_name(schema, *base)))
        }
        TypeKind::Union(members) => {
            parts.extend(members.iter().map(|member| type_text(schema, member)))
        }
        TypeKind::InstanceIdentifier { require_instance } => {
            parts.extend((!require_instance).then(|| "require-instance false".to_owned()));
        }
        TypeKind::Boolean | TypeKind::Empty => {}
    }
    let mut text = ty.builtin_name().to_owned();
    if !parts.is_empty() {
        text += &format!("{{{}}}", parts.join("; "));
    }
    if let Some((module, name)) = &ty.typedef {
        text += &format!("({}:{name})", module_name(schema, *module));
    }
    text
}

fn restriction_text<T: Display + PartialEq>(
    word: &str,
    restriction: &Restriction<T>,
) -> Option<String> {
    if restriction.parts.is_empty() {
        return None;
    }
    let intervals: Vec<String> = restriction
        .parts
        .iter()
        .map(|part| match part.min == part.max {
            true => part.min.to_string(),
            false => format!("{}..{}", part.min, part.max),
        })
        .collect();
    let mut line = Line::new(format_args!("{word} {}", intervals.join("|")));
    line.errors(
        restriction.error_message.as_deref(),
        restriction.error_app_tag.as_deref(),
    );
    Some(line.0)
}
