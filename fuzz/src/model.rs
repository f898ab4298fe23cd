//! What the targets of instance data share: a model with a few nodes of each kind, and data of it.

use std::sync::{Arc, OnceLock};

use banyan_data::document::{Limits, ParseOptions, PrintOptions, Strictness};
use banyan_data::{Tree, json, xml};
use banyan_yang::compile::{Compiler, MemorySource};
use banyan_yang::schema::Schema;

const MODEL: &str = r#"module m {
  yang-version 1.1; namespace urn:m; prefix m;
  identity kind; identity one { base kind; } identity two { base one; }
  typedef number { type uint8 { range 0..9; } }
  leaf a { type string { pattern '[a-z]*'; } default x; }
  container c {
    list l {
      key "k n"; unique v;
      leaf k { type string; } leaf n { type number; } leaf v { type int16; }
      leaf i { type identityref { base kind; } }
      leaf r { type leafref { path ../../l/k; } }
      leaf u { type union { type number; type enumeration { enum x; } type leafref { path /m:a; } type string; } }
      leaf at { type instance-identifier { require-instance false; } }
      leaf-list o { type string; ordered-by user; }
      leaf b { type bits { bit x; bit y; } } leaf d { type decimal64 { fraction-digits 2; } }
      leaf e { type empty; } leaf z { type binary; } leaf t { type boolean; }
      must "not(v) or v > 0 or ../../a";
      list p { key k; ordered-by user; leaf k { type string; } leaf w { type string; when "../k = 'q'"; } }
    }
    container s { presence yes; anydata x; anyxml y; }
  }
  choice h { default f; case f { leaf f { type string; default g; } } case g { leaf g { type string; } leaf-list gs { type int8; } } }
  container st { config false; list q { leaf x { type string; } } leaf-list ll { type string; } }
  rpc go { input { leaf x { type string; mandatory true; } } output { leaf y { type uint64; } } }
  notification no { leaf x { type string; } }
}
"#;

const DATA: &str = r#"<a xmlns="urn:m">abc</a><c xmlns="urn:m">
 <l><k>one</k><n>1</n><v>5</v><i xmlns:m="urn:m">m:two</i><r>two</r><u>x</u><o>b</o><o>a</o><b>x y</b><e/><p><k>q</k><w>1</w></p><p><k>a</k></p></l>
 <l><k>two</k><n>2</n><v>6</v><u>abc</u><at xmlns:m="urn:m">/m:c/m:l[m:k='one'][m:n='1']/m:v</at><d>1.50</d><z>AAEC</z><t>true</t></l>
 <s><x><any xmlns="urn:any" q="1">t</any></x></s></c><g xmlns="urn:m">h</g><gs xmlns="urn:m">-1</gs>"#;

pub fn schema() -> &'static Arc<Schema> {
    static SCHEMA: OnceLock<Arc<Schema>> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut source = MemorySource::new();
        source.add(MODEL);
        let compiled = Compiler::new(&source).implement("m", None).compile();
        compiled.unwrap_or_else(|error| panic!("{error}")).schema
    })
}

#[allow(dead_code, reason = "not all targets need data")]
pub fn tree() -> Tree {
    xml::parse_data(schema(), DATA.as_bytes(), &options(Strictness::Strict))
        .unwrap_or_else(|errors| panic!("{errors:?}"))
}

/// Small limits, so that they are reached.
pub fn options(strictness: Strictness) -> ParseOptions<'static> {
    ParseOptions {
        limits: Limits {
            depth: 16,
            attributes: 8,
            ..Limits::default()
        },
        strictness,
        ..ParseOptions::default()
    }
}

#[allow(dead_code, reason = "not all targets print")]
pub fn printed(tree: &Tree) -> (Vec<u8>, Vec<u8>) {
    let (mut as_xml, mut as_json) = (Vec::new(), Vec::new());
    let options = PrintOptions::default();
    xml::print(tree, &options, &mut as_xml)
        .and_then(|()| json::print(tree, &options, &mut as_json))
        .unwrap_or_else(|error| panic!("a vector takes all: {error}"));
    (as_xml, as_json)
}
