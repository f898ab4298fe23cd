"""Confirmed commits (RFC 6241 8.4) and partial locks (RFC 5717) on the wire: what is answered, and what errors hold."""

import time

import pytest
from raw import NC, PRIVATE, Raw, Refused, entry, interface, interfaces, nothing

PL = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0"


@pytest.fixture
def two(daemon):
    with Raw(daemon, PRIVATE) as alice, Raw(daemon, PRIVATE) as bob:
        alice.edit(nothing())
        alice.edit(interfaces(entry("one"), entry("two"), entry("three")))
        alice.commit()
        bob.discard()
        yield alice, bob


def refused(session, operation):
    with pytest.raises(Refused) as error:
        session.rpc(operation)
    return error.value


def becomes(session, expected):
    deadline = time.monotonic() + 20
    while set(session.interfaces("running")) != expected:
        assert time.monotonic() < deadline, session.interfaces("running")
        time.sleep(0.05)


ALL = {"one", "two", "three"}
CONFIRMED = "<confirmed/><confirm-timeout>60</confirm-timeout>"


def test_an_unconfirmed_commit_is_taken_back_in_time(two):
    alice, bob = two
    alice.edit(interface("new"))
    alice.commit("<confirmed/><confirm-timeout>1</confirm-timeout>")
    assert "new" in bob.interfaces("running")
    becomes(bob, ALL)


def test_its_session_confirms_by_a_commit(two):
    alice, bob = two
    alice.edit(interface("new"))
    alice.commit(CONFIRMED)
    error = refused(bob, "<lock><target><running/></target></lock>")
    assert (error.tag, error.about("session-id")) == ("lock-denied", alice.id)
    bob.edit(interface("other"))
    error = refused(bob, "<commit/>")
    assert (error.tag, error.about("session-id")) == ("in-use", alice.id)
    alice.commit()
    bob.commit()
    assert set(bob.interfaces("running")) == ALL | {"new", "other"}


def test_the_end_of_its_session_takes_it_back(two, daemon):
    alice, bob = two
    for end in ("close", "vanish", "kill"):
        with Raw(daemon, PRIVATE) as carol:
            carol.edit(interface(end))
            carol.commit(CONFIRMED)
            assert end in alice.interfaces("running")
            if end == "close":
                carol.ok("<close-session/>")
            elif end == "kill":
                bob.ok(f"<kill-session><session-id>{carol.id}</session-id></kill-session>")
        becomes(alice, ALL)


def test_one_that_persists_is_confirmed_from_anywhere_by_its_id(two, daemon):
    alice, bob = two
    with Raw(daemon, PRIVATE) as carol:
        carol.edit(interface("kept"))
        carol.commit(CONFIRMED + "<persist>a name</persist>")
        carol.ok("<close-session/>")
    assert "kept" in alice.interfaces("running")
    assert refused(alice, "<commit/>").tag == "in-use"
    error = refused(alice, "<commit><persist-id>another</persist-id></commit>")
    assert (error.tag, error.about("bad-element")) == ("invalid-value", "persist-id")
    bob.commit("<persist-id>a name</persist-id>")
    assert "kept" in alice.interfaces("running")
    assert refused(bob, "<commit><persist-id>a name</persist-id></commit>").tag == "invalid-value"


def test_one_that_persists_is_cancelled_by_its_id(two):
    alice, bob = two
    alice.edit(interface("gone"))
    alice.commit(CONFIRMED + "<persist>id</persist>")
    assert refused(bob, "<cancel-commit/>").tag == "in-use"
    assert refused(bob, "<cancel-commit><persist-id>no</persist-id></cancel-commit>").tag == "invalid-value"
    bob.ok("<cancel-commit><persist-id>id</persist-id></cancel-commit>")
    assert set(bob.interfaces("running")) == ALL
    assert refused(alice, "<cancel-commit><persist-id>id</persist-id></cancel-commit>").tag == "invalid-value"


@pytest.mark.parametrize("inside, tag", [
    ("<confirmed/><confirm-timeout>0</confirm-timeout>", "invalid-value"),
    ("<confirmed/><confirm-timeout>soon</confirm-timeout>", "invalid-value"),
    ("<persist-id>nobody's</persist-id>", "invalid-value"),
])
def test_wrong_parameters_commit_nothing(two, inside, tag):
    alice, _ = two
    alice.edit(interface("new"))
    assert refused(alice, f"<commit>{inside}</commit>").tag == tag
    assert set(alice.interfaces("running")) == ALL


def partial_lock(session, *select):
    inside = "".join(f"<select>{one}</select>" for one in select)
    reply = session.rpc(f'<partial-lock xmlns="{PL}" xmlns:q="urn:acme:net">{inside}</partial-lock>')
    nodes = [node.text for node in reply.iterfind(f"{{{PL}}}locked-node")]
    return reply.findtext(f"{{{PL}}}lock-id"), nodes


def one(name):
    return f"/q:interfaces/q:interface[q:name='{name}']"


def test_a_lock_names_all_nodes_of_all_expressions_once(two):
    alice, bob = two
    _, nodes = partial_lock(alice, one("one"), "//q:interface[q:name!='three']")
    assert sorted(node.split("name='")[1].split("'")[0] for node in nodes) == ["one", "two"]
    bob.edit(interface("three", "<mtu>2000</mtu>"))
    bob.commit()
    bob.edit(interface("two", "<mtu>2000</mtu>"))
    error = refused(bob, "<commit/>")
    assert (error.tag, error.about("session-id")) == ("in-use", alice.id)
    bob.discard()
    # Its owner may.
    alice.edit(interface("two", "<mtu>2000</mtu>"))
    alice.commit()


@pytest.mark.parametrize("select, tag, app_tag", [
    ([], "missing-element", None),
    (["/q:interfaces/q:interface[q:name='nobody']"], "operation-failed", "no-matches"),
    (["count(//q:interface)"], "invalid-value", "not-a-node-set"),
    (["//q:interface["], "invalid-value", "invalid-lock-specification"),
    (["/undeclared:interfaces"], "invalid-value", "invalid-lock-specification"),
])
def test_a_wrong_selection_has_the_error_of_the_rfc(two, select, tag, app_tag):
    alice, bob = two
    with pytest.raises(Refused) as error:
        partial_lock(alice, *select)
    assert (error.value.tag, error.value.app_tag) == (tag, app_tag)
    bob.ok("<lock><target><running/></target></lock>")


def test_locks_of_others_deny_with_their_session(two):
    alice, bob = two
    number, _ = partial_lock(alice, one("one"))
    for select in (one("one"), "/q:interfaces", "//q:name[.='one']"):
        with pytest.raises(Refused) as error:
            partial_lock(bob, select)
        assert (error.value.tag, error.value.about("session-id")) == ("lock-denied", alice.id), select
    partial_lock(bob, one("two"))
    for who, of in ((alice, bob), (bob, alice)):
        error = refused(who, "<lock><target><running/></target></lock>")
        assert (error.tag, error.about("session-id")) == ("lock-denied", of.id)
    # A number is known to its own session only.
    error = refused(bob, f'<partial-unlock xmlns="{PL}"><lock-id>{number}</lock-id></partial-unlock>')
    assert (error.tag, error.about("bad-element")) == ("invalid-value", "lock-id")
    alice.ok(f'<partial-unlock xmlns="{PL}"><lock-id>{number}</lock-id></partial-unlock>')
    error = refused(alice, f'<partial-unlock xmlns="{PL}"><lock-id>{number}</lock-id></partial-unlock>')
    assert error.tag == "invalid-value"
    partial_lock(bob, one("one"))


def test_a_global_lock_denies_parts_to_others(two):
    alice, bob = two
    alice.ok("<lock><target><running/></target></lock>")
    with pytest.raises(Refused) as error:
        partial_lock(bob, one("one"))
    assert (error.value.tag, error.value.about("session-id")) == ("lock-denied", alice.id)
    alice.ok("<unlock><target><running/></target></unlock>")
    partial_lock(bob, one("one"))


def test_a_confirmed_commit_of_another_denies_parts(two):
    alice, bob = two
    alice.edit(interface("new"))
    alice.commit(CONFIRMED)
    with pytest.raises(Refused) as error:
        partial_lock(bob, one("one"))
    assert (error.value.tag, error.value.app_tag) == ("lock-denied", "outstanding-confirmed-commit")
    alice.commit()
    partial_lock(bob, one("one"))


def test_a_session_that_is_killed_has_no_parts_any_more(two):
    alice, bob = two
    partial_lock(alice, one("one"))
    bob.ok(f"<kill-session><session-id>{alice.id}</session-id></kill-session>")
    bob.ok("<lock><target><running/></target></lock>")
    state = bob.rpc("<get/>").find("nc:data", NC)
    assert not list(state.iter("{urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring}partial-lock"))
