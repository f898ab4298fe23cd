//! The most important property of validation: from a valid base, incremental and full validation agree,
//! error for error.

use banyan_yang::schema::Schema;

use super::{Indexes, Mounts, Options, Report, changed, full};
use crate::change::diff;
use crate::list::List;
use crate::node::{Content, Node, Tree};
use crate::outline::{data, outline};
use crate::testmodel::{Random, random_tree};
use crate::value::Value;
use crate::view::Scope;

/// All kinds of constraint, reading near and far, through defaults, choices and conditions.
const MODEL: &str = r#"
container sys
  leaf mode type=uint32 default=1
  leaf limit type=uint32 default=2 must=". <= 3"
  container opt when="../mode > 0"
    leaf depth type=uint32 default=1
    leaf need mandatory when="../../mode = 2"
container ifs must="count(if) < 6"
  list if key=name unique="tag c/port" max=7 must="not(mtu) or mtu <= /sys/limit + 1"
    leaf name type=uint32
    leaf mtu type=uint32
    leaf tag when="../mtu = 1 or not(../mtu)"
    container c
      leaf port type=uint32 default=2
      leaf-list hop max=4
    leaf peer type=ref path=/ifs/if/name
    leaf near type=ref path=../../if/c/port
    leaf far type=ref path="/ifs/if[name=current()/../peer]/mtu" must="../mtu or ../tag"
  leaf main type=ref path=/ifs/if/name
  leaf many type=uint32 must="sum(../if/c/port) >= ."
container srv
  choice kind default-case=a
    case a
      leaf x type=uint32 default=1 must="../../sys/mode != 3"
      leaf y type=uint32 default=2
    case b
      leaf z when="../../sys/opt/depth < 3"
      container deep
        leaf w mandatory
        leaf v default=5 must="../../../ifs/if or . = 5"
    case n
      choice inner mandatory
        case p
          leaf p
        case q
          leaf q type=uint32 default=3 must="../p or true()"
      leaf r
  container pres presence must="../x or ../z"
    leaf m mandatory
  list u key=k user min=0
    leaf k
    leaf n type=uint32 must="not(preceding-sibling::u) or not(../preceding-sibling::u[1]/n > .)"
container net
  list node key=id
    leaf id type=uint32
    leaf up type=ref path=/net/node/id
    leaf cost type=uint32 default=1
  leaf root type=ref path=../node/id
  leaf least type=ref path=../node/cost
  leaf hops type=uint32 must="../node[id=current()/../root]/cost <= 2"
container own presence when="flag or not(other)"
  leaf flag
  leaf other type=uint32
container opened when="flag != 3"
  leaf flag type=uint32 default=1
  leaf inner default=1 must="/sys/mode != 5"
leaf any type=instance
leaf cond default=1 when="../sys/mode = 1"
leaf needs must="../cond and ../srv/y"
leaf all type=uint32 must="count(//hop) >= ."
"#;

/// What leafrefs refer to: keys and other leaves, of all entries or of one that is named, defaults on both sides.
const LEAFREFS: &str = r#"
container ifs
  list if key=name
    leaf name type=uint32
    leaf mtu type=uint32 default=1
    leaf on type=uint32 when="../mtu < 3" default=2
    list unit key=id
      leaf id type=uint32
      leaf tag type=uint32 default=1
      container c
        leaf port type=uint32 default=2 when="../../tag != 3"
      leaf sib type=ref path=../../unit/id
      leaf same-tag type=ref path=../../unit/tag
      leaf up type=ref path=../../../if/name
list use key="n z"
  leaf n type=uint32
  leaf z type=uint32
  leaf if type=ref path=/ifs/if/name default=1
  leaf unit type=ref path="/ifs/if[name=current()/../if]/unit/id"
  leaf mtu type=ref path=/ifs/if/mtu default=1
  leaf port type=ref path="/ifs/if[name=current()/../if]/unit/c/port"
  leaf-list many type=ref path=/ifs/if/name
  leaf-list ports type=ref path=/ifs/if/unit/c/port
  leaf on type=ref path=/ifs/if/on
"#;

/// Paths and members of unions as references, and entries that must differ.
const IDENTIFIERS: &str = r#"
leaf text
container ifs
  list if key=name unique="tag c/port" unique=vlan
    leaf name type=uint32
    leaf tag type=uint32 default=1
    leaf vlan type=uint32
    container c
      leaf port type=uint32 default=2 when="../../tag != 3"
    list unit key=id unique=tag
      leaf id type=uint32
      leaf tag type=uint32
    leaf-list at type=instance
leaf-list used type=uint32 default=1
container np
  leaf-list used type=uint32 default=2
leaf by type=instance
list use key=n
  leaf n type=uint32
  leaf at type=instance
  leaf either type=union path=/ifs/if/tag
  leaf-list texts type=union path=/text
"#;

/// Conditions and constraints that pick entries by key.
const PICKS: &str = r#"
container ifs
  list if key=name
    leaf name type=uint32
    leaf mtu type=uint32 default=1
    list unit key=id
      leaf id type=uint32
      leaf tag type=uint32 default=1
      leaf up type=uint32 must="not(../../../if[name=current()]/mtu = 3)"
list use key="n z"
  leaf n type=uint32
  leaf z type=uint32
  leaf if type=uint32 default=1
  leaf m type=uint32 must="not(/ifs/if[name=current()/../if]/mtu >= 3)"
  leaf w type=uint32 when="not(/ifs/if[name=current()/../if]/mtu = 2)"
  leaf d type=uint32 default=3 when="not(/ifs/if[name=current()/../if]/unit[id=current()/../n]/tag = 1)"
  leaf deep type=uint32 must="not(/ifs/if[name=current()/../if]/unit[id=current()/../z]/tag = .)"
  leaf d-of type=ref path=/use/d must="not(../../use[n=current()][z=current()/../z]/w = 1)"
container one
  leaf main type=uint32
  list x key=k must="not(/ifs/if[name=current()/k]/mtu = 2)"
    leaf k type=uint32
    leaf v type=uint32 must="not(/ifs/if[name=/one/main]/mtu = .)"
    leaf fixed type=uint32 must="not(/ifs/if[name='2']/mtu = .)"
    leaf key type=uint32 must="count(/ifs/if[name=current()/../k]/unit) < 3"
    leaf other type=uint32 must="not(../../x[k=current()/../v]/fixed = .)"
    leaf text must="not(/ifs/if[name=substring(current(), 2)]/mtu = 2)"
"#;

/// Where `deref()` leads, through leafrefs to leafrefs and paths with keys.
const DEREFS: &str = r#"
container ifs
  leaf sole type=uint32
  list if key=name
    leaf name type=uint32
    leaf mtu type=uint32 default=1
    list unit key=id
      leaf id type=uint32
      leaf tag type=uint32 default=1
list use key=n
  leaf n type=uint32
  leaf if type=ref path=/ifs/if/name
  leaf unit type=ref path="/ifs/if[name=current()/../if]/unit/id"
  leaf d type=uint32 must="not(deref(../unit)/../tag = .)"
  leaf e when="not(deref(../if)/../mtu = 3)"
  leaf w when="not(deref(../unit)/../tag = 2)"
  leaf chain type=ref path=../unit
  leaf far type=ref path=/use/chain must="not(deref(.)/../d = 1)"
  leaf both type=uint32 must="not(deref(deref(../chain))/../tag = 3)"
  leaf-list many type=union path=/use/if
  leaf sole type=ref path=/ifs/sole must="not(/ifs/if[name=deref(current())]/mtu = 3)"
  leaf m type=uint32 must="not(deref(../many)/../d = 2)"
  leaf mtu type=ref path="/ifs/if[name=current()/../n]/mtu" must="deref(.)/../unit or . < 3"
"#;

/// `current()` deep in predicates, values that are no keys, and keys that are references.
const NESTED: &str = r#"
container a
  list l key="k j"
    leaf k type=uint32
    leaf j type=ref path=/b/x
    leaf w type=uint32 default=1
    container b
      list c key=k
        leaf k type=ref path=/a/l/k
        leaf v type=uint32 default=2
        leaf up type=uint32 must="not(../../../w = current()) or ../v = 2"
container b
  leaf x type=uint32 default=1
  list use key=n
    leaf n type=union path=/a/l/k
    leaf x type=uint32
    leaf y type=uint32 default=2
    leaf s type=uint32 must="count(/a/l[b/c[k=current()/../x]/v = current()/../y]) < 2"
    leaf t type=uint32 must="not(/a/l[k=current()/../x][j='1']/b/c[k=current()/../y][v=../../w])"
    leaf r type=uint32 must="not(/a/l[k=current()/../x and j=/b/x]/w = .)"
    leaf q type=uint32 must="not(/a/l[k=/a/l[k=current()/../x][j=1]/w][j=current()]/w = 1)"
    leaf p type=uint32 when="not(//c[k=current()/../y]/v = 1)"
    leaf o type=uint32 must="not(/a/l[k='01'][j='1']) and not(/a/l[k='1'][j='1']/w = 3)"
    leaf z type=uint32 default=1 when="not(../../use[n=current()/../x]/y = 1)"
    leaf of-z type=ref path=/b/use/z
"#;

/// Constraints on places in an order that users choose.
const ORDERED: &str = r#"
list u key=k user unique="n m" must="not(m) or not(preceding-sibling::u[1]/n = m)"
  leaf k type=uint32
  leaf n type=uint32
  leaf m type=uint32
  leaf p type=uint32 must="count(../following-sibling::u[n=current()]) < 2"
  leaf q type=uint32 must="not(../preceding-sibling::u[k=current()/../m]/n > .)"
  leaf x type=uint32 when="not(../../u[2]/k = 1)"
  leaf at type=ref path=../../u/x
leaf-list w type=uint32 user must="not(preceding-sibling::w[1] = 3) or . > 1"
leaf first type=uint32 must="../u[1]/n = . or not(../u)"
leaf last type=uint32 must="not(../u[last()]/n = .)"
leaf third type=uint32 must="not(../w[position() = 3] = .)"
leaf y type=uint32 when="not(../w[last()] = 2)" default=1
leaf before type=uint32 must="not(/u[k='1']/following-sibling::u/n = .)"
"#;

/// Configuration that others refer to, and state that reads it.
const STATE: &str = r#"
container cfg
  list l key=k
    leaf k type=uint32
    leaf v type=uint32 default=1
    leaf m type=uint32 must="not(/st/s[k=current()/../k]/v = 1)"
    container live state
      leaf up type=uint32 must="../../v >= ."
      leaf v type=ref path=/cfg/l/v
container st state
  list s key=k unique=v
    leaf k type=ref path=/cfg/l/k
    leaf v type=uint32 must="not(/cfg/l[k=current()/../k]/v = 2)"
    leaf w type=uint32 when="/cfg/l[k=current()/../k]/v = 1"
    leaf at type=instance
  list none
    leaf k type=ref path=/st/s/k
    leaf x type=uint32 must="not(/cfg/l[k=current()/../k]/v = .)"
"#;

/// Trees in trees, each with references and conditions of its own; the mounted ones have the same schema.
pub(super) const MOUNTS: &str = r#"
list if key=name unique=mtu
  leaf name type=uint32
  leaf mtu type=uint32
list use key=n
  leaf n type=uint32
  leaf if type=ref path=/if/name
  leaf mtu type=ref path=/if/mtu
  leaf m type=uint32 must="not(/if[name=current()/../if]/mtu >= 3)"
  leaf w type=uint32 when="not(/if[name=current()/../n]/mtu = 2)"
  leaf v type=uint32 when="/if[name=current()/../n]/mtu < 2"
  leaf at type=instance
list device key=id
  leaf id type=uint32
  container config mount
"#;

/// What reads into mounted trees from outside.
pub(super) const ACROSS: &str = r#"
list if key=name
  leaf name type=uint32
  leaf mtu type=uint32 default=1
  leaf only type=uint32 must="not(/if[name=current()]/mtu = 2)" when="not(/if/mtu = 3)"
  leaf main type=ref path=/if/name must="not(deref(.)/../mtu = 3)"
leaf total type=uint32 must="count(//only) <= ."
leaf few type=uint32 when="count(//only) < 3" default=1
leaf seen type=uint32 must="not(/device/config/if/mtu = .)"
leaf first when="not(/device[id='1']/config/if[name='2'])"
leaf of-few type=ref path=/few
leaf at type=instance
list device key=id
  leaf id type=uint32
  leaf n type=uint32 must="count(../config/if) < 3"
  leaf w when="not(../config/if[name=current()/../id]/mtu = 2)"
  container config mount
"#;

fn shown(report: &Report) -> Vec<String> {
    let mut shown: Vec<String> = report
        .errors
        .iter()
        .map(|error| format!("{:?} {} {}", error.kind, error.path, error.message))
        .collect();
    shown.sort();
    shown
}

/// `base` with some part taken from `other`, or taken out.
pub(super) fn mixed(schema: &Schema, base: &Node, other: &Node, random: &mut Random) -> Node {
    let children = schema.data_children(base.id());
    let free: Vec<_> = children
        .iter()
        .filter(|id| !schema.node(**id).is_key)
        .collect();
    if free.is_empty() {
        return base.clone();
    }
    let id = *free[random.below(free.len() as u64) as usize];
    let deeper = random.chance(85);
    let content = match (base.get(id), other.get(id)) {
        (Some(Content::Container(a)), Some(Content::Container(b))) if deeper => {
            Some(Content::Container(mixed(schema, a, b, random)))
        }
        (Some(Content::List(a)), Some(Content::List(b))) if deeper => {
            mixed_list(schema, a, b, random)
        }
        (Some(Content::Mount(a)), Some(Content::Mount(b))) if deeper => {
            let root = mixed(schema, a.root(), b.root(), random);
            Some(Content::Mount(std::sync::Arc::new(a.with_root(root))))
        }
        (Some(_), Some(_)) if random.chance(20) => None,
        (_, new) => new.cloned(),
    };
    let is_empty = |content: &Content| matches!(content, Content::Container(node) if node.slots().is_empty() && !schema.node(id).presence);
    base.with_child(id, content.filter(|content| !is_empty(content)))
}

fn mixed_list(schema: &Schema, a: &List, b: &List, random: &mut Random) -> Option<Content> {
    let at = |list: &List, random: &mut Random| {
        list.nth(random.below(list.len() as u64) as usize).cloned()
    };
    let (mine, theirs) = (at(a, random)?, at(b, random)?);
    let keys: Vec<Value> = mine.keys(a.key_count()).cloned().collect();
    match random.below(4) {
        0 => a.without(&keys).map(Content::List),
        1 => Some(Content::List(a.with_entry(theirs))),
        _ => Some(Content::List(
            a.with_entry(mixed(schema, &mine, &theirs, random)),
        )),
    }
}

#[test]
fn incremental_and_full_validation_agree() {
    let (valid, invalid) = agree(MODEL, 60, 60);
    assert!(valid > 300 && invalid > 300, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_leafrefs() {
    let (valid, invalid) = agree(LEAFREFS, 30, 60);
    assert!(valid > 300 && invalid > 300, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_paths_unions_and_what_must_differ() {
    let (valid, invalid) = agree(IDENTIFIERS, 30, 60);
    assert!(valid > 300 && invalid > 300, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_constraints_that_pick_entries_by_key() {
    let (valid, invalid) = agree(PICKS, 30, 60);
    assert!(valid > 300 && invalid > 300, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_what_is_dereferenced() {
    let (valid, invalid) = agree(DEREFS, 12, 60);
    assert!(valid > 100 && invalid > 100, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_predicates_in_predicates() {
    let (valid, invalid) = agree(NESTED, 12, 60);
    assert!(valid > 100 && invalid > 100, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_places_in_an_order() {
    let (valid, invalid) = agree(ORDERED, 12, 60);
    assert!(valid > 100 && invalid > 100, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_state() {
    let (valid, invalid) = agree_in(Scope::All, STATE, 12, 60);
    assert!(valid > 100 && invalid > 100, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_on_what_reads_into_mounted_trees() {
    let (valid, invalid) = agree(ACROSS, 12, 60);
    assert!(valid > 50 && invalid > 100, "{valid} valid, {invalid} not");
}

#[test]
fn they_agree_in_mounted_trees() {
    let (valid, invalid) = agree(MOUNTS, 20, 60);
    assert!(valid > 200 && invalid > 200, "{valid} valid, {invalid} not");
}

/// Compares the two, and the indexes of each tree with those moved on from its predecessor, after random changes of valid
/// data. How many of the results were valid, and how many not.
fn agree(model: &str, seeds: u64, steps: usize) -> (usize, usize) {
    agree_in(Scope::Config, model, seeds, steps)
}

fn agree_in(scope: Scope, model: &str, seeds: u64, steps: usize) -> (usize, usize) {
    let schema = outline(model);
    let options = Options {
        scope,
        errors: 1000,
        ..Options::default()
    };
    let (mut valid, mut invalid) = (0, 0);
    for seed in 1..=seeds {
        let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let mut base = data(&schema, "");
        let mut indexes = Indexes::of(&base, Mounts::Validate);
        for step in 0..steps {
            let other = random_tree(&schema, &mut random);
            let mut root = base.root().clone();
            for _ in 0..=random.below(3) {
                root = mixed(&schema, &root, other.root(), &mut random);
            }
            let after = Tree::new(schema.clone(), root);
            let changes = diff(&base, &after);
            let moved = indexes.after(&base, &after);
            assert_eq!(moved, Indexes::of(&after, Mounts::Validate));
            let expected = full(&after, &options);
            let found = changed(&changes, &after, &moved, &options);
            assert_eq!(
                shown(&found),
                shown(&expected),
                "seed {seed}, step {step}\nbefore {:?}\nafter {:?}\n{changes}",
                base.root(),
                after.root(),
            );
            if expected.is_valid() {
                (base, indexes) = (after, moved);
                valid += 1;
            } else {
                invalid += 1;
            }
        }
    }
    (valid, invalid)
}

/// Validates what became of a valid tree.
fn after(before: &Tree, after: &Tree, options: &Options<'_>) -> Report {
    let indexes = Indexes::of(before, options.mounts).after(before, after);
    changed(&diff(before, after), after, &indexes, options)
}

#[test]
fn a_change_costs_what_it_affects() {
    let schema = outline(
        "container ifs\n  list if key=name must=\"mtu <= 9000\"\n    leaf name\n    leaf mtu type=uint32\nlist use key=n\n  leaf n\n  leaf if type=ref path=/ifs/if/name",
    );
    let entries = |range: std::ops::Range<u32>| {
        range
            .map(|n| format!("<if><name>{n}</name><mtu>1500</mtu></if>"))
            .collect::<String>()
    };
    let base = data(&schema, &format!("<ifs>{}</ifs>", entries(0..2000)));
    let changed_leaf = entries(0..2000).replacen("1500", "1600", 1);
    for then in [changed_leaf, entries(0..2001), entries(1..2000)] {
        let then = data(
            &schema,
            &format!("<ifs>{then}</ifs><use><n>1</n><if>7</if></use>"),
        );
        let report = after(&base, &then, &Options::default());
        assert!(report.is_valid());
        assert!(report.counters.visited < 60, "{:?}", report.counters);
    }
}

/// Kind and path of what is found after a change of valid data.
#[track_caller]
fn after_change(model: &str, before: &str, then: &str) -> Vec<String> {
    let schema = outline(model);
    let (before, then) = (data(&schema, before), data(&schema, then));
    let options = Options::default();
    assert_eq!(shown(&full(&before, &options)), Vec::<String>::new());
    let report = after(&before, &then, &options);
    assert_eq!(shown(&report), shown(&full(&then, &options)));
    let errors = report.errors.iter();
    errors
        .map(|error| format!("{:?} {}", error.kind, error.path))
        .collect()
}

#[test]
fn deleting_a_leafref_target_is_refused() {
    let model = "list l key=k\n  leaf k\n  leaf v\nleaf key type=ref path=/l/k\nleaf value type=ref path=/l/v";
    let refs = "<key>a</key><value>1</value>";
    assert_eq!(
        after_change(
            model,
            &format!("<l><k>a</k><v>1</v></l><l><k>b</k></l>{refs}"),
            &format!("<l><k>b</k></l>{refs}")
        ),
        ["InstanceRequired /t:key", "InstanceRequired /t:value"]
    );
    assert_eq!(
        after_change(
            model,
            &format!("<l><k>a</k><v>1</v></l>{refs}"),
            &format!("<l><k>a</k><v>2</v></l>{refs}")
        ),
        ["InstanceRequired /t:value"]
    );
    assert_eq!(
        after_change(model, &format!("<l><k>a</k><v>1</v></l>{refs}"), refs),
        ["InstanceRequired /t:key", "InstanceRequired /t:value"]
    );
}

#[test]
fn a_default_that_a_when_switches_is_a_change_of_its_own() {
    let model = "
leaf mode
leaf a default=1 when=\"../mode = 'x'\"
leaf b must=\"../a\"
leaf c when=\"../a\"
";
    assert_eq!(
        after_change(
            model,
            "<mode>x</mode><b>1</b><c>1</c>",
            "<mode>y</mode><b>1</b><c>1</c>"
        ),
        ["MustViolation /t:b", "WhenViolation /t:c"]
    );
}

#[test]
fn what_names_the_target_of_a_leafref_is_read_by_deref() {
    let model = r#"
list if key=name
  leaf name
  list unit key=id
    leaf id
    leaf tag
leaf of type=ref path=/if/name
leaf unit type=ref path="/if[name=current()/../of]/unit/id"
leaf m must="not(deref(../unit)/../tag = 'x')"
leaf w when="not(deref(../unit)/../tag = 'x')"
"#;
    let with = |name: &str| {
        format!(
            "<if><name>a</name><unit><id>1</id></unit></if><if><name>b</name><unit><id>1</id><tag>x</tag></unit></if>\
             <of>{name}</of><unit>1</unit><m>1</m><w>1</w>"
        )
    };
    assert_eq!(
        after_change(model, &with("a"), &with("b")),
        ["MustViolation /t:m", "WhenViolation /t:w"]
    );
}

#[test]
fn an_instance_identifier_is_checked_after_any_change() {
    let model = "list l key=k\n  leaf k\nleaf at type=instance";
    let at = "<at>/t:l[t:k='a']</at>";
    assert_eq!(
        after_change(model, &format!("<l><k>a</k></l>{at}"), at),
        ["InstanceRequired /t:at"]
    );
}

#[test]
fn a_default_of_a_leaf_list_that_gives_way_is_missed() {
    let model = "
leaf-list l type=uint32 default=1
container np
  leaf-list l type=uint32 default=1
leaf at type=instance
leaf in type=instance
";
    let refs = "<at>/t:l[.='1']</at><in>/t:np/t:l[.='1']</in>";
    assert_eq!(
        after_change(model, refs, &format!("<l>2</l><np><l>2</l></np>{refs}")),
        ["InstanceRequired /t:at", "InstanceRequired /t:in"]
    );
}

#[test]
fn a_case_that_gets_data_switches_off_the_default_of_another() {
    let model = "
choice c default-case=a
  case a
    leaf x default=1
  case b
    leaf y
leaf z must=\"../x\"
";
    assert_eq!(
        after_change(model, "<z>1</z>", "<z>1</z><y>1</y>"),
        ["MustViolation /t:z"]
    );
}
