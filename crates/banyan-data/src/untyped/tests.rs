use super::*;

fn modules() -> KnownModules {
    let mut modules = KnownModules::default();
    modules.add(&"m".into(), &"urn:m".into());
    modules.add(&"n".into(), &"urn:n".into());
    modules
}

fn read(text: &str) -> Document {
    Document::read(text.as_bytes(), modules(), &Limits::default()).unwrap()
}

#[test]
fn xml_and_json_of_the_same_data_are_the_same_elements() {
    let xml = "<config>\n  <c xmlns=\"urn:m\"><l><k>a</k></l><l><k>b</k></l>\
               <t xmlns:x=\"urn:n\">x:id</t><o xmlns=\"urn:n\"/></c>\n</config>";
    let json =
        r#"{"config": {"m:c": {"l": [{"k": "a"}, {"k": "b"}], "t": "n:id", "n:o": [null]}}}"#;
    let (xml, json) = (read(xml), read(json));
    let c = xml.root.child("m", "c").unwrap();
    assert_eq!(c.children.len(), 4);
    assert_eq!(c.position, Some(Position { line: 2, column: 3 }));
    let t = c.child("m", "t").unwrap();
    assert_eq!(t.prefixes, [("x".into(), "n".into())]);
    let t = json.root.child("m", "c").unwrap().child("m", "t").unwrap();
    assert_eq!(t.prefixes, [("n".into(), "n".into())]);
    let printed = json.print().text;
    insta::assert_snapshot!(printed, @r#"
    <config>
       <c xmlns="urn:m">
          <l>
             <k>a</k>
          </l>
          <l>
             <k>b</k>
          </l>
          <t xmlns:n="urn:n">n:id</t>
          <o xmlns="urn:n"/>
       </c>
    </config>
    "#);
    assert_eq!(
        xml.print().text.replace("x:", "n:").replace(":x=", ":n="),
        printed
    );
}

#[test]
fn lines_lead_back_to_elements() {
    let document = read("<config><c xmlns=\"urn:m\"><a>one\ntwo</a><b>x</b></c></config>");
    let printed = document.print();
    let line_of = |what: &str| {
        1 + printed.text[..printed.text.find(what).unwrap()]
            .matches('\n')
            .count() as u32
    };
    assert_eq!(printed.element_at(line_of("one")), Some(vec![0, 0]));
    assert_eq!(printed.element_at(line_of("two")), Some(vec![0, 0]));
    assert_eq!(printed.element_at(line_of("<b>")), Some(vec![0, 1]));
    assert_eq!(printed.element_at(1), None);
}

#[test]
fn annotations_and_text_between_elements_are_kept() {
    let document =
        read("<c xmlns=\"urn:m\" xmlns:q=\"urn:n\" q:note=\"w&quot;\">a<b/>c &amp; d</c>");
    let printed = document.print().text;
    let again = read(&printed);
    assert_eq!(
        again.root.children[0].attributes,
        document.root.children[0].attributes
    );
    let texts: Vec<&str> = again.root.children[0]
        .children
        .iter()
        .map(|it| it.text.trim())
        .collect();
    assert_eq!(texts, ["a", "", "c & d"]);
    let json = read(
        r#"{"m:c": {"@": {"n:note": "w\""}, "l": ["x", "y"], "@l": [null, {"n:note": "2"}]}}"#,
    );
    let c = &json.root.children[0];
    assert_eq!(c.attributes, document.root.children[0].attributes);
    assert_eq!(c.children[0].attributes, []);
    assert_eq!(c.children[1].attributes[0].value, "2");
}

#[test]
fn a_broken_document_says_where() {
    let failed = |text: &str| {
        let read = Document::read(text.as_bytes(), modules(), &Limits::default());
        read.err().unwrap().to_string()
    };
    assert!(failed("<config>\n<a xmlns='urn:m'></b></config>").contains("line 2"));
    assert!(failed("{\"m:a\": \n ?}").contains("line 2"));
    for stray in [
        "x\n",
        "<config/>\nx",
        "<config>x</config>",
        "<a xmlns='urn:m'/> x",
        "<config><a xmlns='urn:m'/>x</config>",
    ] {
        let error = failed(stray);
        assert!(
            error.contains("the text \"x\" stands outside of any element"),
            "{error}"
        );
    }
}

#[test]
fn a_document_without_anything_is_not_an_empty_configuration() {
    for blank in ["", " \n", "<?xml version=\"1.0\"?>\n<!-- nothing -->"] {
        assert!(read(blank).is_blank, "{blank}");
    }
    for empty in ["<config/>", "{\"config\": {}}", "{}", "<data> </data>"] {
        let document = read(empty);
        assert!(!document.is_blank && document.root.children.is_empty());
    }
}

#[test]
fn prefixes_are_found_where_names_are() {
    assert_eq!(prefixes_in("/a:b[c='d:e']/f-g:h"), ["a", "d", "f-g"]);
    assert_eq!(prefixes_in("no prefix: here ::"), ["prefix"]);
    assert!(prefixes_in("12").is_empty());
}

#[test]
fn the_parts_of_a_split_datastore_are_read_in_the_places_of_their_links() {
    let main = "<config><c xmlns=\"urn:m\" xmlns:p=\"urn:n\">\n<k>1</k><root xmlns:cl=\"http://clicon.org/lib\" \
                cl:link=\"a.xml\"/></c><d xmlns=\"urn:m\"><root xmlns:cl=\"http://clicon.org/lib\" cl:link=\"b.xml\"/></d></config>";
    let mut parts = BTreeMap::from([
        ("a.xml".to_owned(), b"<v>x</v>\n<p:w>p:y</p:w>".to_vec()),
        ("b.xml".to_owned(), b"<config><v>z</v></config>".to_vec()),
    ]);
    let read = |parts: &BTreeMap<String, Vec<u8>>| {
        Document::read_split(main.as_bytes(), parts, modules(), &Limits::default())
    };
    let document = read(&parts).unwrap();
    let root = document.at(&[0, 1]).unwrap();
    assert!(root.attributes.is_empty() && root.source.is_none());
    let [v, w] = &root.children[..] else {
        panic!("{root:?}");
    };
    assert!(v.is("m", "v") && w.is("n", "w"));
    assert_eq!(w.prefixes, [("p".into(), "n".into())]);
    assert_eq!(
        (w.source.as_deref(), w.position.unwrap().line),
        (Some("a.xml"), 2)
    );
    assert!(document.at(&[1, 0, 0]).unwrap().is("m", "v"));

    parts.insert("a.xml".to_owned(), b"<v>\n</w>".to_vec());
    let (part, error) = read(&parts).unwrap_err();
    assert_eq!(
        (part.as_deref(), error.position.unwrap().line),
        (Some("a.xml"), 2)
    );
    parts.remove("a.xml");
    let (part, error) = read(&parts).unwrap_err();
    assert_eq!((part, error.position.unwrap().line), (None, 2));
    assert!(error.message.contains("a.xml is missing"));
}
