//! What the lines of a dump hold.

use super::dump;
use crate::compile::{Compiler, MemorySource};

fn dumped(texts: &[&str]) -> String {
    let mut source = MemorySource::new();
    for text in texts {
        source.add(*text);
    }
    let compiled = Compiler::new(&source).implement("m", None).compile();
    dump(&compiled.unwrap_or_else(|error| panic!("{error}")).schema)
}

#[test]
fn a_dump_has_a_line_for_each_module_identity_and_node() {
    insta::assert_snapshot!(dumped(&[r#"
        module m {
          yang-version 1.1; namespace urn:m; prefix m; revision 2020-01-01;
          feature f;
          identity base; identity one { base base; status deprecated; }
          typedef percent { type uint8 { range "0..100" { error-message "too much"; } } units "%"; }
          container c {
            presence "p";
            must "count( l )>1" { error-app-tag few; }
            list l {
              key "k"; unique "a"; min-elements 1; max-elements 9; ordered-by user;
              leaf k { type string { length 1..5|7; pattern "[a-z]*" { modifier invert-match; } } }
              leaf a { type percent; default 7; when "../k = 'x'"; }
            }
            leaf r { type leafref { path "../l/k"; require-instance false; } }
            leaf d { type decimal64 { fraction-digits 2; range "-1.5..2"; } mandatory true; }
            leaf-list i { type identityref { base base; } config false; }
            choice ch { default x; leaf x { type empty; } leaf y { type union { type boolean; type enumeration { enum "a b"; enum c; } } } }
          }
          rpc go { input { leaf b { type bits { bit p; bit q { position 4; } } } } }
        }"#]), @r#"
    {"module":"m","revision":"2020-01-01","namespace":"urn:m","prefix":"m","yang-version":"1.1","implemented":true,"feature":["f"]}
    {"identity":"m:base"}
    {"identity":"m:one","derived-from":["m:base"],"status":"deprecated"}
    {"path":"/m:c","kind":"container","config":true,"presence":true,"must":[{"xpath":"count(l) > 1","error-app-tag":"few"}]}
    {"path":"/m:c/l","kind":"list","key":["k"],"config":true,"min-elements":1,"max-elements":9,"ordered-by":"user","unique":[["/m:c/l/a"]]}
    {"path":"/m:c/l/k","kind":"leaf","type":{"name":"string","length":{"parts":"1..5|7"},"pattern":[{"regex":"[a-z]*","invert-match":true}]},"is-key":true,"config":true}
    {"path":"/m:c/l/a","kind":"leaf","type":{"name":"uint8","typedef":"m:percent","range":{"parts":"0..100","error-message":"too much"}},"config":true,"default":["7"],"units":"%","when":[{"xpath":"../k = 'x'"}]}
    {"path":"/m:c/r","kind":"leaf","type":{"name":"leafref","path":"../l/k","target":"/m:c/l/k","require-instance":false},"config":true}
    {"path":"/m:c/d","kind":"leaf","type":{"name":"decimal64","fraction-digits":2,"range":{"parts":"-1.5..2.0"}},"config":true,"mandatory":true}
    {"path":"/m:c/i","kind":"leaf-list","type":{"name":"identityref","base":["m:base"]},"config":false}
    {"path":"/m:c/ch","kind":"choice","config":true,"default-case":"x"}
    {"path":"/m:c/ch/x","kind":"case","config":true}
    {"path":"/m:c/ch/x/x","kind":"leaf","type":{"name":"empty"},"config":true}
    {"path":"/m:c/ch/y","kind":"case","config":true}
    {"path":"/m:c/ch/y/y","kind":"leaf","type":{"name":"union","union":[{"name":"boolean"},{"name":"enumeration","enum":{"a b":0,"c":1}}]},"config":true}
    {"path":"/m:go","kind":"rpc"}
    {"path":"/m:go/input","kind":"input"}
    {"path":"/m:go/input/b","kind":"leaf","type":{"name":"bits","bit":{"p":0,"q":4}}}
    {"path":"/m:go/output","kind":"output"}
    "#);
}

#[test]
fn equal_meaning_gives_equal_dumps_and_another_meaning_does_not() {
    let module =
        |body: &str| dumped(&[&format!("module m {{ namespace urn:m; prefix m; {body} }}")]);
    let plain = module(
        "leaf a { type string; must \"../b=1\"; description \"one\"; } leaf b { type int8; }",
    );
    let same = module("leaf a { must '../b = 1'; type string; } leaf b { type int8; }");
    assert_eq!(plain, same);
    let other = module("leaf a { type string; must \"../b=2\"; } leaf b { type int8; }");
    assert_ne!(plain, other);
}
