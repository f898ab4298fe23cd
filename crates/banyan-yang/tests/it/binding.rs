//! Every expression of published modules binds to the schema that it stands in.

use banyan_yang::compile::{Compiler, Mode};
use banyan_yang::schema::{Expression, Schema, SchemaId, TypeKind};
use banyan_yang::xpath::Extent;
use banyan_yang::xpath::bind::{bind_expression, when_context};

use crate::shared;

/// All expressions of a node with the node that each is evaluated on.
fn expressions(schema: &Schema, id: SchemaId) -> Vec<(&Expression, SchemaId)> {
    let node = schema.node(id);
    let musts = node.musts().iter().map(|must| (&must.expression, id));
    let whens = node
        .whens()
        .iter()
        .map(|when| (&when.expression, when_context(schema, id, when)));
    let path = node.ty.as_ref().and_then(|ty| match &ty.kind {
        TypeKind::Leafref { path, .. } => Some((path, id)),
        _ => None,
    });
    musts.chain(whens).chain(path).collect()
}

#[test]
fn every_expression_of_published_modules_binds() {
    let Some(models) = shared::models("every_expression_of_published_modules_binds") else {
        return;
    };
    for folder in ["ietf", "openconfig"] {
        let source = shared::source(&models, &["ietf", "iana", "openconfig"]);
        let mut compiler = Compiler::new(&source).mode(Mode::Lenient);
        for (path, text) in shared::texts(&models, &[folder]) {
            let name = path
                .rsplit('/')
                .next()
                .and_then(|file| file.split(['@', '.']).next());
            let Some(name) =
                name.filter(|_| !text.contains("belongs-to") && !path.contains("ietf-template@"))
            else {
                continue;
            };
            compiler = compiler.implement(name, None);
        }
        let schema = match compiler.compile() {
            Ok(compiled) => compiled.schema,
            Err(error) => panic!("{error}"),
        };
        let (mut bound, mut wrong) = (0, Vec::new());
        for (id, _) in schema.nodes() {
            for (expression, context) in expressions(&schema, id) {
                bound += 1;
                if let Err(error) = bind_expression(&schema, expression, context, Extent::Existence)
                {
                    wrong.push(format!(
                        "{}: {error}",
                        schema.sources().location(expression.span)
                    ));
                }
            }
        }
        assert!(bound > 1000, "{folder}: only {bound} expressions");
        assert!(wrong.is_empty(), "{folder}: {}", wrong.join("\n"));
    }
}
