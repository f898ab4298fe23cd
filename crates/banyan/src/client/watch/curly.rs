//! Data in curly braces, for who has no schema: of keys nothing is known, and names are without their modules.

use banyan_netconf::xml::Fragment;

/// Puts an element into lines that are indented so far.
pub(super) fn push(element: &Fragment, indent: usize, out: &mut String) {
    let space = " ".repeat(indent);
    let name = element.local();
    if is_leaf(element) {
        match element.text() {
            text if text.is_empty() => out.push_str(&format!("{space}{name};\n")),
            text => out.push_str(&format!("{space}{name} {};\n", word(&text))),
        }
        return;
    }
    out.push_str(&format!("{space}{name} {{\n"));
    push_inside(element, indent + 4, out);
    out.push_str(&format!("{space}}}\n"));
}

/// The same with what is in an element.
pub(super) fn push_inside(element: &Fragment, indent: usize, out: &mut String) {
    for child in element.children() {
        push(&child, indent, out);
    }
}

/// Whether no element is inside.
pub(super) fn is_leaf(element: &Fragment) -> bool {
    element.children().next().is_none()
}

/// A value as a word; in quotes where it is more than one.
pub(super) fn word(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"{};\"".contains(c);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => serde_json::Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_node_has_its_form() {
        let xml = "<interfaces xmlns=\"urn:a\"><interface><name>eth 0</name><mtu>1500</mtu><loopback/></interface>\n\
                   <interface><name>eth1</name><tag>a</tag><tag>b;</tag></interface></interfaces>";
        let element = Fragment::parse(xml.into(), 9, None).unwrap_or_else(|_| panic!("{xml}"));
        let mut out = String::new();
        push(&element, 2, &mut out);
        insta::assert_snapshot!(out, @r#"
          interfaces {
              interface {
                  name "eth 0";
                  mtu 1500;
                  loopback;
              }
              interface {
                  name eth1;
                  tag a;
                  tag "b;";
              }
          }
        "#);
    }
}
