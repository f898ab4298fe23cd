"""draft-ietf-netconf-privcand over a raw NETCONF session: what is announced, update and its modes, and what errors say."""

import pytest
from raw import BY, DS, NMDA, PC, PRIVATE, Raw, Refused, entry, interface, interfaces, nothing

COMPARE = "urn:ietf:params:xml:ns:yang:ietf-nmda-compare"


@pytest.fixture
def two(daemon):
    with Raw(daemon, PRIVATE) as alice, Raw(daemon, PRIVATE) as bob:
        alice.edit(nothing())
        alice.commit()
        bob.discard()
        yield alice, bob


def update(session, mode=None):
    inside = f"<resolution-mode>{mode}</resolution-mode>" if mode else ""
    session.ok(f'<update xmlns="{PC}">{inside}</update>')


def mtu(name, value):
    return interface(name, f"<mtu>{value}</mtu>")


def conflict(refused):
    """The parts of <conflict> in the first error."""
    element = refused.info.find(f"{{{PC}}}conflict")
    parts = {part.tag.split("}")[1]: part.text for part in element}
    return element, parts


def test_the_capability_names_the_modes(daemon):
    with Raw(daemon) as session:
        uri = f"{PRIVATE}?supported-resolution-modes=revert-on-conflict,prefer-candidate,prefer-running"
        assert uri in session.capabilities


@pytest.mark.parametrize("attempt", ["update", "update revert", "commit", "validate"])
def test_a_conflict_is_told_by_xpath_and_values(two, attempt):
    alice, bob = two
    alice.edit(mtu("c", 2000))
    bob.edit(mtu("c", 3000))
    bob.commit()
    with pytest.raises(Refused) as refused:
        match attempt:
            case "update":
                update(alice)
            case "update revert":
                update(alice, "revert-on-conflict")
            case "commit":
                alice.commit()
            case "validate":
                alice.ok("<validate><source><candidate/></source></validate>")
    assert refused.value.tag == "operation-failed"
    assert refused.value.app_tag == "conflict"
    element, parts = conflict(refused.value)
    assert (parts["candidate-value"], parts["running-value"]) == ("2000", "3000")
    # The XPath can be evaluated: its prefixes are declared.
    prefix = next(prefix for prefix, uri in element[0].nsmap.items() if uri == "urn:acme:net" and prefix)
    steps = parts["xpath"].replace(f"{prefix}:", "")
    assert steps == "/interfaces/interface[name='c']/mtu"
    assert refused.value.about("other-user")
    # Nothing has happened.
    assert alice.interfaces("candidate") == {"c": {"mtu": "2000"}}


def test_a_deletion_in_conflict_has_one_value(two):
    alice, bob = two
    alice.edit(interface("d", "<mtu>2000</mtu>"))
    alice.commit()
    alice.edit(mtu("d", 2500))
    bob.edit(interface("d", operation="delete"))
    bob.commit()
    with pytest.raises(Refused) as refused:
        update(alice)
    _, parts = conflict(refused.value)
    assert "running-value" not in parts
    assert "name='d'" in parts["xpath"]


def test_all_conflicts_are_told_at_once(two):
    alice, bob = two
    for name in ("x", "y"):
        alice.edit(mtu(name, 2000))
        bob.edit(mtu(name, 3000))
    bob.commit()
    with pytest.raises(Refused) as refused:
        update(alice)
    assert len(refused.value.errors) == 2


@pytest.mark.parametrize("mode, kept", [("prefer-candidate", "2000"), ("prefer-running", "3000")])
def test_a_mode_decides_conflicts_and_the_rest_is_joined(two, mode, kept):
    alice, bob = two
    alice.edit(interfaces(entry("both", "<mtu>2000</mtu>"), entry("mine")))
    bob.edit(interfaces(entry("both", "<mtu>3000</mtu>"), entry("theirs")))
    bob.commit()
    update(alice, mode)
    assert alice.interfaces("candidate") == {"both": {"mtu": kept}, "mine": {}, "theirs": {}}
    alice.commit()
    assert bob.interfaces("running")["both"] == {"mtu": kept}


def test_a_mode_that_is_not_there_is_refused(two):
    alice, _ = two
    with pytest.raises(Refused) as refused:
        update(alice, "ignore")
    assert refused.value.tag == "invalid-value"


def test_the_candidate_is_read_as_it_was_branched_until_it_is_updated(two):
    alice, bob = two
    bob.edit(interface("first"))
    bob.commit()
    alice.edit(interface("mine"))
    bob.edit(interface("second"))
    bob.commit()
    assert set(alice.interfaces("candidate")) == {"first", "mine"}
    assert set(alice.interfaces("running")) == {"first", "second"}
    update(alice)
    assert set(alice.interfaces("candidate")) == {"first", "mine", "second"}
    # What others commit is not the session's to discard.
    alice.discard()
    assert set(alice.interfaces("candidate")) == {"first", "second"}


def test_a_commit_updates_by_itself_where_nothing_conflicts(two):
    alice, bob = two
    alice.edit(interface("mine"))
    bob.edit(interface("theirs"))
    bob.commit()
    alice.commit()
    assert set(alice.interfaces("running")) == {"mine", "theirs"}
    assert alice.interfaces("candidate") == alice.interfaces("running")


def test_equal_changes_of_both_are_no_conflict(two):
    alice, bob = two
    alice.edit(mtu("same", 2000))
    bob.edit(mtu("same", 2000))
    bob.commit()
    update(alice)
    alice.commit()


def test_nmda_means_the_sessions_own_candidate(two):
    alice, bob = two
    edit = (f'<edit-data xmlns="{NMDA}" xmlns:ds="{DS}"><datastore>ds:candidate</datastore>'
            f"<config>{interface('own')}</config></edit-data>")
    alice.ok(edit)
    get = f'<get-data xmlns="{NMDA}" xmlns:ds="{DS}"><datastore>ds:candidate</datastore></get-data>'
    has = lambda session: "own" in [name.text for name in session.rpc(get).iter("{urn:acme:net}name")]
    assert has(alice) and not has(bob)


def test_a_lock_of_the_own_candidate_is_in_nobodys_way(two):
    alice, bob = two
    lock = f'<lock><target><datastore xmlns="{NMDA}" xmlns:ds="{DS}">ds:candidate</datastore></target></lock>'
    alice.ok(lock)
    bob.ok("<lock><target><candidate/></target></lock>")
    with pytest.raises(Refused) as refused:
        alice.ok("<lock><target><candidate/></target></lock>")
    assert refused.value.tag == "lock-denied"
    alice.ok(lock.replace("lock>", "unlock>").replace("<lock", "<unlock"))
    bob.edit(interface("still"))


def compare(session, source, target, more=""):
    return session.rpc(f'<compare xmlns="{COMPARE}" xmlns:ds="{DS}"><source>ds:{source}</source>'
                       f"<target>ds:{target}</target>{more}</compare>")


def test_compare_shows_what_the_own_candidate_changes(two):
    alice, bob = two
    alice.edit(mtu("cmp", 1000))
    alice.commit()
    bob.discard()
    alice.edit(mtu("cmp", 2000))
    reply = compare(alice, "running", "candidate")
    edit = reply.find(f".//{{{COMPARE}}}edit")
    part = lambda name: edit.find(f"{{{COMPARE}}}{name}")
    assert part("operation").text == "replace"
    assert part("target").text == "/acme-net:interfaces/interface=cmp/mtu"
    value = lambda name: part(name).findtext("a:mtu", namespaces={"a": "urn:acme:net"})
    assert (value("source-value"), value("value")) == ("1000", "2000")
    # Bob's has changed nothing.
    assert compare(bob, "running", "candidate").find(f".//{{{COMPARE}}}edit") is None
    filter = "<xpath-filter>/acme-net:interfaces/acme-net:interface[acme-net:name='other']</xpath-filter>"
    assert compare(alice, "running", "candidate", filter).find(f"{{{COMPARE}}}no-matches") is not None
    filter = '<subtree-filter><interfaces xmlns="urn:acme:net"/></subtree-filter>'
    assert len(compare(alice, "candidate", "running", filter).findall(f".//{{{COMPARE}}}edit")) == 1
    with pytest.raises(Refused) as refused:
        compare(alice, "running", "dynamic")
    assert refused.value.tag == "invalid-value"


def test_a_session_that_offers_nothing_shares_the_candidate_as_before(daemon, two):
    alice, _ = two
    with Raw(daemon) as carol, Raw(daemon) as dave:
        carol.edit(interface("shared"))
        assert "shared" in dave.interfaces("candidate")
        assert "shared" not in alice.interfaces("candidate")
        # Update brings the shared candidate onto running, too.
        alice.edit(interface("private"))
        alice.commit()
        update(carol)
        assert {"shared", "private"} <= set(dave.interfaces("candidate"))
        carol.discard()


def test_who_commits_is_told_the_numbers_on_request(two):
    alice, _ = two
    alice.edit(interface("told"))
    reply = alice.commit(f'<report xmlns="{BY}"/>')
    assert int(reply.findtext(f"{{{BY}}}tid")) > 0
