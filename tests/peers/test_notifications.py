"""Notifications as they reach real peers: ncclient and OpenSSH over SSH, raw sessions over the Unix socket."""

import datetime
import re
import shutil
import subprocess

import conftest
import pytest
from lxml import etree
from ncclient import manager
from raw import BASE, DS, NC, NCN, NOTIFICATION, SN, YP, Raw, Refused, entry, interface, interfaces
from test_openssh import HELLO, ssh

NACM = "urn:ietf:params:xml:ns:yang:ietf-netconf-acm"
A = {"a": "urn:acme:net", **NC}


def connect(daemon, user="admin"):
    return manager.connect(
        host="127.0.0.1", port=daemon.port, username=user, key_filename=str(daemon.key), hostkey_verify=False,
        look_for_keys=False, allow_agent=False, timeout=60,
    )


def only(*names):
    """These interfaces, in the place of what is there."""
    return interfaces(*map(entry, names)).replace(" xmlns", ' nc:operation="replace" xmlns', 1)


@pytest.fixture
def session(daemon):
    """Who changes things. One interface is there in any case: what is added is an entry then, and not the container."""
    with Raw(daemon) as session:
        session.discard()
        session.edit(only("base"))
        session.commit()
        yield session
        session.discard()


def took(subscriber, name):
    """The next notification of that name, as ncclient gives it; those before it are passed over."""
    while True:
        taken = subscriber.take_notification(timeout=60)
        assert taken is not None, f"no {name} came"
        found = taken.notification_ele
        if etree.QName(found[1]).localname == name:
            return found


def now(seconds=0):
    time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return time.isoformat().replace("+00:00", "Z")


def targets(event):
    """What a netconf-config-change says was done, by local names."""
    edits = event.iterfind(".//ncn:edit", NC)
    plain = lambda path: re.sub(r"[\w-]+:", "", path)
    return [(edit.findtext("ncn:operation", namespaces=NC), plain(edit.findtext("ncn:target", namespaces=NC))) for edit in edits]


def banyan(daemon, *arguments, **more):
    return subprocess.run(
        [conftest.BANYAN, *arguments, "--socket", daemon.socket], capture_output=True, text=True, timeout=120, **more
    )


# Streams


def test_hello_announces_notifications(session):
    for name in ("notification", "interleave"):
        assert f"urn:ietf:params:netconf:capability:{name}:1.0" in session.capabilities


def test_a_commit_by_another_user_arrives(daemon, session):
    with connect(daemon) as subscriber:
        subscriber.create_subscription()
        session.edit(interface("eth0", "<mtu>9000</mtu>"))
        session.commit()
        event = took(subscriber, "netconf-config-change")
        assert event.findtext(".//ncn:datastore", namespaces=NC) == "running"
        assert event.findtext(".//ncn:session-id", namespaces=NC) == session.id
        assert any("interface[name='eth0']" in target for _, target in targets(event)), targets(event)
        # Requests are answered beside it (RFC 5277 6).
        assert "eth0" in subscriber.get_config("running").data_xml


@pytest.mark.parametrize(
    "filter",
    [
        ("subtree", f'<netconf-config-change xmlns="{NCN}"/>'),
        ("xpath", "/ietf-netconf-notifications:netconf-config-change"),
    ],
)
def test_filters_of_ncclient(daemon, session, filter):
    """ncclient puts <filter> into the namespace of RFC 6241."""
    with connect(daemon) as subscriber:
        subscriber.create_subscription(filter=filter)
        with connect(daemon):
            session.edit(interface("eth1", "<mtu>9000</mtu>"))
            session.commit()
        taken = subscriber.take_notification(timeout=60)
        assert etree.QName(taken.notification_ele[1]).localname == "netconf-config-change"


def test_sessions_that_begin_and_end_are_told_with_the_reason(daemon):
    with Raw(daemon) as subscriber:
        subscriber.subscribe()
        with connect(daemon) as closed:
            start = subscriber.event_of("netconf-session-start")
            assert start.findtext(".//ncn:username", namespaces=NC) == "admin"
            assert start.findtext(".//ncn:session-id", namespaces=NC) == closed.session_id
            assert start.findtext(".//ncn:source-host", namespaces=NC) == "127.0.0.1"
        end = subscriber.event_of("netconf-session-end")
        assert end.findtext(".//ncn:termination-reason", namespaces=NC) == "closed"
        victim = connect(daemon)
        with Raw(daemon) as killer:
            killer.ok(f"<kill-session><session-id>{victim.session_id}</session-id></kill-session>")
            while True:
                end = subscriber.event_of("netconf-session-end")
                if end.findtext(".//ncn:session-id", namespaces=NC) == victim.session_id:
                    break
            assert end.findtext(".//ncn:termination-reason", namespaces=NC) == "killed"
            assert end.findtext(".//ncn:killed-by", namespaces=NC) == killer.id
        lost = Raw(daemon)
        lost.socket.close()
        while True:
            end = subscriber.event_of("netconf-session-end")
            if end.findtext(".//ncn:session-id", namespaces=NC) == lost.id:
                break
        assert end.findtext(".//ncn:termination-reason", namespaces=NC) == "dropped"


def test_each_step_of_a_confirmed_commit_is_told(daemon, session):
    with Raw(daemon) as subscriber:
        subscriber.subscribe()
        step = lambda: subscriber.event_of("netconf-confirmed-commit")
        kind = lambda event: event.findtext(".//ncn:confirm-event", namespaces=NC)
        session.edit(interface("c1"))
        session.commit("<confirmed/><confirm-timeout>600</confirm-timeout>")
        start = step()
        assert (kind(start), start.findtext(".//ncn:timeout", namespaces=NC)) == ("start", "600")
        session.commit("<confirmed/><confirm-timeout>700</confirm-timeout>")
        assert kind(step()) == "extend"
        session.commit()
        assert kind(step()) == "complete"
        session.edit(interface("c2"))
        session.commit("<confirmed/><confirm-timeout>600</confirm-timeout>")
        assert kind(step()) == "start"
        session.ok("<cancel-commit/>")
        assert kind(step()) == "cancel"
        session.edit(interface("c3"))
        session.commit("<confirmed/><confirm-timeout>1</confirm-timeout>")
        assert kind(step()) == "start"
        assert kind(step()) == "timeout"


def test_what_happened_is_replayed_between_two_times(daemon, session):
    before = now()
    names = [f"replay{number}" for number in range(3)]
    for name in names:
        session.edit(interface(name))
        session.commit()
    with connect(daemon) as subscriber:
        subscriber.create_subscription(start_time=before, stop_time=now(1))
        seen = []
        while True:
            event = subscriber.take_notification(timeout=60).notification_ele
            name = etree.QName(event[1]).localname
            seen.append(name)
            if name == "netconf-config-change":
                seen.extend(re.findall(r"replay\d", etree.tostring(event).decode())[:1])
            if name == "notificationComplete":
                break
        assert [one for one in seen if one in names] == names
        assert "replayComplete" in seen
        # The subscription is over: another one can be made.
        subscriber.create_subscription()


def test_filters_of_both_kinds_leave_the_rest_out(daemon, session):
    subtree = f'<filter type="subtree"><netconf-config-change xmlns="{NCN}"/></filter>'
    xpath = f'<filter type="xpath" xmlns:e="{NCN}" select="/e:netconf-config-change[e:datastore=\'running\']"/>'
    for filter in (subtree, xpath):
        with Raw(daemon) as subscriber:
            subscriber.subscribe(filter)
            Raw(daemon).socket.close()
            session.edit(interface("filtered"))
            session.commit()
            event = subscriber.event()
            assert etree.QName(event[1]).localname == "netconf-config-change"
        session.edit(interface("filtered", operation="delete"))
        session.commit()


@pytest.mark.parametrize("inside, tag, about", [
    ("<stream>NONE</stream>", "invalid-value", "stream"),
    ("<stopTime>2030-01-01T00:00:00Z</stopTime>", "missing-element", "startTime"),
    ("<startTime>2130-01-01T00:00:00Z</startTime>", "bad-element", "startTime"),
    ("<startTime>2026-01-02T00:00:00Z</startTime><stopTime>2026-01-01T00:00:00Z</stopTime>", "bad-element", "stopTime"),
])
def test_what_cannot_be_subscribed_to_is_refused_as_the_rfc_says(daemon, inside, tag, about):
    with Raw(daemon) as session, pytest.raises(Refused) as error:
        session.subscribe(inside)
    assert (error.value.tag, error.value.about("bad-element")) == (tag, about)


def test_a_session_with_a_subscription_closes_at_once(daemon, session):
    with Raw(daemon) as subscriber:
        subscriber.subscribe()
        subscriber.ok("<close-session/>")
        with pytest.raises(EOFError):
            subscriber.event()


def test_a_notification_comes_through_openssh(daemon, session):
    subscribe = f'<rpc message-id="1" xmlns="{BASE}"><create-subscription xmlns="{NOTIFICATION}"/></rpc>]]>]]>'
    client = subprocess.Popen(
        ssh(daemon.port, daemon.key), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    )
    try:
        client.stdin.write((HELLO + subscribe).encode())
        said = b""
        while b"<ok" not in said:
            said += client.stdout.read(4096)
        session.edit(interface("ssh0"))
        session.commit()
        while b"</notification>" not in said:
            said += client.stdout.read(4096)
        assert b"<netconf-config-change" in said and b"ssh0" in said, said
    finally:
        client.kill()
        client.wait()


def test_a_subscriber_that_does_not_read_holds_nobody_back(daemon, session):
    with Raw(daemon) as deaf, Raw(daemon) as reader:
        deaf.subscribe()
        reader.subscribe()
        text = "x" * 2000
        many = interfaces(*(entry(f"deaf{number:03}", f"<description>{text}</description>") for number in range(200)))
        for number in range(100):
            session.edit(many if number % 2 == 0 else only("base"))
            session.commit()
            # Who reads gets each of them.
            reader.event_of("netconf-config-change")
        # It is still served, when it reads again; what it gets is in order.
        times = [deaf.event_of("netconf-config-change")[0].text for _ in range(3)]
        assert times == sorted(times)


def test_the_xml_is_valid_by_its_modules(daemon, session, tmp_path):
    events = []
    with Raw(daemon) as subscriber:
        subscriber.subscribe(f"<startTime>{now(-1)}</startTime>")
        session.edit(interface("valid0", "<mtu>9000</mtu>"))
        session.commit("<confirmed/><confirm-timeout>600</confirm-timeout>")
        session.commit()
        for name in ("replayComplete", "netconf-config-change"):
            events.append(subscriber.event_of(name))
        # No netconf-confirmed-commit: the `when` of the published module begins at a node that is not the one it means
        # (RFC 7950 7.21.5: of `uses`, its parent), and yanglint keeps to the letter.
        with Raw(daemon) as other:
            events.append(subscriber.event_of("netconf-session-start"))
            other.ok("<close-session/>")
        events.append(subscriber.event_of("netconf-session-end"))
        alarm = '<alarm xmlns="urn:acme:net"><severity>major</severity></alarm>'
        session.ok(f'<send-notification xmlns="urn:banyan:system"><notification>{alarm}</notification></send-notification>')
        events.append(subscriber.event_of("alarm"))
    valid(events, tmp_path, "ietf-netconf-notifications", "nc-notifications", "acme-net")


def valid(events, tmp_path, *modules):
    """Has yanglint check notifications, where it is installed."""
    if shutil.which("yanglint") is None:
        pytest.skip("there is no yanglint")
    yang = conftest.ROOT / "yang"
    # yanglint wants instances that are named to be there.
    names = set(re.findall(r"\[\w+:name='(\w+)'\]", b"".join(map(etree.tostring, events)).decode()))
    there = tmp_path / "there.xml"
    there.write_text(interfaces(*(entry(name, "<mtu>9000</mtu>") for name in sorted(names))))
    for number, event in enumerate(events):
        file = tmp_path / f"{number}.xml"
        file.write_bytes(etree.tostring(event))
        checked = subprocess.run(
            ["yanglint", "-p", yang, "-p", conftest.HERE / "yang", "-t", "nc-notif", "-O", there,
             *(yang / f"{module}.yang" if (yang / f"{module}.yang").exists() else conftest.HERE / "yang" / f"{module}.yang"
               for module in modules), file],
            capture_output=True, text=True,
        )
        assert checked.returncode == 0, checked.stderr + etree.tostring(event, pretty_print=True).decode()


# Notifications of programs


def test_a_program_sends_notifications_and_wrong_ones_are_refused(daemon, session):
    with Raw(daemon) as subscriber:
        subscriber.subscribe('<filter xmlns:a="urn:acme:net" type="xpath" select="/a:alarm[a:severity=\'major\']"/>')
        for severity in ("minor", "major"):
            sent = banyan(daemon, "notify", f'{{"acme-net:alarm": {{"severity": "{severity}", "text": "hot & dry"}}}}')
            assert sent.returncode == 0, sent.stderr
        alarm = subscriber.event()
        assert alarm.findtext(".//a:severity", namespaces=NC) == "major"
        assert alarm.findtext(".//a:text", namespaces=NC) == "hot & dry"
        document = '<alarm xmlns="urn:acme:net"><severity>major</severity></alarm>'
        sent = banyan(daemon, "notify", "-", "--time", "2026-01-01T00:00:00Z", input=document)
        assert sent.returncode == 0, sent.stderr
        assert subscriber.event()[0].text.startswith("2026-01-01T00:00:00")
    for wrong, part in [
        ('{"acme-net:alarm": {}}', "severity"),
        ('{"acme-net:alarn": {"severity": "major"}}', "alarn"),
        ('{"acme-net:alarm": {"severity": "huge"}}', "huge"),
    ]:
        sent = banyan(daemon, "notify", wrong)
        assert sent.returncode == 1 and part in sent.stderr, sent.stderr


def test_a_notification_of_an_instance_names_it(daemon, session):
    session.edit(interface("eth7"))
    session.commit()
    with Raw(daemon) as subscriber:
        subscriber.subscribe()
        flap = interface("eth7", "<flap><count>3</count></flap>").replace(' nc:', ' ')
        session.ok(f'<send-notification xmlns="urn:banyan:system"><notification>{flap}</notification></send-notification>')
        event = subscriber.event_of("interfaces")
        assert event.findtext(".//a:flap/a:count", namespaces=NC) == "3"
        assert event.findtext(".//a:interface/a:name", namespaces=NC) == "eth7"


# Access


@pytest.fixture
def rules(session):
    """Sets rules for the user guest; they go with the test."""

    def set_rules(*rules):
        inside = "".join(f"<rule><name>r{number}</name>{rule}</rule>" for number, rule in enumerate(rules))
        session.edit(
            f'<nacm xmlns="{NACM}"><groups><group><name>guests</name><user-name>guest</user-name></group></groups>'
            f'<rule-list nc:operation="replace"><name>guests</name><group>guests</group>{inside}</rule-list></nacm>'
        )
        session.commit()

    yield set_rules
    session.discard()
    session.edit(f'<nacm xmlns="{NACM}"><rule-list nc:operation="remove"><name>guests</name></rule-list></nacm>')
    session.commit()


def denied(session):
    reply = session.rpc(f'<get><filter><nacm xmlns="{NACM}"><denied-notifications/></nacm></filter></get>')
    return int(reply.findtext(f".//{{{NACM}}}denied-notifications"))


def test_a_user_whom_a_rule_denies_a_notification_gets_none_and_that_is_counted(daemon, session, rules):
    rules(
        "<module-name>ietf-netconf-notifications</module-name><notification-name>netconf-config-change</notification-name>"
        "<access-operations>read</access-operations><action>deny</action>"
    )
    before = denied(session)
    with connect(daemon, "guest") as guest:
        guest.create_subscription()
        session.edit(interface("secret"))
        session.commit()
        with Raw(daemon) as other:
            start = took_first(guest)
            assert etree.QName(start[1]).localname == "netconf-session-start", etree.tostring(start)
            assert start.findtext(".//ncn:session-id", namespaces=NC) == other.id
    assert denied(session) > before


def took_first(subscriber):
    taken = subscriber.take_notification(timeout=60)
    assert taken is not None
    return taken.notification_ele


def test_changes_that_a_user_may_not_read_are_not_in_what_he_gets(daemon, session, rules):
    rules(
        "<path>/acme-net:interfaces/interface[name='hidden']</path>"
        "<access-operations>read</access-operations><action>deny</action>"
    )
    with connect(daemon, "guest") as guest:
        guest.create_subscription()
        session.edit(interface("hidden"))
        session.commit()
        session.edit(interfaces(entry("hidden", "<mtu>1000</mtu>"), entry("plain")))
        session.commit()
        # Of the first one nothing is left.
        event = took(guest, "netconf-config-change")
        text = etree.tostring(event).decode()
        assert "plain" in text and "hidden" not in text


def test_who_may_not_subscribe_is_told(daemon, rules):
    rules(
        "<module-name>notifications</module-name><rpc-name>create-subscription</rpc-name>"
        "<access-operations>exec</access-operations><action>deny</action>"
    )
    from ncclient.operations import RPCError
    with connect(daemon, "guest") as guest:
        with pytest.raises(RPCError) as error:
            guest.create_subscription()
        assert error.value.tag == "access-denied"
