"""Datastore operations as netopeer2-cli, ncclient and Clixon's users send them, over a raw session: RFC 6241 7 and 8,
with the error-tags of its appendix A."""

import itertools
import subprocess
import time

import conftest
import pytest
from lxml import etree
from raw import BASE, BY, DS, NC, NMDA, Raw, Refused, entry, interface, interfaces, nothing

A = 'xmlns="urn:acme:net"'


@pytest.fixture
def session(daemon):
    with Raw(daemon) as session:
        session.discard()
        session.edit(nothing())
        session.commit()
        yield session
        session.discard()


def inline(config):
    return f"<config>{config}</config>"


def refused(session, operation):
    with pytest.raises(Refused) as error:
        session.rpc(operation)
    return error.value


# copy-config and delete-config


def test_copies_among_all_datastores(session):
    session.edit(interface("r", "<mtu>1000</mtu>"))
    session.commit()
    session.copy(inline(interface("s")), "startup")
    assert session.interfaces("startup") == {"s": {}}
    session.copy("startup", "candidate")
    assert session.interfaces("candidate") == {"s": {}}
    session.discard()
    session.copy("running", "startup")
    assert session.interfaces("startup") == {"r": {"mtu": "1000"}}
    session.edit(interface("c"))
    session.copy("candidate", "startup")
    assert session.interfaces("startup") == {"r": {"mtu": "1000"}, "c": {}}
    session.copy("running", "candidate")
    assert session.interfaces("candidate") == {"r": {"mtu": "1000"}}
    session.copy(inline(interface("i")), "candidate")
    assert session.interfaces("candidate") == {"i": {}}
    # It has replaced all, and access control with it: so it is not committed here.
    assert session.read("candidate").find("{urn:ietf:params:xml:ns:yang:ietf-netconf-acm}nacm") is None


@pytest.mark.parametrize("target, source, tag", [
    ("candidate", "candidate", "invalid-value"),
    ("startup", "startup", "invalid-value"),
    ("running", "running", "invalid-value"),
    ("running", "candidate", "operation-not-supported"),
    ("running", "startup", "operation-not-supported"),
    ("running", inline(interface("x")), "operation-not-supported"),
])
def test_copies_that_cannot_be(session, target, source, tag):
    with pytest.raises(Refused) as error:
        session.copy(source, target)
    assert error.value.tag == tag
    if target == "running" and source != "running":
        assert "commit" in error.value.message


def test_an_inline_copy_is_read_as_strictly_as_an_edit(session):
    before = session.interfaces("candidate")
    for config, tag in [
        (interface("x", "<nothing/>"), "unknown-element"),
        (interface("x", "<mtu>1</mtu>"), "invalid-value"),
        ('<nothing xmlns="urn:nothing"/>', "unknown-namespace"),
        (f"<interfaces {A}><interface><mtu>1000</mtu></interface></interfaces>", "missing-element"),
        (interfaces(entry("x"), entry("x")), "bad-element"),
        ("text", "bad-element"),
    ]:
        operation = f"<copy-config><target><candidate/></target><source>{inline(config)}</source></copy-config>"
        assert refused(session, operation).tag == tag, config
        assert session.interfaces("candidate") == before


def test_an_empty_configuration_empties(session):
    session.edit(interface("x"))
    session.copy("<config/>", "candidate")
    assert session.interfaces("candidate") == {}


def test_deleting_datastores(session):
    session.copy(inline(interface("s")), "startup")
    session.ok("<delete-config><target><startup/></target></delete-config>")
    assert session.interfaces("startup") == {}
    for store in ("running", "candidate"):
        assert refused(session, f"<delete-config><target><{store}/></target></delete-config>").tag == \
            "operation-not-supported"
    assert refused(session, "<delete-config><target><url>file:///tmp/x</url></target></delete-config>").tag in (
        "operation-not-supported", "unknown-element")


def test_named_stores_by_their_rpcs(session):
    session.edit(interface("kept"))
    session.commit()
    rpc = lambda name, inside: session.ok(f'<{name} xmlns="{BY}">{inside}</{name}>')
    rpc("copy-store", "<from>running</from><to>golden</to>")
    listed = session.rpc(f'<list-stores xmlns="{BY}"/>')
    assert "golden" in [name.text for name in listed.iter(f"{{{BY}}}name")]
    session.edit(nothing())
    session.commit()
    rpc("copy-store", "<from>golden</from><to>candidate</to>")
    assert session.interfaces("candidate") == {"kept": {}}
    session.discard()
    rpc("delete-store", "<name>golden</name>")
    error = refused(session, f'<copy-store xmlns="{BY}"><from>golden</from><to>candidate</to></copy-store>')
    assert "golden" in error.message


# Reading


def test_reading_candidate_and_startup_with_filters(session):
    session.copy(inline(interfaces(entry("s1"), entry("s2", "<mtu>2000</mtu>"))), "startup")
    session.edit(interfaces(entry("c1"), entry("c2", "<mtu>2000</mtu>")))
    for store, letter in (("startup", "s"), ("candidate", "c")):
        subtree = f"<filter><interfaces {A}><interface><mtu>2000</mtu><name/></interface></interfaces></filter>"
        data = session.read(store, subtree)
        assert [name.text for name in data.iter("{urn:acme:net}name")] == [f"{letter}2"]
        xpath = f"<filter type='xpath' xmlns:q='urn:acme:net' select=\"//q:interface[q:name='{letter}1']\"/>"
        data = session.read(store, xpath)
        assert [name.text for name in data.iter("{urn:acme:net}name")] == [f"{letter}1"]
    # An empty filter selects nothing, no filter all (RFC 6241 6.4.1, 6.4.2).
    assert len(session.read("candidate", "<filter/>")) == 0
    assert len(session.read("candidate", "<filter type='subtree'></filter>")) == 0


def test_attributes_of_the_filter_may_be_in_the_base_namespace(session):
    # RFC 6241's own schema has them without; netopeer2-cli and older clients qualify them.
    session.edit(interface("f"))
    xpath = "<filter nc:type='xpath' xmlns:q='urn:acme:net' nc:select='/q:interfaces'/>"
    assert [name.text for name in session.read("candidate", xpath).iter("{urn:acme:net}name")] == ["f"]


# validate


def test_validation_of_inline_configuration(session):
    validate = lambda config: f"<validate><source>{inline(config)}</source></validate>"
    session.ok(validate(interface("v")))
    session.ok(validate(""))
    error = refused(session, validate(interface("v", "<mtu>2000</mtu><max-frame>1500</max-frame>")))
    assert (error.tag, error.app_tag) == ("operation-failed", "mtu-too-large")
    error = refused(session, validate(interface("v", "<peer>nobody</peer>")))
    assert (error.tag, error.app_tag) == ("data-missing", "instance-required")
    assert refused(session, validate(interface("v", "<nothing/>"))).tag == "unknown-element"
    for store in ("running", "startup", "candidate"):
        session.ok(f"<validate><source><{store}/></source></validate>")
    assert session.interfaces("candidate") == {}


# edit-config: operation x default-operation x test-option x error-option

EXISTS = interface("e", "<mtu>1000</mtu><description>old</description>")

# By operation and whether the entry is there: the tag of the error, or what the candidate has afterwards.
OPERATIONS = {
    ("merge", True): {"e": {"mtu": "2000", "description": "old"}},
    ("merge", False): {"e": {"mtu": "2000"}},
    ("replace", True): {"e": {"mtu": "2000"}},
    ("replace", False): {"e": {"mtu": "2000"}},
    ("create", True): "data-exists",
    ("create", False): {"e": {"mtu": "2000"}},
    ("delete", True): {},
    ("delete", False): "data-missing",
    ("remove", True): {},
    ("remove", False): {},
}


@pytest.mark.parametrize("operation, exists", OPERATIONS)
def test_operations_by_all_options(session, operation, exists):
    expected = OPERATIONS[operation, exists]
    options = itertools.product(
        (None, "merge", "none"), (None, "test-then-set", "set", "test-only"), (None, "stop-on-error", "rollback-on-error"))
    for default, test, error in options:
        session.discard()
        if exists:
            session.edit(EXISTS)
        before = session.interfaces("candidate")
        element = lambda name, text: f"<{name}>{text}</{name}>" if text else ""
        more = (element("default-operation", default) + element("test-option", test)
                + element("error-option", error))
        inside = "" if operation in ("delete", "remove") else "<mtu>2000</mtu>"
        case = f"{operation} {exists} {more}"
        try:
            session.edit(interface("e", inside, operation), more=more)
            assert isinstance(expected, dict), case
            after = before if test == "test-only" else expected
        except Refused as refused:
            assert refused.tag == expected, case
            after = before
        assert session.interfaces("candidate") == after, case


def test_default_operations_without_an_operation(session):
    session.edit(EXISTS)
    session.edit(interface("other"))
    session.edit(interface("e", "<mtu>2000</mtu>"), more="<default-operation>none</default-operation>")
    assert session.interfaces("candidate")["e"]["mtu"] == "1000"
    # RFC 6241 7.2: none, and the data are not there.
    with pytest.raises(Refused) as error:
        session.edit(interface("never", "<mtu>2000</mtu>"), more="<default-operation>none</default-operation>")
    assert error.value.tag == "data-missing"
    session.edit(interface("e", "<mtu>2000</mtu>"), more="<default-operation>replace</default-operation>")
    assert session.interfaces("candidate") == {"e": {"mtu": "2000"}}


def test_an_edit_is_done_whole_or_not_at_all(session):
    session.edit(EXISTS)
    for option in ("stop-on-error", "rollback-on-error"):
        with pytest.raises(Refused):
            session.edit(interfaces(entry("first"), entry("e", operation="create")),
                         more=f"<error-option>{option}</error-option>")
        assert set(session.interfaces("candidate")) == {"e"}
    edit = f"<edit-config><target><candidate/></target><error-option>continue-on-error</error-option>{inline('')}</edit-config>"
    assert refused(session, edit).tag == "operation-not-supported"


@pytest.mark.parametrize("target", ["running", "startup"])
def test_only_the_candidate_is_edited(session, target):
    edit = f"<edit-config><target><{target}/></target>{inline(interface('x'))}</edit-config>"
    error = refused(session, edit)
    assert error.tag == "operation-not-supported"
    assert "candidate" in error.message
    assert not any("writable-running" in one for one in session.capabilities)


@pytest.mark.parametrize("edit, tag", [
    (interface("x", operation="destroy"), "bad-attribute"),
    (f'<interfaces {A} operation="delete"/>', None),
    (f"<interfaces {A}><interface nc:operation='create'/></interfaces>", "missing-element"),
    (interface("x", "<mtu>70</mtu><mtu>80</mtu>"), "bad-element"),
    (interface("x", "<counters><in>1</in></counters>"), None),
    (interface("x", "<mtu nc:operation='delete'/>"), "data-missing"),
    (interface("x", "<mtu nc:operation='remove'/>"), None),
    ("<interfaces/>", "unknown-element"),
    ('<interfaces xmlns=""/>', "unknown-namespace"),
    ('<interfaces xmlns="urn:nowhere"/>', "unknown-namespace"),
])
def test_faults_of_an_edit_have_the_tags_of_the_rfc(session, edit, tag):
    """`None` is no error, unless said otherwise below."""
    try:
        session.edit(edit)
        found = None
    except Refused as refused:
        found = refused.tag
    if "counters" in edit:  # State is not to be edited.
        assert found in ("invalid-value", "unknown-element", "bad-element", "access-denied"), found
    elif 'operation="delete"' in edit:  # Without prefix it is no attribute of the protocol (RFC 6241 7.2).
        assert found in ("unknown-attribute", "bad-attribute"), found
    else:
        assert found == tag


def test_an_operation_on_the_config_element_itself(session):
    session.edit(EXISTS)
    # What netopeer2-cli's and Clixon's users do to replace everything.
    session.ok(f"<edit-config><target><candidate/></target><config nc:operation='replace'>{interface('only')}</config></edit-config>")
    assert session.interfaces("candidate") == {"only": {}}


@pytest.mark.parametrize("operation", ["delete", "remove", "create", "none"])
def test_config_itself_is_not_created_or_deleted(session, operation):
    edit = f"<edit-config><target><candidate/></target><config nc:operation='{operation}'/></edit-config>"
    error = refused(session, edit)
    assert (error.tag, error.about("bad-attribute")) == ("bad-attribute", "operation")


def test_an_edit_without_content_changes_nothing(session):
    session.edit(EXISTS)
    session.ok("<edit-config><target><candidate/></target><config/></edit-config>")
    assert set(session.interfaces("candidate")) == {"e"}


def test_edit_data_is_for_the_candidate(session):
    edit = lambda store: (f'<edit-data xmlns="{NMDA}" xmlns:ds="{DS}"><datastore>ds:{store}</datastore>'
                          f"<config>{interface('x')}</config></edit-data>")
    session.ok(edit("candidate"))
    for store in ("running", "operational", "intended"):
        assert refused(session, edit(store)).tag == "invalid-value"


# Messages


@pytest.mark.parametrize("operation, tag", [
    ("<get-config/>", "missing-element"),
    ("<get-config><source/></get-config>", "bad-element"),
    ("<get-config><source><nowhere/></source></get-config>", "unknown-element"),
    ("<edit-config><target><candidate/></target></edit-config>", "missing-element"),
    ("<nothing/>", "unknown-element"),
    ('<nothing xmlns="urn:nothing"/>', "unknown-namespace"),
    ('<get xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><filter type="regex"/></get>', "bad-attribute"),
    ("<get-config><source><running/></source><filter type='xpath' select='/q:x'/></get-config>", "invalid-value"),
    ("<get-config><source><running/></source><filter type='xpath' select='1+1'/></get-config>", "invalid-value"),
    ("<unlock><target><running/></target></unlock>", "operation-failed"),
    ("<get content='config' depth='1'/>", "unknown-attribute"),
    ("<commit><confirmed>true</confirmed></commit>", "invalid-value"),
    ("<cancel-commit/>", "operation-failed"),
    ("<kill-session><session-id>0</session-id></kill-session>", "invalid-value"),
])
def test_faults_of_requests_have_the_tags_of_the_rfc(session, operation, tag):
    error = refused(session, operation)
    assert error.tag == tag, error
    if tag in ("missing-element", "bad-element", "unknown-element"):
        assert error.about("bad-element"), "RFC 6241 appendix A: the element is named"
    if tag in ("bad-attribute", "missing-attribute", "unknown-attribute"):
        assert error.about("bad-attribute") and error.about("bad-element")
    if tag == "unknown-namespace":
        assert error.about("bad-element") and error.about("bad-namespace")


def test_a_config_without_the_namespace_of_netconf_is_told_what_to_do(session):
    edit = f'<edit-config><target><candidate/></target><config xmlns="">{interface("x")}</config></edit-config>'
    error = refused(session, edit)
    assert error.tag == "unknown-namespace"
    for part in ("<config>", BASE, "compat.lenient"):
        assert part in error.message, error.message
    assert error.about("bad-element") == "config"


def test_the_key_that_the_error_names_accepts_it(lenient_daemon):
    with Raw(lenient_daemon) as session:
        session.ok(f'<edit-config><target><candidate/></target><config xmlns="">{interface("x")}</config></edit-config>')
        assert "x" in session.interfaces("candidate")
        session.discard()


def test_ncclient_with_a_bare_config(daemon):
    from ncclient.operations import RPCError
    from test_ncclient import connect
    with connect(daemon) as session:
        with pytest.raises(RPCError) as error:
            session.edit_config(target="candidate", config=f"<config>{interface('x')}</config>".replace("nc:", ""))
        assert error.value.tag == "unknown-namespace"
        assert "compat.lenient" in error.value.message


def test_locks_and_validation_with_datastores_of_nmda(session, daemon):
    target = lambda operation, around, store: (
        f'<{operation}><{around}><datastore xmlns="{NMDA}" xmlns:ds="{DS}">ds:{store}</datastore></{around}></{operation}>')
    with Raw(daemon) as other:
        for store in ("running", "candidate", "startup"):
            session.ok(target("lock", "target", store))
            error = refused(other, f"<lock><target><{store}/></target></lock>")
            assert (error.tag, error.about("session-id")) == ("lock-denied", session.id)
            session.ok(target("unlock", "target", store))
            session.ok(target("validate", "source", store))
    session.ok(target("validate", "source", "intended"))
    for operation, around in (("lock", "target"), ("unlock", "target"), ("validate", "source")):
        assert refused(session, target(operation, around, "operational")).tag == "invalid-value"


def test_max_depth_is_counted_from_each_node_that_is_selected(session):
    session.edit(interface("deep", "<mtu>2000</mtu>"))
    session.commit()
    filter = (f"<interfaces {A}><interface><name>deep</name></interface></interfaces>"
              f"<interfaces {A}><interface><name>deep</name><counters><in/></counters></interface></interfaces>")
    get = (f'<get-data xmlns="{NMDA}" xmlns:ds="{DS}"><datastore>ds:operational</datastore>'
           f"<subtree-filter>{filter}</subtree-filter><max-depth>1</max-depth></get-data>")
    entry = session.rpc(get).find(".//a:interface", NC)
    assert entry.findtext("a:counters/a:in", namespaces=NC) == "4"
    assert entry.find("a:mtu", NC) is None


def test_with_defaults_for_copies_is_taken(session):
    session.edit(interface("d"))
    session.commit()
    mode = '<with-defaults xmlns="urn:ietf:params:xml:ns:yang:ietf-netconf-with-defaults">{}</with-defaults>'
    for name in ("explicit", "report-all", "trim"):
        session.ok(f"<copy-config><target><startup/></target><source><running/></source>{mode.format(name)}</copy-config>")
    bad = f"<copy-config><target><startup/></target><source><running/></source>{mode.format('some')}</copy-config>"
    assert refused(session, bad).tag == "invalid-value"


def test_what_was_copied_to_startup_is_in_its_file(session, daemon):
    session.copy(inline(interface("in-file")), "startup")
    assert "in-file" in (daemon.directory / "store" / "startup_db").read_text()
    shown = subprocess.run([conftest.BANYAN, "get", "--store", "startup", "--socket", daemon.socket],
                           capture_output=True, text=True, check=True).stdout
    assert "in-file" in shown
    session.ok("<delete-config><target><startup/></target></delete-config>")
    assert etree.tostring(session.read("startup")).count(b"in-file") == 0


LOCKED = {
    "candidate": [f"<edit-config><target><candidate/></target>{inline(interface('l'))}</edit-config>",
                  "<copy-config><target><candidate/></target><source><running/></source></copy-config>",
                  f"<copy-config><target><candidate/></target><source>{inline(interface('l'))}</source></copy-config>",
                  "<discard-changes/>", "<commit/>"],
    "startup": [f"<copy-config><target><startup/></target><source>{inline(interface('l'))}</source></copy-config>",
                "<delete-config><target><startup/></target></delete-config>"],
    "running": [],
}


@pytest.mark.parametrize("store", LOCKED)
def test_what_another_session_has_locked_is_in_use(session, daemon, store):
    with Raw(daemon) as owner:
        owner.ok(f"<lock><target><{store}/></target></lock>")
        for operation in LOCKED[store]:
            error = refused(session, operation)
            assert (error.tag, error.about("session-id")) == ("in-use", owner.id), operation
        if store == "running":
            session.edit(interface("l"))
            error = refused(session, "<commit/>")
            assert (error.tag, error.about("session-id")) == ("in-use", owner.id)
            session.discard()
        # Reading is free, and the lock is its owner's.
        session.read(store)
        session.ok(f"<validate><source><{store}/></source></validate>")
        error = refused(session, f"<unlock><target><{store}/></target></unlock>")
        assert error.tag == "operation-failed"
        error = refused(owner, f"<lock><target><{store}/></target></lock>")
        assert (error.tag, error.about("session-id")) == ("lock-denied", owner.id)
    # With the session ends the lock.
    for _ in range(200):
        try:
            session.ok(f"<lock><target><{store}/></target></lock>")
            break
        except Refused:
            time.sleep(0.02)
    session.ok(f"<unlock><target><{store}/></target></unlock>")


def test_a_modified_candidate_is_not_locked_and_an_unlocked_one_loses_its_changes(session, daemon):
    session.edit(interface("m"))
    with Raw(daemon) as other:
        for who in (other, session):
            error = refused(who, "<lock><target><candidate/></target></lock>")
            assert (error.tag, error.about("session-id")) == ("lock-denied", session.id)
    session.discard()
    session.ok("<lock><target><candidate/></target></lock>")
    session.edit(interface("m"))
    session.ok("<unlock><target><candidate/></target></unlock>")
    assert "m" not in session.interfaces("candidate")
