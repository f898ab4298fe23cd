//! A small schema for the tests of this crate's codecs, built by hand: a few nodes of each kind.
//!
//! ```yang
//! module net {                                  // and module ext, which augments it
//!   leaf host { type string; }
//!   container net {
//!     list link {
//!       key name;
//!       leaf name { type string; }
//!       leaf mtu { type uint16 { range 68..9000; } default 1500; }
//!       leaf kind { type identityref { base ext:kind; } }
//!       leaf-list tag { type string; }
//!       leaf-list hop { ordered-by user; type uint8; }
//!       leaf up { type empty; }
//!       leaf peer { type instance-identifier; }
//!       leaf limit { type union { type uint64; type boolean; type string; } }
//!       container admin { presence; }
//!       anydata extra;
//!       container stats { config false; leaf octets { type uint64; } }
//!       leaf ext:vendor { type string; }
//!       action reset { input { leaf delay { type uint8; } } output { leaf done { type boolean; } } }
//!     }
//!     list rule { ordered-by user; key id; leaf id { type uint32; } leaf note { type string; } container vault { mount-point vault; } }
//!     container device { mount-point dev; }
//!   }
//!   rpc ping { input { leaf to { type string; } } output { leaf ms { type uint32; } } }
//!   notification lost { leaf link { type string; } }
//! }
//! ```

use std::sync::Arc;

use banyan_yang::schema::{
    Annotation, DefaultText, Identity, IdentityId, IntWidth, Module, ModuleId, NodeKind, OrderedBy,
    Range, Restriction, Schema, SchemaId, SchemaNode, SchemaParts, Status, Type, TypeKind,
};
use banyan_yang::source::Span;

const NET: ModuleId = ModuleId(0);
const EXT: ModuleId = ModuleId(1);

fn module(name: &str) -> Module {
    Module {
        name: name.into(),
        revision: None,
        namespace: format!("urn:{name}").into(),
        prefix: name.into(),
        yang_1_1: true,
        implemented: true,
        features: Default::default(),
        deviated_by: Vec::new(),
        submodules: Vec::new(),
        extensions: Vec::new(),
        text: "".into(),
    }
}

fn ty(kind: TypeKind) -> Option<Arc<Type>> {
    Some(Arc::new(Type {
        kind,
        typedef: None,
    }))
}

fn string_type() -> Arc<Type> {
    Arc::new(Type {
        kind: TypeKind::String {
            length: Restriction::default(),
            patterns: Default::default(),
        },
        typedef: None,
    })
}

fn string() -> Option<Arc<Type>> {
    Some(string_type())
}

fn uint(width: IntWidth) -> Option<Arc<Type>> {
    ty(TypeKind::Uint(width, Restriction::default()))
}

struct Builder(Vec<SchemaNode>);

impl Builder {
    fn add(
        &mut self,
        parent: SchemaId,
        kind: NodeKind,
        name: &str,
        set: impl FnOnce(&mut SchemaNode),
    ) -> SchemaId {
        let id = SchemaId(self.0.len() as u32);
        let mut node = SchemaNode::new(kind, name.into(), NET, Some(parent), Span::default());
        set(&mut node);
        self.0.push(node);
        id
    }

    fn leaf(&mut self, parent: SchemaId, name: &str, of: Option<Arc<Type>>) -> SchemaId {
        self.add(parent, NodeKind::Leaf, name, |node| node.ty = of)
    }

    fn list(&mut self, parent: SchemaId, name: &str, key: &str, of: Option<Arc<Type>>) -> SchemaId {
        let list = self.add(parent, NodeKind::List, name, |_| {});
        let key = self.leaf(list, key, of);
        self.0[key.index()].is_key = true;
        self.0[list.index()].links_mut().keys = vec![key];
        list
    }
}

/// The schema of the module's description.
pub(crate) fn schema() -> Arc<Schema> {
    use NodeKind::*;
    let mut build = Builder(vec![SchemaNode::new(
        Root,
        "".into(),
        NET,
        None,
        Span::default(),
    )]);
    let root = SchemaId::ROOT;
    build.leaf(root, "host", string());
    let net = build.add(root, Container, "net", |_| {});
    let link = build.list(net, "link", "name", string());
    let mtu = Restriction {
        parts: [Range { min: 68, max: 9000 }].into(),
        ..Restriction::default()
    };
    build.add(link, Leaf, "mtu", |node| {
        node.ty = ty(TypeKind::Uint(IntWidth::W16, mtu));
        node.facts_mut().defaults = vec![DefaultText {
            text: "1500".into(),
            prefixes: Default::default(),
        }];
    });
    build.leaf(
        link,
        "kind",
        ty(TypeKind::IdentityRef([IdentityId(0)].into())),
    );
    build.add(link, LeafList, "tag", |node| node.ty = string());
    build.add(link, LeafList, "hop", |node| {
        node.ty = uint(IntWidth::W8);
        node.ordered_by = OrderedBy::User;
    });
    build.leaf(link, "up", ty(TypeKind::Empty));
    let peer = TypeKind::InstanceIdentifier {
        require_instance: false,
    };
    build.leaf(link, "peer", ty(peer));
    let members = [uint(IntWidth::W64), ty(TypeKind::Boolean), string()];
    let limit = TypeKind::Union(members.into_iter().flatten().collect());
    build.leaf(link, "limit", ty(limit));
    build.add(link, Container, "admin", |node| node.presence = true);
    build.add(link, AnyData, "extra", |_| {});
    let stats = build.add(link, Container, "stats", |node| node.config = false);
    let octets = build.leaf(stats, "octets", uint(IntWidth::W64));
    build.0[octets.index()].config = false;
    build.add(link, Leaf, "vendor", |node| {
        node.ty = string();
        node.module = EXT;
    });
    let reset = build.add(link, Action, "reset", |_| {});
    let input = build.add(reset, Input, "input", |_| {});
    build.leaf(input, "delay", uint(IntWidth::W8));
    let output = build.add(reset, Output, "output", |_| {});
    build.leaf(output, "done", ty(TypeKind::Boolean));
    let rule = build.list(net, "rule", "id", uint(IntWidth::W32));
    build.0[rule.index()].ordered_by = OrderedBy::User;
    build.leaf(rule, "note", string());
    build.add(rule, Container, "vault", |node| {
        node.facts_mut().mount_point = Some("vault".into());
    });
    build.add(net, Container, "device", |node| {
        node.facts_mut().mount_point = Some("dev".into());
    });
    let ping = build.add(root, Rpc, "ping", |_| {});
    let input = build.add(ping, Input, "input", |_| {});
    build.leaf(input, "to", string());
    let output = build.add(ping, Output, "output", |_| {});
    build.leaf(output, "ms", uint(IntWidth::W32));
    let lost = build.add(root, Notification, "lost", |_| {});
    build.leaf(lost, "link", string());
    let identity = |name: &str, ancestors: &[u32]| Identity {
        name: name.into(),
        module: EXT,
        ancestors: ancestors.iter().copied().map(IdentityId).collect(),
        status: Status::Current,
        usable: true,
    };
    SchemaParts {
        modules: vec![module("net"), module("ext")],
        nodes: build.0,
        identities: vec![identity("kind", &[]), identity("ethernet", &[0])],
        annotations: [NET, EXT]
            .map(|module| Annotation {
                name: "note".into(),
                module,
                ty: string_type(),
                units: None,
                status: Status::Current,
                description: None,
                span: Span::default(),
            })
            .into(),
        ..SchemaParts::default()
    }
    .assemble()
}

/// The example document: one of everything, in canonical form.
pub(crate) const XML: &str = r#"<host xmlns="urn:net">a&lt;b</host>
<net xmlns="urn:net">
  <link>
    <name>eth0</name>
    <mtu>1500</mtu>
    <kind xmlns:ext="urn:ext">ext:ethernet</kind>
    <tag>blue</tag>
    <tag>red</tag>
    <hop>9</hop>
    <hop>1</hop>
    <up/>
    <peer xmlns:net="urn:net">/net:net/net:rule[net:id='7']/net:note</peer>
    <limit>true</limit>
    <admin/>
    <extra><x xmlns="urn:x">1<y a="2"/></x></extra>
    <stats>
      <octets>18446744073709551615</octets>
    </stats>
    <vendor xmlns="urn:ext">acme</vendor>
  </link>
  <link>
    <name>eth1</name>
  </link>
  <rule>
    <id>7</id>
    <note>last is first</note>
  </rule>
  <rule>
    <id>3</id>
  </rule>
</net>
"#;
