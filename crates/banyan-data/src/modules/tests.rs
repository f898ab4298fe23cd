//! Documents in, module sets out.

use super::*;

const LIBRARY: &str = "urn:ietf:params:xml:ns:yang:ietf-yang-library";

fn read(document: &str) -> ReadModuleSet {
    let mut reader = ModuleSetReader::new();
    assert!(reader.document(document.as_bytes()).expect("well-formed"));
    reader.finish()
}

fn lines(set: &ModuleSet) -> Vec<String> {
    let line = |module: &ListedModule| {
        let kind = match (&module.submodule_of, module.implemented) {
            (Some(_), _) => "submodule",
            (None, true) => "implemented",
            (None, false) => "imported",
        };
        let features: Vec<&str> = module.features.iter().flatten().map(|it| &**it).collect();
        let deviations: Vec<&str> = module.deviations.iter().map(|it| &**it).collect();
        format!("{} {kind} {features:?} {deviations:?}", module.file_name())
    };
    set.modules.iter().map(line).collect()
}

#[test]
fn a_hello_names_modules_with_features_and_deviations() {
    let read = read(
        "<hello xmlns='urn:ietf:params:xml:ns:netconf:base:1.0'>
         <capabilities>
         <capability>urn:ietf:params:netconf:base:1.1</capability>
         <capability>urn:a?module=a&amp;revision=2020-01-01&amp;features=x,y&amp;deviations=a-dev,b-dev</capability>
         <capability>urn:b?module=b-dev&amp;revision=2021-01-01</capability>
         </capabilities></hello>",
    );
    assert_eq!(
        lines(&read.set),
        [
            r#"a@2020-01-01.yang implemented ["x", "y"] ["a-dev", "b-dev"]"#,
            // Named as deviating and nowhere else.
            "a-dev.yang implemented [] []",
            "b-dev@2021-01-01.yang implemented [] []",
        ]
    );
    assert_eq!(read.lines["a"], 4);
    assert_eq!(read.capabilities.len(), 3);
}

#[test]
fn the_library_of_rfc_8525_is_read_from_xml() {
    let read = read(&format!(
        "<rpc-reply><data><yang-library xmlns='{LIBRARY}'>
           <module-set><name>s</name>
             <module><name>a</name><revision>2020-01-01</revision><feature>f</feature><deviation>d</deviation>
               <submodule><name>a-sub</name></submodule></module>
             <module><name>d</name></module>
             <import-only-module><name>t</name><revision>2013-07-15</revision></import-only-module>
           </module-set>
           <module-set><name>other</name><module><name>t</name><revision>2013-07-15</revision></module></module-set>
         </yang-library></data></rpc-reply>"
    ));
    assert_eq!(
        lines(&read.set),
        [
            r#"a@2020-01-01.yang implemented ["f"] ["d"]"#,
            "a-sub.yang submodule [] []",
            "d.yang implemented [] []",
            "t@2013-07-15.yang implemented [] []",
        ]
    );
}

#[test]
fn the_library_of_rfc_8525_is_read_from_json_and_foreign_members_are_passed_over() {
    let read = read(
        r#"{
  "ietf-yang-library:yang-library": {
    "module-set": [{
      "name": "s",
      "module": [
        {"name": "a", "feature": ["f", "g"], "vendor:feature": ["h"],
         "submodule": [{"name": "a-sub", "revision": "2020-01-01"}]}
      ],
      "import-only-module": [{"name": "t", "revision": "2013-07-15"}]
    }]
  }
}"#,
    );
    assert_eq!(
        lines(&read.set),
        [
            r#"a.yang implemented ["f", "g"] []"#,
            "a-sub@2020-01-01.yang submodule [] []",
            "t@2013-07-15.yang imported [] []",
        ]
    );
    assert_eq!((read.lines["a"], read.lines["t"]), (6, 9));
}

#[test]
fn the_library_of_rfc_7895_tells_conformance_and_deviations() {
    let xml = format!(
        "<modules-state xmlns='{LIBRARY}'><module-set-id>1</module-set-id>
           <module><name>a</name><revision>2020-01-01</revision><conformance-type>implement</conformance-type>
             <deviation><name>d</name><revision>2021-01-01</revision></deviation></module>
           <module><name>d</name><revision>2021-01-01</revision><conformance-type>implement</conformance-type></module>
           <module><name>t</name><revision></revision><conformance-type>import</conformance-type></module>
         </modules-state>"
    );
    let json = r#"{"ietf-yang-library:modules-state": {"module": [
        {"name": "a", "revision": "2020-01-01", "conformance-type": "implement",
         "deviation": [{"name": "d", "revision": "2021-01-01"}]},
        {"name": "d", "revision": "2021-01-01", "conformance-type": "implement"},
        {"name": "t", "revision": "", "conformance-type": "import"}]}}"#;
    let expected = [
        r#"a@2020-01-01.yang implemented [] ["d"]"#,
        "d@2021-01-01.yang implemented [] []",
        "t.yang imported [] []",
    ];
    assert_eq!(lines(&read(&xml).set), expected);
    assert_eq!(lines(&read(json).set), expected);
}

#[test]
fn what_names_no_module_is_told_with_its_line() {
    let read = read(&format!(
        "<modules-state xmlns='{LIBRARY}'>
           <module><revision>2020-01-01</revision></module>
           <module><name>a</name><conformance-type>imports</conformance-type></module>
         </modules-state>"
    ));
    let flaws: Vec<_> = read
        .flaws
        .iter()
        .map(|it| (it.line, &*it.message))
        .collect();
    assert_eq!(
        flaws,
        [
            (2, "this `module` has no `name`; add it"),
            (
                3,
                "the conformance-type `imports` is unknown; write `implement` or `import`"
            )
        ]
    );
}

#[test]
fn a_document_that_is_broken_says_where_and_another_one_lists_nothing() {
    let mut reader = ModuleSetReader::new();
    let place = |error: Box<DataError>| error.position.expect("a place").line;
    let json = "{\n  \"ietf-yang-library:yang-library\": {\n    \"module-set\": [}\n";
    assert_eq!(place(reader.document(json.as_bytes()).unwrap_err()), 3);
    let xml = "<hello>\n<capabilities>\n</hello>";
    assert_eq!(place(reader.document(xml.as_bytes()).unwrap_err()), 3);
    let deep = format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500));
    assert!(reader.document(deep.as_bytes()).is_err());
    assert!(!reader.document(b"<config/>").unwrap());
    assert!(!reader.document(b"{}").unwrap());
}

#[test]
fn a_compiler_is_asked_for_modules_and_not_for_submodules() {
    use banyan_yang::compile::MemorySource;
    let mut source = MemorySource::new();
    source.add("module a { namespace urn:a; prefix a; include s; feature f; feature g; leaf x { if-feature g; type string; } }");
    source.add("submodule s { belongs-to a { prefix a; } leaf y { if-feature f; type string; } }");
    let read = read(&format!(
        "<yang-library xmlns='{LIBRARY}'><module-set><module><name>a</name><feature>f</feature>
           <submodule><name>s</name></submodule></module></module-set></yang-library>"
    ));
    let compiler = read.set.ask(Compiler::new(&source), |_| false);
    let schema = compiler.compile().expect("a schema").schema;
    let names: Vec<_> = schema
        .nodes()
        .map(|(_, node)| node.name.to_string())
        .collect();
    assert_eq!(names, ["", "y"]);
}
