use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;
use crate::change::diff;
use crate::document::{Limits, PrintOptions};
use crate::error::ErrorKind;
use crate::sample::{XML, schema};
use crate::testmodel::{self, Random, Recursive, annotated, random_tree};
use crate::{json, xml};

const SET: &str = r#"set net:host a<b
set net:net link eth0 mtu 1500
set net:net link eth0 kind ext:ethernet
set net:net link eth0 tag blue
set net:net link eth0 tag red
set net:net link eth0 hop 9
set net:net link eth0 hop 1
set net:net link eth0 up
set net:net link eth0 peer /net:net/rule[id='7']/note
set net:net link eth0 limit true
set net:net link eth0 admin
set net:net link eth0 extra xml "<x xmlns=\"urn:x\">1<y a=\"2\"/></x>"
set net:net link eth0 stats octets 18446744073709551615
set net:net link eth0 ext:vendor acme
set net:net link eth1
set net:net rule 7 note "last is first"
set net:net rule 3
"#;

fn read(text: &str) -> Result<Tree, Vec<DataError>> {
    parse_data(&schema(), text.as_bytes(), &ParseOptions::default())
}

fn refused(text: &str) -> String {
    let errors = read(text).unwrap_err();
    let each = errors
        .iter()
        .map(|error| format!("{:?} {error}", error.kind));
    each.collect::<Vec<_>>().join("\n")
}

fn written(tree: &Tree) -> String {
    let mut out = Vec::new();
    print(tree, &PrintOptions::default(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn from_json(json: &str) -> Tree {
    json::parse_data(&schema(), json.as_bytes(), &ParseOptions::default()).unwrap()
}

fn edited(tree: &Tree, lines: &str) -> Result<Tree, String> {
    let edit = parse_edit(tree.schema(), lines.as_bytes(), &ParseOptions::default());
    let edit = edit.map_err(|errors| errors[0].to_string())?;
    edit.apply(tree).map_err(|error| error.to_string())
}

fn change_lines(old: &Tree, new: &Tree) -> String {
    let mut out = Vec::new();
    print_changes(&diff(old, new), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn data_read_as_lines_and_back() {
    let tree = xml::parse_data(&schema(), XML.as_bytes(), &ParseOptions::default()).unwrap();
    assert_eq!(written(&tree), SET);
    assert_eq!(read(SET).unwrap(), tree);
}

#[test]
fn lines_may_come_in_any_order_and_later_ones_win() {
    let lines = "set net:net rule 3 note a # first\n\n  set net:net link a mtu 70\nset net:net rule 7\n\
                 set net:net rule 3 note \"b c\"\nset net:net link a tag x\nset net:net link b\ndelete net:net link b";
    let expected = r#"{"net:net":{"link":[{"name":"a","mtu":70,"tag":["x"]}],"rule":[{"id":3,"note":"b c"},{"id":7}]}}"#;
    assert_eq!(read(lines).unwrap(), from_json(expected));
    assert_eq!(read("").unwrap(), Tree::empty(schema()));
}

#[test]
fn an_edit_deletes_and_moves() {
    let tree = read(SET).unwrap();
    let lines = "delete net:net link eth0 mtu\ndelete net:net link eth0 tag blue\ndelete net:net link eth0 stats\n\
                 delete net:net link eth0 hop\ndelete net:net link eth1\ninsert net:net rule 3 before 7\n\
                 insert net:net rule 5 last\nset net:net rule 5 note new\ndelete net:host\n\
                 delete net:net link eth0 extra\ndelete net:net link eth0 admin";
    let expected = r#"{"net:net":{"link":[{"name":"eth0","kind":"ext:ethernet","tag":["red"],"up":[null],
        "peer":"/net:net/rule[id='7']/note","limit":true,"ext:vendor":"acme"}],
        "rule":[{"id":3},{"id":7,"note":"last is first"},{"id":5,"note":"new"}]}}"#;
    assert_eq!(edited(&tree, lines).unwrap(), from_json(expected));
    let lines = "insert net:net link eth0 hop 1 first\ninsert net:net link eth0 hop 5 after 1";
    let hops = written(&edited(&tree, lines).unwrap());
    let hops = hops
        .lines()
        .filter_map(|line| line.split_once(" hop "))
        .map(|it| it.1);
    assert_eq!(hops.collect::<Vec<_>>(), ["1", "5", "9"]);
    let all = edited(
        &tree,
        "delete net:net link\ndelete net:net rule\ndelete net:host",
    )
    .unwrap();
    assert_eq!(all, Tree::empty(schema()));
    for (lines, error) in [
        (
            "set net:net rule 7 note x\ndelete net:net link eth9",
            "/net:net/link[name='eth9']: this entry of list link does not exist: it cannot be deleted (line 2, column 1); \
             use remove to accept that it is absent",
        ),
        (
            "delete net:net link eth9 mtu",
            "/net:net/link[name='eth9']: this entry of list link does not exist: the edit only passes through it \
             (line 1, column 1); create it first, or use merge",
        ),
    ] {
        assert_eq!(edited(&tree, lines).unwrap_err(), error);
    }
}

#[test]
fn errors_tell_place_and_remedy() {
    for (text, error) in [
        (
            "set net:net link e mtu 9001",
            "InvalidValue /net:net/link[name='e']/mtu: \"9001\" is not in the range 68..9000 (line 1, column 24)",
        ),
        (
            "\n  set net:net lnik a",
            "UnknownElement /net:net: the schema has no node lnik here (line 2, column 15); did you mean \"link\"?",
        ),
        (
            "set net:net link",
            "MissingElement /net:net/link: link needs its keys (line 1, column 13); write behind the name: name",
        ),
        (
            "sett net:host a",
            "Malformed /: \"sett\" is no command (line 1, column 1); did you mean set?",
        ),
        (
            "set",
            "Malformed /: set stands alone on its line (line 1, column 1); write the path behind it",
        ),
        (
            "set net:host a b",
            "Malformed /net:host: \"b\" is more than the line may have (line 1, column 16); \
             put a value of several words in double quotes; delete a leaf without its value",
        ),
        (
            "set net:host",
            "InvalidValue /net:host: host needs a value (line 1, column 1); \
             write the value behind the name; the empty string is \"\"",
        ),
        (
            "set net:host { a",
            "Malformed /: a brace, bracket or semicolon stands outside of quotes (line 1, column 14); \
             a line is set, delete, insert or annotate and words; put the word in quotes",
        ),
        (
            "set net:host \"a\nb\"",
            "Malformed /: the quote that begins here does not end (line 1, column 14); \
             close it with \"; a line break in quotes is \\n",
        ),
        (
            "insert net:net link a first",
            "BadAttribute /net:net/link[name='a']: link is not ordered by the user (line 1, column 1)",
        ),
        (
            "insert net:net rule 3",
            "BadAttribute /net:net/rule[id='3']: a place must follow: first, last, before KEY or after KEY (line 1, column 1)",
        ),
        (
            "set net:net link a @ext:note n",
            "Malformed /net:net/link[name='a']: annotations cannot stand here (line 1, column 20); \
             write annotate PATH @MODULE:NAME VALUE, or put them behind a value",
        ),
        (
            "set net:net link a mtu 70 @net:colour red",
            "UnknownAttribute /net:net/link[name='a']/mtu: the annotation net:colour is not known (line 1, column 27); \
             annotations must be defined by a module of the schema (RFC 7952)",
        ),
        (
            "set net:net device net:host a",
            "UnknownElement /net:net/device: the schema of what is mounted here is not known (line 1, column 13); \
             write the data verbatim: NAME json \"...\" or NAME xml \"...\"",
        ),
        (
            "set net:net link a extra json {",
            "Malformed /: a brace, bracket or semicolon stands outside of quotes (line 1, column 31); \
             a line is set, delete, insert or annotate and words; put the word in quotes",
        ),
        (
            "set net:net link a extra json \"{\"",
            "Malformed /net:net/link[name='a']/extra: the text is not JSON: EOF while parsing an object at line 1 column 1 \
             (line 1, column 31)",
        ),
    ] {
        assert_eq!(refused(text), error);
    }
    let errors =
        refused("set net:host\nset nte:host a\nset net:net link a mtu 1\nset net:net rule x");
    assert_eq!(errors.lines().count(), 4, "{errors}");
}

#[test]
fn entries_without_key_have_numbers() {
    let schema = testmodel::schema();
    let read = |text: &str| {
        let tree = parse_data(&schema, text.as_bytes(), &ParseOptions::default());
        tree.map_err(|errors| errors[0].to_string())
    };
    let lines = "set acme:state log 1 text b\nset acme:state log 2\nset acme:state log 3 text a\n\
                 set acme:state seen x\nset acme:state seen x\n";
    assert_eq!(written(&read(lines).unwrap()), lines);
    let apart = "set acme:state log 1 text b\nset acme:state log 2\nset acme:state log 1 text a";
    let error = read(apart).unwrap_err();
    assert!(
        error.contains("number 3 of its list, and 1 is written"),
        "{error}"
    );
    assert!(error.contains("line 3, column 1"), "{error}");
    let error = read("delete acme:state log 1").unwrap_err();
    assert!(
        error.contains("delete the list, without a number"),
        "{error}"
    );
}

#[test]
fn annotations_are_kept() {
    let json = r#"{"@":{"ext:note":"r"},"net:net":{"@":{"ext:note":"c"},"link":[
        {"@":{"ext:note":"n"},"name":"a","@name":{"ext:note":"k"},"mtu":70,"@mtu":{"ext:note":"{m}"},
        "tag":["a","b","c"],"@tag":[{"ext:note":"t"},null,{"ext:note":"v w","net:note":"u"}]},
        {"@":{"ext:note":"e"},"name":"b"}]}}"#;
    let tree = from_json(json);
    let text = r#"annotate @ext:note r
annotate net:net @ext:note c
annotate net:net link a @ext:note n
set net:net link a name a @ext:note k
set net:net link a mtu 70 @ext:note "{m}"
set net:net link a tag a @ext:note t
set net:net link a tag b
set net:net link a tag c @ext:note "v w" @net:note u
annotate net:net link b @ext:note e
set net:net link b
"#;
    assert_eq!(written(&tree), text);
    assert_eq!(read(text).unwrap(), tree);
    let bare = from_json(
        r#"{"net:net":{"link":[{"name":"a","mtu":70,"tag":["b","c","d"]},{"name":"b"}]}}"#,
    );
    for (old, new) in [(&tree, &bare), (&bare, &tree)] {
        let lines = change_lines(old, new);
        assert_eq!(edited(old, &lines).as_ref(), Ok(new), "{lines}");
    }
    let apart = "annotate net:net link a @ext:note n\nset net:net link b\nannotate net:net link a mtu @ext:note m";
    assert!(refused(apart).contains("put the lines about one node together"));
}

#[test]
fn truncated_lines_are_refused_with_a_place_or_are_shorter_data() {
    for cut in 0..SET.len() {
        if let Some(Err(errors)) = SET.get(..cut).map(read) {
            assert!(errors.iter().all(|error| error.position.is_some()), "{cut}");
        }
    }
}

#[test]
fn limits_hold() {
    let schema = testmodel::schema();
    let mounts = Recursive(schema.clone());
    let options = ParseOptions {
        mounts: Some(&mounts),
        ..ParseOptions::default()
    };
    let deep = format!("set {}", "acme:device a config ".repeat(10_000));
    let errors = parse_data(&schema, deep.as_bytes(), &options).unwrap_err();
    assert_eq!(errors[0].kind, ErrorKind::TooBig);
    assert!(errors[0].position.is_some());
    let mut many = String::new();
    (0..100).for_each(|index| writeln!(many, "set net:host{index} x").unwrap());
    assert_eq!(read(&many).unwrap_err().len(), Limits::default().errors);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_printed_is_read_as_the_same_tree(seed in 1u64..) {
        let schema = testmodel::schema();
        let mut random = Random(seed);
        let tree = annotated(&random_tree(&schema, &mut random), &mut random);
        let mounts = Recursive(schema.clone());
        let options = ParseOptions { mounts: Some(&mounts), ..ParseOptions::default() };
        let text = written(&tree);
        let read = parse_data(&schema, text.as_bytes(), &options);
        prop_assert_eq!(read.as_ref(), Ok(&tree), "{}", text);
    }

    #[test]
    fn the_lines_of_a_difference_make_it(seed in 1u64..) {
        let schema = testmodel::schema();
        let mounts = Recursive(schema.clone());
        let options = ParseOptions { mounts: Some(&mounts), ..ParseOptions::default() };
        let mut random = Random(seed);
        let mut old = random_tree(&schema, &mut random);
        let mut new = testmodel::changed(&old, &mut random);
        for tree in [&mut old, &mut new] {
            if random.chance(40) {
                *tree = annotated(tree, &mut random);
            }
        }
        let lines = change_lines(&old, &new);
        let edit = parse_edit(&schema, lines.as_bytes(), &options);
        let made = edit.map_err(|errors| errors[0].to_string())
            .and_then(|edit| edit.apply(&old).map_err(|error| error.to_string()));
        prop_assert_eq!(made, Ok(new), "{}", lines);
    }

    #[test]
    fn no_lines_make_the_parser_panic(text in "((set|delete|insert|annotate)( net:net| net:host| link| rule| 7| a| first| after|@ext:note| @|[{\"\\n])*\n){0,9}") {
        let _ = read(&text);
    }

    #[test]
    fn a_changed_byte_makes_no_parser_panic(at in 0usize..2000, byte in any::<u8>()) {
        let mut bytes = SET.as_bytes().to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = parse_data(&schema(), &bytes, &ParseOptions::default());
    }
}
