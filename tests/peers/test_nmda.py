"""get-data of RFC 8526, sent by ncclient as a raw rpc."""

import subprocess

import pytest
from lxml import etree
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele

from conftest import BANYAN
from test_ncclient import connect, interface

NMDA = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
ORIGIN = "urn:ietf:params:xml:ns:yang:ietf-origin"
BY = "urn:banyan:system"
NS = {"a": "urn:acme:net"}


@pytest.fixture(scope="module")
def session(daemon):
    with connect(daemon) as session:
        for name in ("eth0", "broken"):
            session.edit_config(target="candidate", config=interface(name))
        session.commit()
        yield session


def get_data(session, parameters, store="operational"):
    request = to_ele(
        f'<get-data xmlns="{NMDA}" xmlns:ds="urn:ietf:params:xml:ns:yang:ietf-datastores" xmlns:or="{ORIGIN}">'
        f"<datastore>ds:{store}</datastore>{parameters}</get-data>"
    )
    reply = etree.fromstring(session.dispatch(request).xml.encode())
    return reply.find(f"{{{NMDA}}}data")


def xpath(name):
    return f"<xpath-filter xmlns:a=\"urn:acme:net\">/a:interfaces/a:interface[a:name='{name}']</xpath-filter>"


def test_operational_has_state_and_defaults_with_their_origin(session):
    data = get_data(session, xpath("eth0") + "<with-origin/>")
    assert data.get(f"{{{BY}}}incomplete") is None
    assert data.findtext(".//a:counters/a:in", namespaces=NS) == "4"
    interfaces = data.find("a:interfaces", NS)
    assert interfaces.get(f"{{{ORIGIN}}}origin").endswith(":intended")
    mtu = data.find(".//a:mtu", NS)
    assert mtu.text == "1500"
    assert mtu.get(f"{{{ORIGIN}}}origin").endswith(":default")


def test_configuration_and_state_are_told_apart(session):
    data = get_data(session, xpath("eth0") + "<config-filter>false</config-filter>")
    assert data.find(".//a:counters", NS) is not None and data.find(".//a:mtu", NS) is None
    data = get_data(session, xpath("eth0"), store="intended")
    assert data.find(".//a:counters", NS) is None and data.findtext(".//a:name", namespaces=NS) == "eth0"


def test_a_failing_provider_is_named_and_costs_nothing_else(session):
    data = get_data(session, xpath("broken"))
    assert data.findtext(".//a:name", namespaces=NS) == "broken"
    told = data.get(f"{{{BY}}}incomplete")
    assert "the cable is out" in told and "interface[name='broken']/counters" in told
    with pytest.raises(RPCError) as error:
        get_data(session, xpath("broken") + f'<strict xmlns="{BY}"/>')
    assert "the cable is out" in error.value.message


def test_a_datastore_that_is_not_there_is_an_invalid_value(session):
    with pytest.raises(RPCError) as error:
        get_data(session, "", store="dynamic")
    assert error.value.tag == "invalid-value"


def test_the_command_tells_what_is_missing(daemon, session):
    def get(*arguments):
        command = [BANYAN, "get", "--store", "operational", "--socket", daemon.socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True)

    shown = get("/interfaces/interface{eth0}")
    assert shown.returncode == 0 and "1500" in shown.stdout and shown.stderr == ""
    shown = get("/interfaces/interface{broken}")
    assert shown.returncode == 0 and "broken" in shown.stdout
    assert shown.stderr.startswith("warning: ") and "the cable is out" in shown.stderr
    assert get("--strict", "/interfaces/interface{broken}").returncode != 0
