"""Subscriptions to datastores (RFC 8639, RFC 8641) over raw sessions: what is there, and what changes."""

import json

import pytest
from lxml import etree
from raw import DS, NC, NCN, SN, YP, Raw, Refused, interface
from test_notifications import banyan, denied, rules, session, valid  # noqa: F401: fixtures

INTERFACES = '<yp:datastore-xpath-filter xmlns:a="urn:acme:net">/a:interfaces</yp:datastore-xpath-filter>'


def target(store, filter=INTERFACES):
    return f"<yp:datastore>ds:{store}</yp:datastore>{filter}"


def edits(event):
    """What a push-change-update says was done: operation, target, and the text of the value."""
    assert etree.QName(event[1]).localname == "push-change-update", etree.tostring(event)
    found = []
    for edit in event.xpath(".//*[local-name()='edit']"):
        text = lambda name: "".join(edit.xpath(f"*[local-name()='{name}']")[0].itertext()) if edit.xpath(
            f"*[local-name()='{name}']") else None
        found.append((text("operation"), text("target"), text("value")))
    return found


def contents(event):
    assert etree.QName(event[1]).localname == "push-update", etree.tostring(event)
    return [name.text for name in event.iterfind(".//a:interface/a:name", NC) if name.text != "base"]


def push_state(daemon, name, count):
    put = {"acme-net:interfaces": {"interface": [{"name": name, "counters": {"in": str(count)}}]}}
    done = banyan(daemon, "rpc", "banyan:push-state", json.dumps({"source": "test", "put": json.dumps(put)}))
    assert done.returncode == 0, done.stderr


def test_changes_of_running_come_after_what_is_there(daemon, session, tmp_path):
    session.edit(interface("eth0"))
    session.commit()
    with Raw(daemon) as subscriber:
        number = subscriber.establish(target("running") + "<yp:on-change/>")
        first = subscriber.event()
        assert contents(first) == ["eth0"]
        assert first.findtext(".//yp:id", namespaces=NC) == number
        session.edit(interface("eth0", "<mtu>9000</mtu>"))
        session.commit()
        changed = subscriber.event()
        [(operation, where, value)] = edits(changed)
        assert operation in ("create", "replace") and "eth0" in where and value == "9000"
        session.edit(interface("eth0", operation="delete"))
        session.commit()
        gone = subscriber.event()
        assert [edit[0] for edit in edits(gone)] == ["delete"]
        valid([first, changed, gone], tmp_path, "ietf-yang-push", "acme-net", "ietf-datastores")


def test_pushed_state_reaches_a_subscriber_of_operational(daemon, session):
    session.edit(interface("eth1"))
    session.commit()
    filter = (
        '<yp:datastore-xpath-filter xmlns:a="urn:acme:net">/a:interfaces/a:interface[a:name=\'eth1\']/a:mtu'
        "</yp:datastore-xpath-filter>"
    )
    with Raw(daemon) as subscriber:
        subscriber.establish(target("operational") + "<yp:on-change/>")
        assert "eth1" in contents(subscriber.event())
        push_state(daemon, "eth1", 17)
        assert any(value is not None and "17" in value for _, _, value in edits(subscriber.event()))
        push_state(daemon, "eth1", 18)
        assert [value for _, _, value in edits(subscriber.event())] == ["18"]


def test_all_of_it_comes_again_and_again(daemon, session):
    session.edit(interface("p0"))
    session.commit()
    with Raw(daemon) as subscriber:
        subscriber.establish(target("running") + "<yp:periodic><yp:period>10</yp:period></yp:periodic>")
        assert contents(subscriber.event()) == ["p0"]
        session.edit(interface("p1"))
        session.commit()
        while contents(subscriber.event()) != ["p0", "p1"]:
            pass


def test_nothing_comes_after_the_reply_to_delete_subscription(daemon, session):
    with Raw(daemon) as subscriber:
        number = subscriber.establish(target("running") + "<yp:on-change/>")
        subscriber.event()
        other = subscriber.establish(f"<stream>NETCONF</stream><stream-xpath-filter xmlns:n='{NCN}'>"
                                     "/n:netconf-config-change</stream-xpath-filter>")
        assert other != number
        subscriber.ok(f'<delete-subscription xmlns="{SN}"><id>{number}</id></delete-subscription>')
        session.edit(interface("after"))
        session.commit()
        assert etree.QName(subscriber.event()[1]).localname == "netconf-config-change"
        with pytest.raises(Refused) as error:
            subscriber.ok(f'<delete-subscription xmlns="{SN}"><id>{number}</id></delete-subscription>')
        assert error.value.about("reason").endswith("no-such-subscription")


def test_an_update_has_only_what_the_user_may_read(daemon, session, rules):
    from test_notifications import connect
    rules(
        "<path>/acme-net:interfaces/interface[name='hidden']</path>"
        "<access-operations>read</access-operations><action>deny</action>"
    )
    from ncclient.xml_ import to_ele
    with connect(daemon, "guest") as guest:
        guest.dispatch(to_ele(
            f'<establish-subscription xmlns="{SN}" xmlns:yp="{YP}" xmlns:ds="{DS}">{target("running")}'
            "<yp:on-change/></establish-subscription>"
        ))
        guest.take_notification(timeout=60)
        session.edit(interface("hidden"))
        session.commit()
        session.edit(interface("plain"))
        session.commit()
        event = guest.take_notification(timeout=60).notification_xml
        assert "plain" in event and "hidden" not in event


def test_a_datastore_that_cannot_be_watched_is_refused_with_a_reason(daemon, session):
    with Raw(daemon) as subscriber:
        with pytest.raises(Refused) as error:
            subscriber.establish(target("running") + "<yp:periodic><yp:period>0</yp:period></yp:periodic>")
        assert error.value.about("reason").endswith("period-unsupported")
        with pytest.raises(Refused) as error:
            subscriber.establish("<stream>NONE</stream>")
        assert "NETCONF" in error.value.message


# The command


def test_watch_prints_what_is_there_and_then_what_changes(daemon, session):
    session.edit(interface("w0"))
    session.commit()
    from subprocess import PIPE, Popen

    import conftest
    watch = Popen([conftest.BANYAN, "watch", "/interfaces/interface", "--count", "2", "--socket", daemon.socket],
                  stdout=PIPE, text=True)
    first = watch.stdout.readline()
    assert "push-update" in first, first
    session.edit(interface("w0", "<mtu>1400</mtu>"))
    session.commit()
    rest = watch.stdout.read()
    assert watch.wait(60) == 0
    assert "name w0;" in rest and "push-change-update" in rest and "1400" in rest, rest
    state = banyan(daemon, "watch", "/interfaces/interface{w0}/counters", "--every", "0.1", "--count", "1")
    assert state.returncode == 0, state.stderr


def test_watch_prints_events_of_a_stream_in_each_format(daemon, session):
    alarm = '{"acme-net:alarm": {"severity": "major", "text": "it is hot"}}'
    since = ("--since", "1m", "--filter", "/acme-net:alarm", "--count", "1", "--timeout", "60")
    assert banyan(daemon, "notify", alarm).returncode == 0
    text = banyan(daemon, "watch", *since)
    assert text.returncode == 0, text.stderr
    assert text.stdout.strip().endswith('alarm  severity=major text="it is hot"'), text.stdout
    lines = banyan(daemon, "watch", *since, "--format", "json").stdout.splitlines()
    event = json.loads(lines[0])
    assert event["acme-net:alarm"] == {"severity": "major", "text": "it is hot"}
    # What it prints can be sent again.
    assert banyan(daemon, "notify", "-", input=lines[0]).returncode == 0
    xml = banyan(daemon, "watch", *since, "--format", "xml").stdout
    assert etree.fromstring(xml.splitlines()[0].encode()).findtext(".//a:severity", namespaces=NC) == "major"


def test_watch_says_what_ended_it(daemon, session):
    late = banyan(daemon, "watch", "--filter", "/acme-net:alarm", "--count", "1", "--timeout", "0.2")
    assert late.returncode == 1 and "0 of 1 came in time" in late.stderr
    assert banyan(daemon, "watch", "--filter", "/acme-net:alarm", "--until", "1s").returncode == 0
    for wrong, part in [
        (["--stream", "NONE"], "NETCONF"),
        (["/no/such/path"], "no"),
        (["--every", "1"], "--datastore"),
        (["--until", "2020-01-01"], "--since"),
    ]:
        refused = banyan(daemon, "watch", *wrong)
        assert refused.returncode in (1, 2) and part in refused.stderr, refused.stderr
