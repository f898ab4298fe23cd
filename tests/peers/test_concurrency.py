"""Private candidates, update and partial locks (draft-ietf-netconf-privcand, RFC 5717) as foreign clients use them."""

import re
import subprocess

import conftest
import pytest
from lxml import etree
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele
from test_ncclient import NS, connect, interface, names

PRIVATE = "urn:ietf:params:netconf:capability:private-candidate:1.0"
PC = "urn:ietf:params:xml:ns:yang:ietf-netconf-private-candidate"
PL = "urn:ietf:params:xml:ns:netconf:partial-lock:1.0"


def private(daemon):
    return connect(daemon, key_filename=str(daemon.key), nc_params={"capabilities": [PRIVATE]})


@pytest.fixture
def two(daemon):
    sessions = private(daemon), private(daemon)
    yield sessions
    for session in sessions:
        if session.connected:
            session.close_session()


def update(session, mode=None):
    inside = f"<resolution-mode>{mode}</resolution-mode>" if mode else ""
    return session.dispatch(to_ele(f'<update xmlns="{PC}">{inside}</update>'))


def mtu(session, store, name):
    reply = etree.fromstring(session.get_config(store).data_xml.encode())
    found = reply.xpath(f"//a:interface[a:name='{name}']/a:mtu/text()", namespaces=NS)
    return found[0] if found else None


def put(session, name, value):
    session.edit_config(target="candidate", config=interface(name, f"<mtu>{value}</mtu>"))


def info(error, name):
    found = re.search(rf"<(?:\w+:)?{name}[^>]*>([^<]*)<", error.info or "")
    assert found, f"no {name} in {error.info}"
    return found.group(1)


def test_the_server_announces_what_it_can(daemon):
    with connect(daemon) as session:
        announced = "\n".join(session.server_capabilities)
    assert f"{PRIVATE}?supported-resolution-modes=revert-on-conflict,prefer-candidate,prefer-running" in announced
    assert "urn:ietf:params:netconf:capability:partial-lock:1.0" in announced


def test_two_sessions_with_candidates_of_their_own(daemon, two):
    alice, bob = two
    put(alice, "pa", 2000)
    put(bob, "pb", 3000)
    assert "pb" not in names(alice.get_config("candidate"))
    assert "pa" not in names(bob.get_config("candidate"))
    with connect(daemon) as shared:
        assert not {"pa", "pb"} & set(names(shared.get_config("candidate")))
    alice.commit()
    bob.commit()
    assert {"pa", "pb"} <= set(names(alice.get_config("running")))


def test_a_conflict_names_both_values_the_other_user_and_his_transaction(two):
    alice, bob = two
    put(alice, "pc", 2000)
    put(bob, "pc", 3000)
    bob.commit()
    for attempt in (alice.commit, lambda: update(alice), lambda: update(alice, "revert-on-conflict")):
        with pytest.raises(RPCError) as error:
            attempt()
        assert error.value.tag == "operation-failed"
        assert error.value.path.endswith("/acme-net:interfaces/acme-net:interface[acme-net:name='pc']/acme-net:mtu")
        assert info(error.value, "mine") == "set to 2000"
        assert info(error.value, "theirs") == "set to 3000"
        assert info(error.value, "other-user") == "admin"
        assert int(info(error.value, "other-tid")) > 0
    assert mtu(alice, "candidate", "pc") == "2000"


@pytest.mark.parametrize("mode, expected", [("prefer-candidate", "2000"), ("prefer-running", "3000")])
def test_update_decides_conflicts_as_it_is_told(two, mode, expected):
    alice, bob = two
    name = mode
    put(alice, name, 2000)
    put(alice, name + "-mine", 1000)
    put(bob, name, 3000)
    put(bob, name + "-theirs", 1000)
    bob.commit()
    update(alice, mode)
    assert mtu(alice, "candidate", name) == expected
    assert {name + "-mine", name + "-theirs"} <= set(names(alice.get_config("candidate")))
    alice.commit()
    assert mtu(bob, "running", name) == expected


def test_a_private_candidate_ends_with_its_session(daemon):
    with private(daemon) as alice:
        put(alice, "gone", 2000)
    with private(daemon) as alice:
        assert "gone" not in names(alice.get_config("candidate"))


def test_a_partial_lock_keeps_others_off_and_dies_with_its_session(daemon, two):
    alice, bob = two
    put(alice, "la", 2000)
    put(alice, "lb", 2000)
    alice.commit()
    lock = (f'<partial-lock xmlns="{PL}" xmlns:a="urn:acme:net">'
            "<select>/a:interfaces/a:interface[a:name='la']</select></partial-lock>")
    reply = etree.fromstring(alice.dispatch(to_ele(lock)).xml.encode())
    node = reply.find(f"{{{PL}}}locked-node")
    prefix = {uri: prefix for prefix, uri in node.nsmap.items()}["urn:acme:net"]
    assert node.text == f"/{prefix}:interfaces/{prefix}:interface[{prefix}:name='la']"
    assert int(reply.find(f"{{{PL}}}lock-id").text) > 0
    put(bob, "la", 3000)
    with pytest.raises(RPCError) as error:
        bob.commit()
    assert error.value.tag == "in-use"
    assert info(error.value, "session-id") == alice.session_id
    with pytest.raises(RPCError) as error:
        bob.lock("running")
    assert error.value.tag == "lock-denied"
    with pytest.raises(RPCError) as error:
        bob.dispatch(to_ele(lock))
    assert error.value.tag == "lock-denied"
    state = etree.fromstring(bob.get().data_xml.encode())
    ncm = {"m": "urn:ietf:params:xml:ns:yang:ietf-netconf-monitoring"}
    assert state.xpath("//m:partial-lock/m:locked-by-session/text()", namespaces=ncm) == [alice.session_id]
    table = subprocess.run([conftest.BANYAN, "show", "locks", "--socket", daemon.socket],
                           capture_output=True, text=True, check=True).stdout
    assert re.search(rf"interface\[name='la'\] +partial \d+ +{alice.session_id} +admin +netconf ssh +127\.0\.0\.1", table)
    bob.discard_changes()
    put(bob, "lb", 3000)
    bob.commit()
    alice.close_session()
    put(bob, "la", 3000)
    bob.commit()


def test_a_partial_lock_is_given_back_by_its_number(two):
    alice, bob = two
    put(alice, "lu", 2000)
    alice.commit()
    lock = (f'<partial-lock xmlns="{PL}" xmlns:a="urn:acme:net">'
            "<select>/a:interfaces/a:interface[a:name='lu']</select></partial-lock>")
    number = etree.fromstring(alice.dispatch(to_ele(lock)).xml.encode()).find(f"{{{PL}}}lock-id").text
    unlock = to_ele(f'<partial-unlock xmlns="{PL}"><lock-id>{number}</lock-id></partial-unlock>')
    with pytest.raises(RPCError) as error:
        bob.dispatch(unlock)
    assert error.value.tag == "invalid-value"
    alice.dispatch(unlock)
    bob.dispatch(to_ele(lock))


def test_sessions_are_shown_and_killed(daemon):
    alice = private(daemon)
    put(alice, "killed", 2000)
    banyan = [conftest.BANYAN]
    socket = ["--socket", daemon.socket]
    table = subprocess.run([*banyan, "show", "sessions", *socket], capture_output=True, text=True, check=True).stdout
    assert re.search(rf"^{alice.session_id} +admin +netconf ssh +127\.0\.0\.1:\d+ +\S+ +private +1$", table, re.M), table
    subprocess.run([*banyan, "kill-session", alice.session_id, *socket], check=True)
    again = subprocess.run([*banyan, "kill-session", alice.session_id, *socket], capture_output=True, text=True)
    assert again.returncode == 1
    assert f"there is no session {alice.session_id}" in again.stderr


def test_commands_work_on_the_candidate_that_outlives_them(daemon):
    socket = ["--socket", daemon.socket]
    run = lambda *words: subprocess.run([conftest.BANYAN, *words, *socket], check=True, capture_output=True, text=True)
    run("set", "/interfaces/interface[name='one-shot']/mtu", "2000")
    with private(daemon) as alice:
        assert "one-shot" not in names(alice.get_config("candidate"))
        put(alice, "one-shot", 3000)
        alice.commit()
    refused = subprocess.run([conftest.BANYAN, "commit", *socket], capture_output=True, text=True)
    assert refused.returncode == 1
    assert "set to 2000 here, and set to 3000 by commit" in refused.stderr, refused.stderr
    run("update", "--prefer", "candidate")
    run("commit")
    with private(daemon) as alice:
        assert mtu(alice, "running", "one-shot") == "2000"
