//! What expressions give, axis by axis and function by function.

use banyan_yang::schema::SchemaId;
use banyan_yang::xpath::Extent;

use super::{Context, Names, Variables, Whens, XValue, compile, evaluate};
use crate::cursor::Cursor;
use crate::outline::{data, outline};
use crate::view::View;

const MODEL: &str = r#"
container ifs
  list if key=name
    leaf name
    leaf mtu type=uint32 default=1500
    leaf speed type=uint64
    leaf kind type=identity
    leaf level type=enum
    leaf access type=bits
    leaf-list tag
    container opt
      leaf on type=boolean default=false
  list peer key="name port"
    leaf name
    leaf port type=uint32
    leaf note
container use
  leaf if type=ref path=/ifs/if/name
  leaf at type=instance
  leaf cost type=decimal
  leaf want
  leaf fallback default=deep when="../want = 'yes'"
  leaf-list color user default=red default=blue
  choice mode default-case=fast
    case fast
      leaf rate type=uint32 default=9
    case slow
      leaf delay type=uint32
container seen state
  leaf count type=uint32
"#;

const DATA: &str = "
<ifs>
  <if><name>eth0</name><mtu>9000</mtu><speed>18446744073709551615</speed><kind>dog</kind><level>high</level>
    <access>write</access><tag>a</tag><tag>b</tag></if>
  <if><name>eth1</name><speed>18446744073709551614</speed><kind>poodle</kind><tag>b</tag></if>
  <if><name>lo</name><opt><on>true</on></opt></if>
  <peer><name>p</name><port>1</port><note>one</note></peer>
  <peer><name>p</name><port>2</port><note>two</note></peer>
  <peer><name>q</name><port>2</port><note>three</note></peer>
</ifs>
<use><if>eth1</if><at>/t:ifs/t:if[t:name='lo']/t:opt</at><cost>10.5</cost></use>
<seen><count>3</count></seen>";

/// The value of an expression on the node at `context` (a path of names without predicates), as text: nodes
/// as their paths in short.
fn value_at(context: &str, text: &str) -> String {
    let schema = outline(MODEL);
    let tree = data(&schema, DATA);
    let whens = Whens::new(10_000);
    let view = View::of(&tree).with_whens(&whens);
    let mut node = Cursor::root(&view);
    for name in context.split('/').filter(|name| !name.is_empty()) {
        let named = node
            .children()
            .find(|child| *child.definition().name == *name);
        node = named.unwrap_or_else(|| panic!("no {name}"));
    }
    let expression = match compile(&schema, text, Names::Modules, node.id(), Extent::Value) {
        Ok(expression) => expression,
        Err(error) => return format!("error: {error}"),
    };
    let variables = Variables::from([
        ("limit".to_owned(), XValue::Number(2.0)),
        ("yes".to_owned(), XValue::Boolean(true)),
        ("p".to_owned(), XValue::String("p".to_owned())),
    ]);
    let context = Context::at(node, &variables);
    match evaluate(&expression, &context) {
        Ok(XValue::Nodes(nodes)) => {
            let paths = nodes
                .iter()
                .map(|node| node.error_path().to_string().replace("/t:", "/"));
            paths.collect::<Vec<_>>().join(" ")
        }
        Ok(value) => value.to_text(),
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(context: &str, cases: &[(&str, &str)]) {
    for (expression, value) in cases {
        assert_eq!(value_at(context, expression), *value, "{expression}");
    }
}

#[test]
fn axes_reach_what_the_recommendation_says() {
    check(
        "ifs/if/mtu",
        &[
            (".", "/ifs/if[name='eth0']/mtu"),
            ("..", "/ifs/if[name='eth0']"),
            ("../../../..", ""),
            ("ancestor::*", "/ifs /ifs/if[name='eth0']"),
            ("ancestor-or-self::*[1]", "/ifs/if[name='eth0']/mtu"),
            ("ancestor::*[1]", "/ifs/if[name='eth0']"),
            ("count(ancestor::node())", "3"),
            ("preceding-sibling::*", "/ifs/if[name='eth0']/name"),
            ("following-sibling::*[1]", "/ifs/if[name='eth0']/speed"),
            (
                "following-sibling::tag[last()]",
                "/ifs/if[name='eth0']/tag[.='b']",
            ),
            ("following::name[1]", "/ifs/if[name='eth1']/name"),
            ("self::mtu", "/ifs/if[name='eth0']/mtu"),
            ("self::name", ""),
            ("@x | namespace::node()", ""),
            ("text()", "/ifs/if[name='eth0']/mtu"),
            ("descendant::text()/ancestor-or-self::ifs", "/ifs"),
            ("string(text())", "9000"),
            ("/", "/"),
        ],
    );
    check(
        "ifs",
        &[
            (
                "if/opt/on",
                "/ifs/if[name='eth0']/opt/on /ifs/if[name='eth1']/opt/on /ifs/if[name='lo']/opt/on",
            ),
            ("descendant::on[. = 'true']", "/ifs/if[name='lo']/opt/on"),
            ("count(//name)", "6"),
            ("count(descendant-or-self::*)", "37"),
            (
                "//opt/ancestor::if[1]/name",
                "/ifs/if[name='eth0']/name /ifs/if[name='eth1']/name /ifs/if[name='lo']/name",
            ),
            ("count(peer/preceding::if)", "3"),
            ("peer[1]/preceding::if[1]/name", "/ifs/if[name='lo']/name"),
            (
                "if[3]/preceding-sibling::if[1]/name",
                "/ifs/if[name='eth1']/name",
            ),
            ("if/..", "/ifs"),
            (
                "if[last()]/name | if[1]/name",
                "/ifs/if[name='eth0']/name /ifs/if[name='lo']/name",
            ),
            (
                "*[local-name() = 'peer'][2]/note",
                "/ifs/peer[name='p'][port='2']/note",
            ),
            ("t:*[1]/t:name", "/ifs/if[name='eth0']/name"),
        ],
    );
}

#[test]
fn key_predicates_select_entries() {
    check(
        "ifs",
        &[
            ("if[name='eth1']/mtu", "/ifs/if[name='eth1']/mtu"),
            ("if['eth1'=name]/name", "/ifs/if[name='eth1']/name"),
            ("if[name=/use/if]/name", "/ifs/if[name='eth1']/name"),
            ("if[name='none']", ""),
            (
                "peer[name='p'][port=2]/note",
                "/ifs/peer[name='p'][port='2']/note",
            ),
            (
                "peer[port='2'][name='p']/note",
                "/ifs/peer[name='p'][port='2']/note",
            ),
            ("peer[port='02'][name='p']/note", ""),
            (
                "peer[name='p' and port=2]/note",
                "/ifs/peer[name='p'][port='2']/note",
            ),
            (
                "peer[name='p']/port",
                "/ifs/peer[name='p'][port='1']/port /ifs/peer[name='p'][port='2']/port",
            ),
            (
                "peer[name='p'][2]/port",
                "/ifs/peer[name='p'][port='2']/port",
            ),
            (
                "peer[name='p'][port=2][1]/note",
                "/ifs/peer[name='p'][port='2']/note",
            ),
            (
                "peer[port=$limit][name='q']/note",
                "/ifs/peer[name='q'][port='2']/note",
            ),
            (
                "peer[port=$limit][name=$p]/note",
                "/ifs/peer[name='p'][port='2']/note",
            ),
            ("count(peer[port=$limit][name=$yes])", "2"),
            ("peer[port=$limit][name=$limit]", ""),
            (
                "if[name=../if[mtu=9000]/name]/name",
                "/ifs/if[name='eth0']/name",
            ),
        ],
    );
    check(
        "use/if",
        &[
            ("/ifs/if[name=current()]/mtu", "/ifs/if[name='eth1']/mtu"),
            (
                "../../ifs/if[name=current()/../if]/mtu",
                "/ifs/if[name='eth1']/mtu",
            ),
        ],
    );
}

#[test]
fn defaults_and_containers_without_presence_are_in_use() {
    check(
        "use",
        &[
            ("rate", "/use/rate"),
            ("string(rate)", "9"),
            ("delay", ""),
            ("color", "/use/color[.='red'] /use/color[.='blue']"),
            ("fallback", ""),
            ("sum(/ifs/if/mtu)", "12000"),
            ("boolean(/ifs/if[name='eth0']/opt)", "true"),
        ],
    );
}

#[test]
fn comparisons_follow_types() {
    check(
        "ifs",
        &[
            ("if[name='eth0']/speed > if[name='eth1']/speed", "true"),
            ("if[name='eth0']/speed = if[name='eth1']/speed", "false"),
            ("if/mtu = 9000", "true"),
            ("if/mtu != 9000", "true"),
            ("if/tag = 'b'", "true"),
            ("not(if/tag = 'c')", "true"),
            ("if[1]/tag = if[2]/tag", "true"),
            ("if[2]/tag != if[2]/tag", "false"),
            ("if[1]/tag != if[1]/tag", "true"),
            ("if/none = if/none", "false"),
            ("/use/cost = 10.5", "true"),
            ("/use/cost = '10.5'", "true"),
            ("if[1]/kind = 't:dog'", "true"),
            ("if = true()", "true"),
            ("none = false()", "true"),
            ("'1' = 1.0", "true"),
            ("'a' < 'b'", "false"),
            ("1 < 2 and 2 <= 2 and 3 > 2 and 2 >= 2", "true"),
            ("0 div 0 = 0 div 0", "false"),
            ("0 div 0 != 0 div 0", "true"),
            ("-if[1]/mtu", "-9000"),
            ("7 mod 3 + 2 * 4 - 10 div 4", "6.5"),
            ("-7 mod 3", "-1"),
        ],
    );
}

#[test]
fn core_functions_give_what_the_recommendation_says() {
    check(
        "ifs/if",
        &[
            ("position()", "1"),
            ("last()", "1"),
            ("count(../if)", "3"),
            ("local-name()", "if"),
            ("name(..)", "t:ifs"),
            ("name(../..)", ""),
            ("namespace-uri()", "urn:t"),
            ("string(../if/name)", "eth0"),
            ("concat('a', 1, true())", "a1true"),
            ("starts-with(name, 'eth')", "true"),
            ("contains(name, 'h0')", "true"),
            ("substring-before('1999/04', '/')", "1999"),
            ("substring-after('1999/04', '/')", "04"),
            ("substring('12345', 2, 3)", "234"),
            ("string-length('ø')", "1"),
            ("string-length(name)", "4"),
            ("normalize-space('  a \n b ')", "a b"),
            ("translate('bar', 'abc', 'AB')", "BAr"),
            ("boolean('')", "false"),
            ("not(name)", "false"),
            ("number('x')", "NaN"),
            ("number(mtu) + 1", "9001"),
            ("sum(../peer/port)", "5"),
            ("floor(-1.5)", "-2"),
            ("ceiling(-1.5)", "-1"),
            ("round(2.5)", "3"),
            ("lang('en')", "false"),
            ("count(id('x'))", "0"),
            ("string(1 div 0)", "Infinity"),
        ],
    );
}

#[test]
fn yang_functions_know_types() {
    check(
        "ifs/if",
        &[
            ("re-match(name, 'eth\\d')", "true"),
            ("re-match(name, 'eth')", "false"),
            ("derived-from(kind, 't:animal')", "true"),
            ("derived-from(kind, 't:dog')", "false"),
            ("derived-from-or-self(kind, 't:dog')", "true"),
            ("derived-from(../if/kind, 't:dog')", "true"),
            ("derived-from(name, 't:dog')", "false"),
            ("derived-from(kind, 'nothing')", "false"),
            ("enum-value(level)", "10"),
            ("enum-value(name)", "NaN"),
            ("bit-is-set(access, 'write')", "true"),
            ("bit-is-set(access, 'read')", "false"),
            ("bit-is-set(name, 'read')", "false"),
            ("deref(/use/if)/../speed", "/ifs/if[name='eth1']/speed"),
            ("deref(/use/at)/on", "/ifs/if[name='lo']/opt/on"),
            ("deref(name)", ""),
            ("current()/name", "/ifs/if[name='eth0']/name"),
        ],
    );
}

#[test]
fn a_budget_ends_an_expression_that_asks_for_too_much() {
    let schema = outline(MODEL);
    let tree = data(&schema, DATA);
    let view = View::of(&tree);
    let text = "//*[count(preceding::node()) > 0]";
    let expression = compile(&schema, text, Names::Modules, SchemaId::ROOT, Extent::Value).unwrap();
    let variables = Variables::new();
    let mut context = Context::at(Cursor::root(&view), &variables);
    context.budget = 1000;
    let error = evaluate(&expression, &context).unwrap_err();
    assert!(error.message.contains("more than 1000 steps"), "{error}");
}

#[test]
fn mistakes_are_reported_with_the_expression() {
    check(
        "",
        &[(
            "$nothing",
            "error: /: \"$nothing\": the variable $nothing has no value here (at byte 0 of the expression)",
        )],
    );
    assert!(value_at("", "x:y").contains("prefix"));
    assert!(value_at("", "a[").contains("cannot be used"));
}
