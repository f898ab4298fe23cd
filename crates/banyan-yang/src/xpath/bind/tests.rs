//! What binding resolves, looks up, reads and refuses.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::schema::{
    Identity, IntWidth, Module, ModuleId, Restriction, SchemaNode, SchemaParts, Status, Type,
    TypeKind,
};
use crate::source::Span;
use crate::xpath::{JoinKey, Per, PlanExpr, PlanStep, PlanTest, Read, ReadClass, parse};

const MODEL: &str = "\
container interfaces
  list interface name
    leaf name
    leaf mtu uint
    leaf enabled
    leaf type identity
    container stats
      leaf in uint
    list address ip prefix
      leaf ip
      leaf prefix uint
container system
  leaf hostname
  leaf primary ref /interfaces/interface/name
  list route dest
    leaf dest
    leaf via ref /interfaces/interface/name
    leaf target instance
container devices
  list device name
    leaf name
    container config mount
rpc ping
  input input
    leaf host
    leaf count uint
";

/// A schema of one module `t` from an indented outline: kind, name, and keys of a list or type of a leaf.
fn outline(text: &str) -> Arc<Schema> {
    let mut nodes = vec![SchemaNode::new(
        NodeKind::Root,
        "".into(),
        ModuleId(0),
        None,
        Span::default(),
    )];
    let mut open = vec![SchemaId::ROOT];
    let mut keyed: Vec<(usize, Vec<&str>)> = Vec::new();
    for line in text.lines() {
        let depth = (line.len() - line.trim_start().len()) / 2 + 1;
        open.truncate(depth);
        let mut words = line.split_whitespace();
        let (kind, name) = (words.next().unwrap(), words.next().unwrap());
        let kind = match kind {
            "container" => NodeKind::Container,
            "list" => NodeKind::List,
            "leaf" => NodeKind::Leaf,
            "rpc" => NodeKind::Rpc,
            "input" => NodeKind::Input,
            other => panic!("{other}"),
        };
        let id = SchemaId(nodes.len() as u32);
        let parent = open[depth - 1];
        let mut node = SchemaNode::new(
            kind,
            name.into(),
            ModuleId(0),
            Some(parent),
            Span::default(),
        );
        let rest: Vec<&str> = words.collect();
        match (kind, rest.first().copied()) {
            (NodeKind::List, _) => keyed.push((id.index(), rest)),
            (NodeKind::Container, Some("mount")) => node.facts_mut().mount_point = Some("m".into()),
            (NodeKind::Leaf, ty) => {
                node.ty = Some(Arc::new(leaf_type(&nodes, ty, rest.get(1).copied())))
            }
            _ => {}
        }
        nodes.push(node);
        open.push(id);
    }
    for (list, keys) in keyed {
        for key in keys {
            let is_key = |node: &SchemaNode| {
                node.parent() == Some(SchemaId(list as u32)) && *node.name == *key
            };
            let id = SchemaId(nodes.iter().position(is_key).unwrap() as u32);
            nodes[list].links_mut().keys.push(id);
        }
    }
    let module = |name: &str, implemented| Module {
        name: name.into(),
        revision: None,
        namespace: format!("urn:{name}").into(),
        prefix: name.into(),
        yang_1_1: true,
        implemented,
        features: BTreeSet::new(),
        deviated_by: Vec::new(),
        submodules: Vec::new(),
        extensions: Vec::new(),
        text: "".into(),
    };
    let identity = |name: &str, ancestors| Identity {
        name: name.into(),
        module: ModuleId(1),
        ancestors,
        status: Status::Current,
        usable: true,
    };
    SchemaParts {
        modules: vec![
            module("test", true),
            module("types", false),
            module("other", true),
        ],
        nodes,
        identities: vec![
            identity("interface-type", Vec::new()),
            identity("ethernet", vec![crate::schema::IdentityId(0)]),
        ],
        ..SchemaParts::default()
    }
    .assemble()
}

fn leaf_type(nodes: &[SchemaNode], name: Option<&str>, argument: Option<&str>) -> Type {
    let string = || TypeKind::String {
        length: Restriction::default(),
        patterns: Default::default(),
    };
    let kind = match name {
        None => string(),
        Some("uint") => TypeKind::Uint(IntWidth::W32, Restriction::default()),
        Some("identity") => TypeKind::IdentityRef([crate::schema::IdentityId(0)].into()),
        Some("instance") => TypeKind::InstanceIdentifier {
            require_instance: true,
        },
        Some("ref") => {
            let path = argument.unwrap();
            let target =
                path.trim_start_matches('/')
                    .split('/')
                    .fold(SchemaId::ROOT, |at, step| {
                        let is_step =
                            |node: &SchemaNode| node.parent() == Some(at) && *node.name == *step;
                        SchemaId(nodes.iter().position(is_step).unwrap() as u32)
                    });
            TypeKind::Leafref {
                path: Expression {
                    text: path.into(),
                    expr: Arc::new(parse(path).unwrap()),
                    prefixes: Arc::default(),
                    span: Span::default(),
                },
                target,
                resolved: Arc::new(Type {
                    kind: string(),
                    typedef: None,
                }),
                require_instance: true,
            }
        }
        Some(other) => panic!("{other}"),
    };
    Type {
        kind,
        typedef: None,
    }
}

fn prefixes() -> Arc<PrefixMap> {
    let prefixes = [("t", 0), ("ty", 1), ("o", 2)];
    let prefixes = prefixes
        .map(|(prefix, module)| (prefix.into(), ModuleId(module)))
        .into();
    Arc::new(PrefixMap {
        default: Some(ModuleId(0)),
        prefixes,
    })
}

fn find(schema: &Schema, path: &str) -> SchemaId {
    path.split('/')
        .filter(|step| !step.is_empty())
        .fold(SchemaId::ROOT, |at, step| {
            schema
                .schema_child(at, ModuleId(0), step)
                .unwrap_or_else(|| panic!("no {step} in {path}"))
        })
}

struct Fixture {
    schema: Arc<Schema>,
    context: SchemaId,
    bound: Bound,
}

fn bound(context: &str, expr: &str) -> Fixture {
    let schema = outline(MODEL);
    let context = find(&schema, context);
    let bound = bind(
        &schema,
        &parse(expr).unwrap(),
        &prefixes(),
        context,
        Extent::Existence,
    )
    .unwrap();
    Fixture {
        schema,
        context,
        bound,
    }
}

impl Fixture {
    /// The reads, one a line: path, extent, common ancestor, joins, class.
    fn reads(&self) -> Vec<String> {
        let name = |id: SchemaId| self.schema.path(id).replace("/test:", "/");
        let join_key = |key: &JoinKey| match key {
            JoinKey::Leaf { leaf, ancestor } => format!("{} by {}", name(*leaf), name(*ancestor)),
            JoinKey::Literal(text) => format!("'{text}'"),
            JoinKey::Opaque => "?".to_owned(),
        };
        let line = |read: &Read| {
            let mut line = format!(
                "{} {:?} from {}",
                name(read.node),
                read.extent,
                name(read.ancestor)
            );
            for join in &read.joins {
                let keys: Vec<String> = join.keys.iter().map(join_key).collect();
                line += &format!(" [{} = {}]", name(join.list), keys.join(", "));
            }
            line + &format!(": {:?}", read.class(&self.schema, self.context))
        };
        self.bound.plan.reads.nodes.iter().map(line).collect()
    }

    fn warnings(&self) -> Vec<String> {
        self.bound
            .warnings
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    fn class(&self) -> ReadClass {
        self.bound.plan.reads.class(&self.schema, self.context)
    }

    /// The steps of a plan that is a path.
    fn steps(&self) -> &[PlanStep] {
        match &self.bound.plan.expr {
            PlanExpr::Path { steps, .. } | PlanExpr::Filter { steps, .. } => steps,
            other => panic!("{other:?}"),
        }
    }
}

const INTERFACE: &str = "/interfaces/interface";

#[test]
fn a_name_knows_the_schema_nodes_that_it_can_mean() {
    let fixture = bound("/interfaces/interface/mtu", "../stats/in");
    let meant: Vec<&[SchemaId]> = fixture
        .steps()
        .iter()
        .filter_map(|step| match &step.test {
            PlanTest::Name(name) => Some(&*name.nodes),
            _ => None,
        })
        .collect();
    let stats = find(&fixture.schema, "/interfaces/interface/stats");
    let counter = find(&fixture.schema, "/interfaces/interface/stats/in");
    assert_eq!(meant, [&[stats][..], &[counter][..]]);
    assert!(fixture.warnings().is_empty());
}

#[test]
fn a_sibling_is_read_locally() {
    let fixture = bound("/interfaces/interface/mtu", "../enabled = 'true'");
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/enabled Value from /interfaces/interface: Local"]
    );
}

#[test]
fn the_own_value_is_read_locally() {
    let fixture = bound("/interfaces/interface/mtu", ". > 68");
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/mtu Value from /interfaces/interface/mtu: Local"]
    );
}

#[test]
fn a_single_leaf_is_broadcast_to_the_entries_of_a_list_and_local_outside_of_lists() {
    let expr = "/system/hostname = 'a'";
    let fixture = bound(INTERFACE, expr);
    assert_eq!(
        fixture.reads(),
        ["/system/hostname Value from /: Broadcast"]
    );
    assert_eq!(bound("/system", expr).class(), ReadClass::Local);
}

#[test]
fn all_keys_given_make_a_lookup_and_a_join() {
    let fixture = bound(
        "/system/route/via",
        "/interfaces/interface[name = current()]/enabled",
    );
    let lookup = fixture.steps()[1].lookup.as_ref().expect("a lookup");
    assert_eq!(lookup.list, find(&fixture.schema, INTERFACE));
    assert_eq!(lookup.keys.len(), 1);
    assert!(fixture.steps()[1].predicates.is_empty());
    assert_eq!(
        fixture.reads(),
        [
            "/interfaces/interface/enabled Existence from / \
             [/interfaces/interface = /system/route/via by /system/route/via]: Keyed",
            "/system/route/via Value from /system/route/via: Local",
        ]
    );
}

#[test]
fn keys_may_be_spread_over_predicates_in_any_order_and_leave_the_rest_behind() {
    let fixture = bound(
        INTERFACE,
        "address[prefix = 24 and ../mtu > 5][t:ip = '10.0.0.1'][last()]",
    );
    let step = &fixture.steps()[0];
    assert_eq!(
        &*step.lookup.as_ref().expect("a lookup").keys,
        [PlanExpr::Literal("10.0.0.1".into()), PlanExpr::Number(24.0)]
    );
    assert_eq!(step.predicates.len(), 2);
    assert!(!step.predicates[0].positional && step.predicates[1].positional);
}

#[test]
fn no_lookup_where_a_key_is_missing_or_its_value_depends_on_the_entry() {
    for expr in [
        "address[ip = 'x']",
        "address[ip = ../name][prefix = 1]",
        "address[1][ip = 'x'][prefix = 1]",
        "address[ip = 'x' or prefix = 1]",
        "address[ip = 5][prefix = 1]",
        "address[ip != 'x'][prefix = 1]",
        "address[ip = 'x' and prefix = position()]",
        "*[ip = 'x'][prefix = 1]",
    ] {
        assert!(bound(INTERFACE, expr).steps()[0].lookup.is_none(), "{expr}");
    }
}

#[test]
fn a_number_left_over_from_a_conjunction_is_a_condition_and_no_position() {
    let fixture = bound("/interfaces", "interface[name = 'x' and 2]");
    let predicates = &fixture.steps()[0].predicates;
    assert!(matches!(&predicates[0].expr, PlanExpr::Call { .. }));
    assert!(!predicates[0].positional);
}

#[test]
fn a_scan_of_a_list_reads_all_its_entries() {
    let fixture = bound(
        "/system/route",
        "count(/interfaces/interface[enabled = 'true']) > 1",
    );
    assert_eq!(
        fixture.reads(),
        [
            "/interfaces/interface Existence from /: Broadcast",
            "/interfaces/interface/enabled Value from /: Broadcast",
        ]
    );
}

#[test]
fn deref_joins_the_entry_that_the_leafref_names() {
    let fixture = bound("/system/route/via", "deref(.)/../enabled = 'true'");
    assert_eq!(
        fixture.reads(),
        [
            "/interfaces/interface/name Existence from / \
             [/interfaces/interface = /system/route/via by /system/route/via]: Keyed",
            "/interfaces/interface/enabled Value from / \
             [/interfaces/interface = /system/route/via by /system/route/via]: Keyed",
            "/system/route/via Value from /system/route/via: Local",
        ]
    );
}

#[test]
fn deref_of_an_instance_identifier_can_read_anything() {
    assert_eq!(
        bound("/system/route", "deref(target)/../mtu").class(),
        ReadClass::Any
    );
}

#[test]
fn a_descent_to_any_depth_lists_what_it_can_find() {
    let fixture = bound("/interfaces", ".//in");
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/stats/in Existence from /interfaces: Local"]
    );
    assert!(!fixture.bound.plan.reads.any);
}

#[test]
fn a_mount_point_opens_the_set() {
    let fixture = bound("/system", "/devices/device[name = 'x']/config/a/b");
    assert!(fixture.bound.plan.reads.any);
    assert!(fixture.warnings().is_empty());
}

#[test]
fn going_up_from_a_picked_entry_forgets_the_pick() {
    let fixture = bound(
        "/system/route/via",
        "/interfaces/interface[name = current()]/../interface/mtu",
    );
    assert!(
        fixture
            .reads()
            .contains(&"/interfaces/interface/mtu Existence from /: Broadcast".to_owned())
    );
}

#[test]
fn an_identity_in_a_comparison_gets_its_canonical_name() {
    let fixture = bound("/interfaces/interface/mtu", "../type = 'ty:ethernet'");
    let PlanExpr::Compare(_, _, right) = &fixture.bound.plan.expr else {
        panic!()
    };
    assert_eq!(**right, PlanExpr::Literal("types:ethernet".into()));
}

#[test]
fn derived_from_knows_its_identity_or_warns() {
    let known = bound(
        "/interfaces/interface/mtu",
        "derived-from-or-self(../type, 'ty:ethernet')",
    );
    assert!(matches!(
        known.bound.plan.expr,
        PlanExpr::DerivedFrom { or_self: true, .. }
    ));
    let unknown = bound(
        "/interfaces/interface/mtu",
        "derived-from(../type, 'ty:ethernt')",
    );
    assert_eq!(
        unknown.warnings(),
        [
            "there is no identity 'ty:ethernt'; did you mean 'ethernet'? (at byte 0 of the expression)"
        ]
    );
}

#[test]
fn an_input_parameter_has_the_rpc_for_its_parent() {
    let fixture = bound(
        "/ping/input/host",
        "../count > 1 and /ping/host and /system/hostname",
    );
    assert!(fixture.warnings().is_empty(), "{:?}", fixture.warnings());
    assert_eq!(
        fixture.reads(),
        [
            "/system/hostname Existence from /: Local",
            "/ping/input/host Existence from /: Local",
            "/ping/input/count Value from /ping: Local",
        ]
    );
}

#[test]
fn what_cannot_exist_is_a_warning_with_the_nearest_name() {
    let fixture = bound(
        "/interfaces/interface/mtu",
        "../enbled and ../stats/out/x and @y and ../ty:a and ../o:mtu",
    );
    assert_eq!(
        fixture.warnings(),
        [
            "/test:interfaces/interface has no node 'enbled' here; did you mean 'enabled'? (at byte 3 of the expression)",
            "/test:interfaces/interface/stats has no node 'out' here (at byte 23 of the expression)",
            "'@y' is always empty: YANG data have no attributes or namespace nodes (RFC 7950 6.4.1) (at byte 33 of the expression)",
            "'ty:a' can never exist: module types is imported, but not implemented (at byte 43 of the expression)",
            "/test:interfaces/interface has no node 'o:mtu' here; did you mean 'test:mtu'? (at byte 55 of the expression)",
        ]
    );
}

#[test]
fn an_unknown_prefix_and_a_misplaced_value_are_errors() {
    let schema = outline(MODEL);
    let error = |text: &str| {
        let result = bind(
            &schema,
            &parse(text).unwrap(),
            &prefixes(),
            SchemaId::ROOT,
            Extent::Existence,
        );
        result.expect_err(text).to_string()
    };
    assert_eq!(
        error("tz:a"),
        "the prefix of 'tz:a' is not known here; did you mean 't'? (at byte 0 of the expression)"
    );
    assert_eq!(
        error("abc:a"),
        "the prefix of 'abc:a' is not known here; import or load its module, or use a prefix that is known (at byte 0 of the expression)"
    );
    assert_eq!(
        error("count('a')"),
        "count() needs a node-set, and ''a'' is none (at byte 0 of the expression)"
    );
    assert_eq!(
        error("('a')/b"),
        "a path step needs a node-set, and ''a'' is none (at byte 6 of the expression)"
    );
    assert_eq!(error("a | 1"), "'|' needs a node-set, and '1' is none");
}

#[test]
fn without_a_default_module_names_match_in_any() {
    let schema = outline(MODEL);
    let expr = parse("/interfaces/interface[name = 'x']/mtu").unwrap();
    let bound = bind(
        &schema,
        &expr,
        &Arc::default(),
        SchemaId::ROOT,
        Extent::Value,
    )
    .unwrap();
    let PlanExpr::Path { steps, .. } = &bound.plan.expr else {
        panic!()
    };
    assert!(steps[1].lookup.is_some());
    assert!(bound.warnings.is_empty());
}

#[test]
fn a_user_may_name_modules_that_only_a_mounted_schema_has() {
    let schema = outline(MODEL);
    let bind_user = |text: &str| {
        let known = |prefix: &str| matches!(prefix, "test" | "ios").then(|| prefix.into());
        bind_user_expression(
            &schema,
            &parse(text).unwrap(),
            &known,
            SchemaId::ROOT,
            Extent::Subtree,
        )
    };
    let bound =
        bind_user("/test:devices/device[name = 'r1']/config/ios:interface[name = '0']/ios:*")
            .unwrap();
    let PlanExpr::Path { steps, .. } = &bound.plan.expr else {
        panic!()
    };
    assert!(bound.warnings.is_empty() && bound.plan.reads.any);
    assert!(steps[1].lookup.is_some() && steps[3].lookup.is_none());
    let PlanTest::Name(name) = &steps[3].test else {
        panic!()
    };
    assert_eq!(
        (name.module, name.module_name.as_deref(), &*name.nodes),
        (None, Some("ios"), &[][..])
    );
    assert!(steps[4].test.is_foreign());
    assert!(bind_user("/nothing:a").is_err());
}

#[test]
fn a_star_reads_every_child() {
    let fixture = bound("/interfaces/interface/mtu", "count(../*) > 2");
    let read: Vec<SchemaId> = fixture
        .bound
        .plan
        .reads
        .nodes
        .iter()
        .map(|read| read.node)
        .collect();
    let list = find(&fixture.schema, INTERFACE);
    let children = fixture.schema.data_children(list).to_vec();
    assert_eq!(read, children);
    assert_eq!(fixture.class(), ReadClass::Local);
}

#[test]
fn a_relative_path_of_a_leafref_reads_under_the_common_ancestor() {
    let fixture = bound("/interfaces/interface/address/ip", "../../name");
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/name Existence from /interfaces/interface: Local"]
    );
}

#[test]
fn an_absolute_path_of_a_leafref_reads_all_entries() {
    let fixture = bound("/system/route/via", "/interfaces/interface/name");
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/name Existence from /: Broadcast"]
    );
    assert_eq!(
        bound("/system/primary", "/interfaces/interface/name").class(),
        ReadClass::Local
    );
}

#[test]
fn a_path_of_a_leafref_with_predicates_joins_on_the_keys() {
    let fixture = bound(
        "/system/route/dest",
        "/interfaces/interface[name = current()/../via]/address/ip",
    );
    assert_eq!(
        fixture.reads(),
        [
            "/interfaces/interface/address/ip Existence from / \
             [/interfaces/interface = /system/route/via by /system/route]: Keyed",
            // Climbing from a node asks that it exists.
            "/system/route/dest Existence from /system/route/dest: Local",
            "/system/route/via Value from /system/route: Local",
        ]
    );
}

#[test]
fn a_key_that_is_a_constant_narrows_nothing_down() {
    let fixture = bound(
        "/system/route",
        "/interfaces/interface[name = 'eth0']/mtu > 9",
    );
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/mtu Value from / [/interfaces/interface = 'eth0']: Broadcast"]
    );
    // The same for all contexts, and so computed once for all.
    let PlanExpr::Once {
        per: Per::Tree,
        expr,
    } = &fixture.bound.plan.expr
    else {
        panic!("{:?}", fixture.bound.plan.expr)
    };
    let PlanExpr::Compare(_, left, _) = &**expr else {
        panic!("{expr:?}")
    };
    assert!(matches!(&**left, PlanExpr::Path { steps, .. } if steps[1].lookup.is_some()));
}

#[test]
fn a_descent_from_the_root_reaches_every_context() {
    let fixture = bound("/system/route", "//mtu = 5");
    assert_eq!(
        fixture.reads(),
        ["/interfaces/interface/mtu Value from /: Broadcast"]
    );
    // A mount point on the way may hold such a leaf, too.
    assert!(fixture.bound.plan.reads.any);
}

#[test]
fn current_in_a_predicate_is_the_context_and_not_the_entry() {
    let fixture = bound(
        "/interfaces/interface/address",
        "../../interface[mtu = current()/prefix]",
    );
    assert!(
        fixture.reads().contains(
            &"/interfaces/interface/address/prefix Value from /interfaces/interface/address: Local"
                .to_owned()
        ),
        "{:?}",
        fixture.reads()
    );
    assert_eq!(fixture.class(), ReadClass::Broadcast);
}
