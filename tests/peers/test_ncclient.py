"""ncclient drives the SSH server as operators' scripts do."""

import pytest
from lxml import etree
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele, to_xml

NS = {"a": "urn:acme:net", "nc": "urn:ietf:params:xml:ns:netconf:base:1.0"}


def connect(daemon, **arguments):
    arguments = arguments or {"key_filename": str(daemon.key)}
    return manager.connect(
        host="127.0.0.1", port=daemon.port, username="admin", hostkey_verify=False,
        look_for_keys=False, allow_agent=False, timeout=60, **arguments,
    )


def interface(name, inside="", operation=""):
    attribute = f' nc:operation="{operation}"' if operation else ""
    return f"""<config xmlns="{NS['nc']}" xmlns:nc="{NS['nc']}"><interfaces xmlns="urn:acme:net">
        <interface{attribute}><name>{name}</name>{inside}</interface></interfaces></config>"""


@pytest.fixture
def session(daemon):
    with connect(daemon) as session:
        session.discard_changes()
        yield session
        session.discard_changes()


def names(reply):
    return [name.text for name in etree.fromstring(reply.data_xml.encode()).iterfind(".//a:interface/a:name", NS)]


def test_a_key_and_a_password_both_open_a_session(daemon):
    for arguments in ({"key_filename": str(daemon.key)}, {"password": "let-me-in"}):
        with connect(daemon, **arguments) as session:
            assert session.session_id
            assert any("base:1.1" in capability for capability in session.server_capabilities)


def test_a_wrong_password_is_refused(daemon):
    from ncclient.transport.errors import AuthenticationError
    with pytest.raises(AuthenticationError):
        connect(daemon, password="wrong")


def test_an_edit_is_seen_in_running_after_its_commit_and_not_before(session):
    session.edit_config(target="candidate", config=interface("eth0", "<mtu>9000</mtu>"))
    assert names(session.get_config("candidate")) == ["eth0"]
    assert names(session.get_config("running")) == []
    session.validate("candidate")
    session.commit()
    assert names(session.get_config("running")) == ["eth0"]


def test_filters_of_both_kinds_select_one_entry(session):
    for name in ("f0", "f1", "f2"):
        session.edit_config(target="candidate", config=interface(name, "<description>x</description>"))
    session.commit()
    subtree = '<interfaces xmlns="urn:acme:net"><interface><name>f1</name></interface></interfaces>'
    assert names(session.get_config("running", filter=("subtree", subtree))) == ["f1"]
    xpath = ({"a": "urn:acme:net"}, "/a:interfaces/a:interface[a:name='f2']")
    assert names(session.get_config("running", filter=("xpath", xpath))) == ["f2"]


def test_a_lock_of_another_session_is_refused_with_its_session_id(daemon, session):
    with connect(daemon) as other:
        with other.locked("candidate"):
            with pytest.raises(RPCError) as error:
                session.lock("candidate")
            assert error.value.tag == "lock-denied"
            assert f"<session-id>{other.session_id}</session-id>" in error.value.info.replace("nc:", "")
        with session.locked("candidate"):
            pass


@pytest.mark.parametrize("inside, tag, path", [
    ("<mtu>9</mtu>", "invalid-value", "mtu"),
    ("<mtu>many</mtu>", "invalid-value", "mtu"),
    ("<mtuu>9</mtuu>", "unknown-element", "interface"),
])
def test_an_invalid_edit_has_the_tag_and_the_path_of_its_fault(session, inside, tag, path):
    with pytest.raises(RPCError) as error:
        session.edit_config(target="candidate", config=interface("bad", inside))
    assert error.value.tag == tag
    assert path in (error.value.path or "")


def test_creating_what_exists_and_deleting_what_does_not(session):
    session.edit_config(target="candidate", config=interface("twice"))
    with pytest.raises(RPCError) as error:
        session.edit_config(target="candidate", config=interface("twice", operation="create"))
    assert error.value.tag == "data-exists"
    with pytest.raises(RPCError) as error:
        session.edit_config(target="candidate", config=interface("never", operation="delete"))
    assert error.value.tag == "data-missing"


def test_a_must_and_a_leafref_hold_at_commit(session):
    session.edit_config(target="candidate", config=interface("m", "<mtu>2000</mtu><max-frame>1518</max-frame>"))
    with pytest.raises(RPCError) as error:
        session.commit()
    assert "<error-app-tag>mtu-too-large</error-app-tag>" in to_xml(error.value.xml).replace("nc:", "")
    assert "the MTU is larger" in error.value.message
    session.discard_changes()
    session.edit_config(target="candidate", config=interface("r", "<peer>nobody</peer>"))
    with pytest.raises(RPCError) as error:
        session.validate("candidate")
    assert error.value.tag == "data-missing"


def test_an_rpc_of_a_model_runs_the_program_bound_to_it(session):
    reply = session.dispatch(to_ele('<echo xmlns="urn:acme:net"><text>hello</text></echo>'))
    assert "<text" in reply.xml and ">hello<" in reply.xml
    with pytest.raises(RPCError) as error:
        session.dispatch(to_ele('<echo xmlns="urn:acme:net"/>'))
    assert error.value.tag == "missing-element"


def probe(name):
    return to_ele(
        f'<action xmlns="urn:ietf:params:xml:ns:yang:1"><interfaces xmlns="urn:acme:net"><interface>'
        f"<name>{name}</name><probe/></interface></interfaces></action>"
    )


def test_an_action_runs_on_an_instance_that_exists_and_on_no_other(session):
    session.edit_config(target="candidate", config=interface("p0"))
    session.commit()
    assert ">probe<" in session.dispatch(probe("p0")).xml
    with pytest.raises(RPCError) as error:
        session.dispatch(probe("nowhere"))
    assert error.value.tag == "data-missing"


def test_a_killed_session_is_gone_and_its_lock_with_it(daemon, session):
    victim = connect(daemon)
    victim.lock("candidate")
    session.kill_session(victim.session_id)
    with session.locked("candidate"):
        pass
    with pytest.raises(RPCError):
        session.kill_session("999999")


def test_get_schema_hands_out_the_text(session):
    assert "module acme-net" in session.get_schema("acme-net").data


def test_copy_config_and_delete_config_of_startup(session):
    session.edit_config(target="candidate", config=interface("kept"))
    session.commit()
    session.copy_config("running", "startup")
    assert "kept" in names(session.get_config("startup"))
    session.delete_config("startup")
    assert names(session.get_config("startup")) == []


def test_fifty_megabytes_come_whole(daemon, session):
    text = "x" * 1000
    for chunk in range(10):
        entries = "".join(
            f"<interface><name>big{chunk:02}-{i:04}</name><description>{text}</description></interface>"
            for i in range(5000)
        )
        session.edit_config(
            target="candidate",
            config=f'<config xmlns="{NS["nc"]}"><interfaces xmlns="urn:acme:net">{entries}</interfaces></config>',
        )
    session.commit()
    reply = session.get_config("running").xml
    assert len(reply) > 50_000_000
    assert reply.count("<description>") >= 50_000
    everything = (
        f'<config xmlns="{NS["nc"]}" xmlns:nc="{NS["nc"]}">'
        '<interfaces xmlns="urn:acme:net" nc:operation="remove"/></config>'
    )
    session.edit_config(target="candidate", config=everything)
    session.commit()
    assert names(session.get_config("running")) == []
