//! What a diagram shows, and what becomes of modules that are wrong. That it is what `pyang` prints is tested with the
//! published modules (`tests/it/tree.rs`) and with pyang itself (`tests/peers/test_pyang.py`).

use super::*;
use crate::compile::MemorySource;

fn read(texts: &[&str], modules: &[&str]) -> TreeModules {
    let mut source = MemorySource::new();
    for text in texts {
        source.add(*text);
    }
    let modules: Vec<_> = modules.iter().map(|name| (*name, None)).collect();
    TreeModules::read(&source, &modules)
}

/// The diagram of modules without errors.
fn diagram(texts: &[&str], modules: &[&str], options: &TreeOptions) -> String {
    let modules = read(texts, modules);
    let diagram = modules.draw(options);
    let found = diagram.diagnostics.iter();
    let found: Vec<_> = found.map(|it| it.one_line(modules.sources())).collect();
    assert!(found.is_empty(), "{found:#?}");
    diagram.text
}

fn drawn(text: &str) -> TreeDiagram {
    read(&[text], &["m"]).draw(&TreeOptions::default())
}

fn codes(diagram: &TreeDiagram) -> Vec<&'static str> {
    diagram.diagnostics.iter().map(|found| found.code).collect()
}

const BASE: &str = "module base { yang-version 1.1; namespace urn:b; prefix b; typedef name { type string; }
    container top { presence p;
      list l { key 'id name'; leaf name { type name; } leaf id { type uint8; } leaf-list tags { type string; }
        leaf old { status deprecated; type leafref { path '../b:name'; } }
        choice how { case one { leaf uno { type string; } } container two { config false; leaf s { type int8; } } }
        action reset { input { leaf delay { type uint32; mandatory true; } } } }
      anydata any; leaf last { type string; mandatory true; } }
    rpc ping { input { leaf host { type name; } } output { leaf time { type int32; } } } rpc bare;
    notification event { leaf what { type name; } } }";

const MORE: &str = "module more { namespace urn:m; prefix m; import base { prefix x; } feature f;
    augment /x:top/x:l { if-feature f; leaf extra { type x:name; } } augment /x:ping/x:input { leaf ttl { type uint8; } } }";

#[test]
fn a_module_is_drawn_with_all_kinds_of_nodes_in_the_order_of_its_text() {
    insta::assert_snapshot!(diagram(&[BASE], &["base"], &TreeOptions::default()), @r"
    module: base
      +--rw top!
         +--rw l* [id name]
         |  +--rw name         name
         |  +--rw id           uint8
         |  +--rw tags*        string
         |  x--rw old?         -> ../name
         |  +--rw (how)?
         |  |  +--:(one)
         |  |  |  +--rw uno?   string
         |  |  +--:(two)
         |  |     +--ro two
         |  |        +--ro s?   int8
         |  +---x reset
         |     +---w input
         |        +---w delay    uint32
         +--rw any?    <anydata>
         +--rw last    string

      rpcs:
        +---x ping
        |  +---w input
        |  |  +---w host?   name
        |  +--ro output
        |     +--ro time?   int32
        +---x bare

      notifications:
        +---n event
           +--ro what?   name
    ");
}

#[test]
fn what_a_module_adds_to_others_is_drawn_below_their_paths() {
    insta::assert_snapshot!(diagram(&[MORE, BASE], &["more"], &TreeOptions::default()), @r"
    module: more

      augment /x:top/x:l:
        +--rw extra?   x:name {f}?
      augment /x:ping/x:input:
        +---w ttl?   uint8
    ");
}

#[test]
fn what_a_module_adds_to_one_that_is_drawn_too_is_drawn_there() {
    let options = TreeOptions {
        depth: Some(2),
        ..TreeOptions::default()
    };
    insta::assert_snapshot!(diagram(&[MORE, BASE], &["base", "more"], &options), @r"
    module: base
      +--rw top!
         +--rw l* [id name]
         |     ...
         +--rw any?    <anydata>
         +--rw last    string

      rpcs:
        +---x ping
        |  +---w input
        |  |     ...
        |  +--ro output
        |        ...
        +---x bare

      notifications:
        +---n event
           +--ro what?   name
    ");
    let options = TreeOptions {
        subtree: vec!["top".to_owned(), "l".to_owned(), "extra".to_owned()],
        module_names: true,
        ..TreeOptions::default()
    };
    insta::assert_snapshot!(diagram(&[MORE, BASE], &["base", "more"], &options), @r"
    module: base
      +--rw top!
         +--rw l* [id name]
            +--rw more:extra?   base:name {f}?
    ");
}

#[test]
fn an_augment_may_name_a_node_that_a_later_one_adds() {
    let module = "module m { namespace urn:m; prefix m; import base { prefix b; }
        augment /b:top/m:mine/m:inner { leaf deep { type string; } }
        augment /b:top { container mine { container inner; leaf first { type string; } } } }";
    let text = diagram(&[module, BASE], &["m"], &TreeOptions::default());
    insta::assert_snapshot!(text, @r"
    module: m

      augment /b:top:
        +--rw mine
           +--rw inner
           |  +--rw deep?   string
           +--rw first?   string
    ");
}

#[test]
fn long_lines_are_folded_between_their_parts() {
    let module = "module m { namespace urn:m; prefix m; import base { prefix b; } feature a-feature; feature another;
        augment /b:top/b:l/b:how/b:two { leaf reference { if-feature a-feature; if-feature another;
            type leafref { path '/b:top/b:l/b:name'; } }
          list many { key 'one two three'; leaf one { type b:name; } leaf two { type b:name; } leaf three { type b:name; } } } }";
    let options = TreeOptions {
        line_length: Some(32),
        ..TreeOptions::default()
    };
    insta::assert_snapshot!(diagram(&[module, BASE], &["m"], &options), @r"
    module: m

      augment /b:top/b:l/b:how
                /b:two:
        +--rw reference?
        |       -> /b:top/l/name
        |       {a-feature,another}?
        +--rw many* [one two three]
           +--rw one      b:name
           +--rw two      b:name
           +--rw three    b:name
    ");
}

#[test]
fn a_module_without_nodes_is_not_drawn() {
    let types = "module t { namespace urn:t; prefix t; typedef name { type string; } grouping g { leaf a { type name; } } }";
    assert_eq!(diagram(&[types], &["t"], &TreeOptions::default()), "");
    let options = TreeOptions {
        groupings: true,
        ..TreeOptions::default()
    };
    insta::assert_snapshot!(diagram(&[types], &["t"], &options), @r"
    module: t

      grouping g:
        +-- a?   name
    ");
}

#[test]
fn structures_are_drawn_even_if_the_module_of_the_extension_is_not_found() {
    let module = "module m { namespace urn:m; prefix m; import ietf-restconf { prefix rc; }
        rc:yang-data errors { container errors { leaf first { type string; } } } }";
    let options = TreeOptions {
        yang_data: true,
        ..TreeOptions::default()
    };
    insta::assert_snapshot!(read(&[module], &["m"]).draw(&options).text, @r"
    module: m

      yang-data errors:
        +-- errors
           +-- first?   string
    ");
}

#[test]
fn a_module_with_errors_is_drawn_as_far_as_it_goes() {
    let module = "module m { namespace urn:m; prefix m; container a { uses nowhere; leaf b { type string; } }
        augment /m:a/m:c/m:d { leaf e { type string; } }
        grouping g { uses h; leaf f { type string; } } grouping h { uses g; } container i { uses g; } }";
    let diagram = drawn(module);
    assert_eq!(
        codes(&diagram),
        ["unknown-name", "unknown-node", "circular-uses"]
    );
    insta::assert_snapshot!(diagram.text, @r"
    module: m
      +--rw a
      |  +--rw b?   string
      +--rw i
         +--rw f?   string
    ");
    let missing = read(&[], &["m"]).draw(&TreeOptions::default());
    assert_eq!(
        (missing.text.as_str(), codes(&missing)),
        ("", vec!["module-not-found"])
    );
}

#[test]
fn groupings_that_grow_without_bound_are_cut_short() {
    let mut module =
        "module m { namespace urn:m; prefix m; grouping g0 { leaf a { type string; } }".to_owned();
    for n in 1..60 {
        let inner = n - 1;
        module += &format!(
            "grouping g{n} {{ container b {{ uses g{inner}; }} container c {{ uses g{inner}; }} }}"
        );
    }
    let doubling = drawn(&(module + "uses g59; }"));
    assert!(codes(&doubling).contains(&"too-many-nodes"));

    let mut module =
        "module m { namespace urn:m; prefix m; grouping g0 { leaf a { type string; } }".to_owned();
    for n in 1..300 {
        let inner = n - 1;
        module += &format!(
            "grouping g{n} {{ container b {{ uses g{inner}; }} }} container c{n} {{ uses g{n}; }}"
        );
    }
    let deep = drawn(&(module + "}"));
    assert!(codes(&deep).contains(&"too-many-nodes"));
}

#[test]
fn what_needs_a_feature_that_is_off_is_not_drawn() {
    let options = |on: &[&str]| TreeOptions {
        features: BTreeMap::from([(
            "m".to_owned(),
            on.iter().map(|name| (*name).to_owned()).collect(),
        )]),
        ..TreeOptions::default()
    };
    let text = "module m { yang-version 1.1; namespace urn:m; prefix m; feature f; feature g;
        grouping with { leaf in { type string; } } leaf a { if-feature 'm:f and not g'; type string; }
        container c { if-feature g; leaf x { type string; } } container u { uses with { if-feature f; } leaf y { type string; } }
        augment /m:u { if-feature g; leaf z { type string; } } }";
    let names = |on: &[&str]| {
        let drawn = diagram(&[text], &["m"], &options(on));
        let name = |line: &str| {
            line.split("rw ")
                .nth(1)?
                .split(['?', ' '])
                .next()
                .map(str::to_owned)
        };
        drawn.lines().filter_map(name).collect::<Vec<_>>()
    };
    assert_eq!(names(&[]), ["u", "y"]);
    assert_eq!(names(&["f"]), ["a", "u", "in", "y"]);
    assert_eq!(names(&["f", "g"]), ["c", "x", "u", "in", "y", "z"]);
}

/// How many children were looked at, and what the diagram says of it.
fn steps(body: &str) -> (usize, TreeDiagram) {
    let text = format!("module m {{ yang-version 1.1; namespace urn:m; prefix m; {body} }}");
    let modules = read(&[&text], &["m"]);
    let mut found = Diagnostics::new();
    let none = BTreeMap::new();
    let mut outline = Outline::new(&modules.set, &mut found, &none);
    outline.expand_modules(&modules.asked);
    let steps = outline.children.steps;
    (steps, modules.draw(&TreeOptions::default()))
}

#[test]
fn a_thousand_changes_of_one_node_look_at_each_child_a_few_times() {
    const MANY: usize = 1_000;
    let each = |part: fn(usize) -> String| (0..MANY).map(part).collect::<String>();
    let leaves = each(|at| format!("leaf l{at} {{ type string; }} "));
    let augments = each(|at| format!("augment /m:c {{ leaf l{at} {{ type string; }} }} "));
    let expected = each(|at| format!("augment /m:c/m:n{at} {{ leaf l {{ type string; }} }} "));
    let added = each(|at| format!("augment /m:c {{ container n{at}; }} "));
    let refines = each(|at| format!("refine l{at} {{ mandatory true; }} "));
    let nodes = each(|at| format!("container n{at}; "));
    let used = each(|at| format!("augment n{at} {{ leaf l {{ type string; }} }} "));
    let gone = each(|at| format!("deviation /m:c/m:l{at} {{ deviate not-supported; }} "));
    for (body, lines) in [
        (format!("container c; {augments}"), MANY + 2),
        (format!("container c; {expected} {added}"), 2 * MANY + 2),
        (
            format!("grouping g {{ {leaves} }} uses g {{ {refines} }}"),
            MANY + 1,
        ),
        (
            format!("grouping g {{ {nodes} }} uses g {{ {used} }}"),
            2 * MANY + 1,
        ),
        (format!("container c {{ {leaves} }} {gone}"), 2),
    ] {
        let (steps, diagram) = steps(&body);
        assert!(steps <= 6 * MANY, "{steps}: {body:.80}");
        assert_eq!(diagram.text.lines().count(), lines, "{body:.80}");
        assert_eq!(codes(&diagram), [""; 0], "{body:.80}");
    }
    let (steps, diagram) = steps(&format!("container c; {expected}"));
    assert!(steps <= 6 * MANY, "{steps}");
    assert_eq!(
        (codes(&diagram).len(), codes(&diagram)[0]),
        (MANY, "unknown-node")
    );
}

#[test]
fn a_list_of_a_thousand_keys_marks_each() {
    let names = (0..1_000).map(|at| format!("l{at}"));
    let leaves: String = names
        .clone()
        .map(|name| format!("leaf {name} {{ type string; }} "))
        .collect();
    let key = names.collect::<Vec<_>>().join(" ");
    let (_, diagram) = steps(&format!("list l {{ key '{key}'; {leaves} }}"));
    assert!(!diagram.text.contains('?'), "{}", diagram.text);
}

#[test]
fn a_second_deviation_does_not_find_what_the_first_took_out() {
    let (_, diagram) = steps(
        "container c { config false; leaf a { type string; } leaf b { type string; } }
         deviation /m:c/m:a { deviate not-supported; } deviation /m:c/m:a { deviate add { mandatory true; } }",
    );
    assert_eq!(codes(&diagram), ["unknown-node"]);
    assert_eq!(
        diagram.text,
        "module: m\n  +--ro c\n     +--ro b?   string\n"
    );
}

#[test]
fn an_augment_of_a_path_that_is_too_long_is_left_out() {
    let (_, diagram) = steps(&format!(
        "container c; augment /m:c{} {{ leaf l {{ type string; }} }}",
        "/m:x".repeat(100_000)
    ));
    assert_eq!(codes(&diagram), ["too-many-nodes", "unknown-node"]);
}
