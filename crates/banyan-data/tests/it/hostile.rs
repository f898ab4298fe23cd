//! Documents that mean harm, in every form: an error with its place, no more memory than the document deserves, no panic.

use std::sync::Arc;

use banyan_data::document::{Limits, ParseOptions, PrintOptions};
use banyan_data::form::Form;
use banyan_data::{DataError, ErrorKind, Tree};
use banyan_yang::schema::Schema;

use super::fixture::schema_of;

const FORMS: [Form; 4] = [Form::Xml, Form::Json, Form::Text, Form::Set];

fn schema() -> Arc<Schema> {
    schema_of(
        "leaf note { type string; }
         leaf-list tag { type string; }
         anydata blob;
         container c {
           list e { key k; leaf k { type string; } leaf v { type uint8; } }
         }",
    )
}

fn read(form: Form, text: &str) -> Result<Tree, Vec<DataError>> {
    form.parse_data(&schema(), text.as_bytes(), &ParseOptions::default())
}

/// The kind of the last error; every error has its place.
fn refused(form: Form, text: &str) -> ErrorKind {
    let errors = read(form, text).expect_err("it is wrong");
    for error in &errors {
        assert!(error.position.is_some(), "{form:?}: {error}");
    }
    errors.last().expect("an error").kind
}

fn written(form: Form, tree: &Tree) -> String {
    let mut out = Vec::new();
    form.print(tree, &PrintOptions::default(), &mut out)
        .expect("printed");
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn ten_thousand_levels_are_refused() {
    let (open, close) = ("[".repeat(10_000), "]".repeat(10_000));
    let xml = "<x>".repeat(10_000);
    let quoted = open.replace('[', "[\\\"") + "]";
    for (form, text, kind) in [
        (
            Form::Xml,
            format!("<c xmlns='urn:t'>{xml}"),
            ErrorKind::TooBig,
        ),
        (
            Form::Xml,
            format!("<blob xmlns='urn:t'>{xml}"),
            ErrorKind::TooBig,
        ),
        (
            Form::Json,
            format!("{{\"t:blob\":{open}{close}}}"),
            ErrorKind::TooBig,
        ),
        (
            Form::Json,
            format!("{{\"t:c\":{open}{close}}}"),
            ErrorKind::Malformed,
        ),
        (
            Form::Json,
            "{\"t:c\":".repeat(10_000),
            ErrorKind::UnknownElement,
        ),
        (Form::Text, "t:c { ".repeat(10_000), ErrorKind::TooBig),
        (
            Form::Text,
            format!("t:blob json \"{quoted}\";"),
            ErrorKind::Malformed,
        ),
        (
            Form::Text,
            format!("t:blob xml \"{xml}\";"),
            ErrorKind::TooBig,
        ),
        (
            Form::Set,
            format!("set {}", "t:c ".repeat(10_000)),
            ErrorKind::TooBig,
        ),
        (
            Form::Set,
            format!("set t:blob xml \"{xml}\""),
            ErrorKind::TooBig,
        ),
    ] {
        assert_eq!(refused(form, &text), kind, "{form:?} {:.40}", text);
    }
}

#[test]
fn a_document_larger_than_allowed_is_not_looked_at() {
    let tree = read(Form::Set, &format!("set t:note {}", "x".repeat(100_000))).expect("data");
    for form in FORMS {
        let text = written(form, &tree);
        assert_eq!(read(form, &text).as_ref(), Ok(&tree));
        let limits = Limits {
            size: 64 * 1024,
            ..Limits::default()
        };
        let options = ParseOptions {
            limits,
            ..ParseOptions::default()
        };
        let errors = form
            .parse_data(&schema(), text.as_bytes(), &options)
            .expect_err("too big");
        assert_eq!(errors[0].kind, ErrorKind::TooBig);
        assert!(errors[0].position.is_some());
    }
}

/// The most resident bytes that this process has had; `None` where the system does not tell.
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes * 1024)
}

#[test]
#[ignore = "needs a gigabyte of memory and half a minute without optimisation; run it alone"]
fn a_leaf_of_100_megabytes_is_read_and_printed() {
    let value = "x".repeat(100 << 20);
    let documents = [
        (Form::Xml, format!("<note xmlns='urn:t'>{value}</note>")),
        (Form::Json, format!("{{\"t:note\":\"{value}\"}}")),
        (Form::Text, format!("t:note {value};")),
        (Form::Set, format!("set t:note \"{value}\"")),
    ];
    for (form, text) in &documents {
        let tree = read(*form, text).expect("data");
        let mut printed = Counted(0);
        let options = PrintOptions::default();
        form.print(&tree, &options, &mut printed).expect("printed");
        assert!(printed.0 >= value.len());
    }
    // Five texts that live for the whole test, the tree, one copy on the way, and the program itself.
    if let Some(peak) = resident() {
        assert!(peak < (5 + 2) * (101 << 20) + (32 << 20), "{peak} bytes");
    }
}

/// A writer that keeps nothing.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_million_attributes_are_refused_before_they_cost_anything() {
    let attributes: String = (0..1_000_000)
        .map(|number| format!(" a{number}=''"))
        .collect();
    let annotations = " @t:a 1".repeat(1_000_000);
    let words = " x".repeat(1_000_000);
    for (form, text, kind) in [
        (
            Form::Xml,
            format!("<note xmlns='urn:t'{attributes}/>"),
            ErrorKind::TooBig,
        ),
        (
            Form::Text,
            format!("t:note x{annotations};"),
            ErrorKind::TooBig,
        ),
        (Form::Text, format!("t:note{words};"), ErrorKind::TooBig),
        (
            Form::Set,
            format!("set t:note x{annotations}"),
            ErrorKind::TooBig,
        ),
        (Form::Set, format!("set t:note{words}"), ErrorKind::TooBig),
    ] {
        assert_eq!(refused(form, &text), kind, "{form:?}");
    }
    let members: String = (0..1_000_000)
        .map(|number| format!(",\"t:a{number}\":1"))
        .collect();
    let json = format!("{{\"t:note\":\"x\",\"@t:note\":{{{}}}}}", &members[1..]);
    assert_eq!(refused(Form::Json, &json), ErrorKind::UnknownAttribute);
}

#[test]
fn document_types_and_entities_are_refused() {
    for text in [
        "<!DOCTYPE x [<!ENTITY a \"b\">]><note xmlns='urn:t'>&a;</note>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><note xmlns='urn:t'/>",
        "<note xmlns='urn:t'>&a;</note>",
        "<note xmlns='urn:t'><![CDATA[x]]>&lol9;</note>",
        "<note xmlns='&a;'/>",
        "<note xmlns='urn:t'>&#0;</note>",
        "<note xmlns='urn:t'>&#x110000;</note>",
    ] {
        assert_eq!(refused(Form::Xml, text), ErrorKind::Malformed, "{text}");
    }
}

#[test]
fn what_is_given_twice_is_refused() {
    let entry = "<e><k>a</k></e>";
    for (form, text) in [
        (Form::Xml, format!("<c xmlns='urn:t'>{entry}{entry}</c>")),
        (
            Form::Xml,
            "<note xmlns='urn:t'/><note xmlns='urn:t'/>".to_owned(),
        ),
        (
            Form::Xml,
            "<c xmlns='urn:t'><e><k>a</k><k>b</k></e></c>".to_owned(),
        ),
        (
            Form::Xml,
            "<tag xmlns='urn:t'>a</tag><tag xmlns='urn:t'>a</tag>".to_owned(),
        ),
        (
            Form::Json,
            "{\"t:c\":{\"e\":[{\"k\":\"a\"},{\"k\":\"a\"}]}}".to_owned(),
        ),
        (Form::Json, "{\"t:note\":\"a\",\"t:note\":\"a\"}".to_owned()),
        (
            Form::Json,
            "{\"t:c\":{\"e\":[{\"k\":\"a\",\"k\":\"a\"}]}}".to_owned(),
        ),
        (
            Form::Json,
            "{\"t:c\":{\"e\":[{\"k\":\"a\",\"v\":1,\"t:v\":1}]}}".to_owned(),
        ),
        (Form::Json, "{\"t:tag\":[\"a\",\"a\"]}".to_owned()),
        (Form::Json, "{\"t:c\":{},\"t:c\":{}}".to_owned()),
        (Form::Text, "t:c { e a { } e \"a\"; }".to_owned()),
        (Form::Text, "t:note a; t:note a;".to_owned()),
        (Form::Text, "t:tag [ a a ];".to_owned()),
        (Form::Text, "t:c { } t:c { }".to_owned()),
    ] {
        assert_eq!(refused(form, &text), ErrorKind::Duplicate, "{text}");
    }
    // Lines are commands: the second changes what the first has made.
    let twice = read(
        Form::Set,
        "set t:note a\nset t:note b\nset t:tag a\nset t:tag a",
    )
    .expect("data");
    assert_eq!(written(Form::Set, &twice), "set t:note b\nset t:tag a\n");
}

#[test]
fn a_document_cut_at_any_byte_is_refused_with_a_place_or_is_a_shorter_one() {
    let tree = read(
        Form::Json,
        "{\"t:note\":\"a \\u00e9\\n\\\"\",\"t:tag\":[\"x\",\"y\"],\"t:blob\":{\"a\":[1,{}]},\"t:c\":{\"e\":[{\"k\":\"q\",\"v\":255}]}}",
    );
    let tree = tree.expect("data");
    for form in FORMS {
        let text = written(form, &tree);
        let text = text.trim_end();
        for cut in 0..text.len() {
            match form.parse_data(&schema(), &text.as_bytes()[..cut], &ParseOptions::default()) {
                Ok(shorter) => {
                    assert!(
                        matches!(form, Form::Set | Form::Text | Form::Xml),
                        "{form:?} {cut}"
                    );
                    assert_ne!(shorter, tree, "{form:?} {cut}");
                }
                Err(errors) => {
                    assert!(
                        errors.iter().all(|error| error.position.is_some()),
                        "{form:?} {cut}: {errors:?}"
                    );
                }
            }
        }
    }
}
