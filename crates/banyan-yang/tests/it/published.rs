//! Published models compile in strict mode without a word.

use std::sync::Arc;

use banyan_yang::compile::{Compiler, MemorySource, Mode};
use banyan_yang::schema::{NodeKind, Schema, SchemaId};

use crate::shared;

fn strict(source: &MemorySource, modules: &[&str]) -> Arc<Schema> {
    let mut compiler = Compiler::new(source);
    for module in modules {
        compiler = compiler.implement(module, None);
    }
    let compiled = compiler.compile().unwrap_or_else(|error| panic!("{error}"));
    let sources = compiled.schema.sources();
    let said: Vec<_> = compiled
        .diagnostics
        .iter()
        .map(|d| d.one_line(sources))
        .collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
    compiled.schema
}

/// The schema of a module that has errors of this one kind.
fn lenient(source: &MemorySource, module: &str, code: &str) -> Arc<Schema> {
    let compiler = Compiler::new(source).implement(module, None);
    let compiled = compiler.mode(Mode::Lenient).compile();
    let compiled = compiled.unwrap_or_else(|error| panic!("{error}"));
    assert!(!compiled.diagnostics.is_empty());
    for found in &compiled.diagnostics {
        let line = found.one_line(compiled.schema.sources());
        assert_eq!(found.code, code, "{line}");
    }
    compiled.schema
}

fn node(schema: &Schema, path: &[(&str, &str)]) -> SchemaId {
    path.iter().fold(SchemaId::ROOT, |at, (module, name)| {
        let module = schema.module_by_name(module).unwrap();
        schema
            .schema_child(at, module, name)
            .unwrap_or_else(|| panic!("{name} is not in {}", schema.path(at)))
    })
}

#[test]
fn ietf_modules_compile_without_a_diagnostic() {
    let Some(models) = shared::models("ietf_modules_compile_without_a_diagnostic") else {
        return;
    };
    let source = shared::source(&models, &["ietf", "iana"]);
    let schema = strict(
        &source,
        &[
            "ietf-interfaces",
            "ietf-ip",
            "ietf-netconf-acm",
            "ietf-yang-library",
            "ietf-netconf-monitoring",
            "iana-if-type",
        ],
    );
    let mtu = node(
        &schema,
        &[
            ("ietf-interfaces", "interfaces"),
            ("ietf-interfaces", "interface"),
            ("ietf-ip", "ipv4"),
            ("ietf-ip", "mtu"),
        ],
    );
    assert_eq!(
        schema.path(mtu),
        "/ietf-interfaces:interfaces/interface/ietf-ip:ipv4/mtu"
    );
}

#[test]
fn openconfig_modules_compile_with_all_their_augments() {
    let Some(models) = shared::models("openconfig_modules_compile_with_all_their_augments") else {
        return;
    };
    let source = shared::source(&models, &["openconfig"]);
    let augmenting: Vec<String> = shared::texts(&models, &["openconfig"])
        .into_iter()
        .filter(|(_, text)| text.lines().any(|line| line.starts_with("module ")))
        .filter(|(_, text)| {
            text.contains("augment \"/oc-if:")
                || text.contains("augment \"/oc-netinst:")
                || text.contains("augment \"/oc-ni:")
        })
        .map(|(path, _)| {
            path.rsplit('/')
                .next()
                .unwrap()
                .trim_end_matches(".yang")
                .to_owned()
        })
        .collect();
    let mut modules = vec![
        "openconfig-interfaces",
        "openconfig-bgp",
        "openconfig-network-instance",
    ];
    modules.extend(augmenting.iter().map(String::as_str));
    let schema = strict(&source, &modules);
    assert!(schema.nodes().len() > 1000);
}

#[test]
fn published_structures_compile_beside_the_data_tree() {
    let Some(models) = shared::models("published_structures_compile_beside_the_data_tree") else {
        return;
    };
    let source = shared::source(&models, &["ietf", "iana"]);
    let named = |module: &str| -> Vec<String> {
        // RFC 9132 refers from its structure to data, which are in no document of a structure (RFC 8791 4).
        let schema = match module.starts_with("ietf-dots-") {
            true => lenient(&source, module, "leafref-leaves-structure"),
            false => strict(&source, &[module]),
        };
        let id = schema.module_by_name(module).unwrap();
        schema
            .structures()
            .filter(|(owner, _, _)| *owner == id)
            .map(|(_, name, id)| format!("{} {name}", schema.node(id).kind.keyword()))
            .collect()
    };
    for (module, structures) in [
        ("ietf-dots-signal-channel", &["structure dots-signal"][..]),
        ("ietf-dots-telemetry", &["structure dots-telemetry"]),
        ("ietf-dots-robust-trans", &[]),
        ("ietf-dots-call-home", &[]),
        ("ietf-dots-signal-control", &[]),
        ("ietf-sid-file", &["structure sid-file"]),
        ("ietf-sztp-csr", &["structure csr-request"]),
        (
            "ietf-sztp-conveyed-info",
            &["yang-data conveyed-information"],
        ),
        ("ietf-voucher", &["yang-data voucher-artifact"]),
        (
            "ietf-voucher-request",
            &["yang-data voucher-request-artifact"],
        ),
        ("ietf-yang-instance-data", &["structure instance-data-set"]),
        (
            "ietf-yang-patch",
            &["yang-data yang-patch", "yang-data yang-patch-status"],
        ),
        (
            "ietf-restconf",
            &["yang-data yang-errors", "yang-data yang-api"],
        ),
    ] {
        assert_eq!(named(module), structures, "{module}");
    }
}

#[test]
fn actions_of_tailf_common_are_actions() {
    let Some(models) = shared::models("actions_of_tailf_common_are_actions") else {
        return;
    };
    let source = shared::source(&models, &["tailf", "cisco-xe"]);
    let schema = strict(&source, &["tailf-kicker", "tailf-aaa"]);
    let actions: Vec<String> = schema
        .nodes()
        .filter(|(_, node)| node.kind == NodeKind::Action)
        .map(|(id, _)| schema.path(id))
        .collect();
    assert_eq!(
        actions,
        [
            "/tailf-aaa:aaa/authentication/users/user/change-password",
            "/tailf-kicker:kickers/send-kicker-triggered",
        ]
    );
}
