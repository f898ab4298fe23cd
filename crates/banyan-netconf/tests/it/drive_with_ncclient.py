"""Drives a server with ncclient: arguments are the port and the password of user anna."""
import sys
from ncclient import manager
from ncclient.operations import RPCError
from ncclient.xml_ import to_ele


CONFIG = '<config xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">'


def connect():
    session = manager.connect(host="127.0.0.1", port=int(sys.argv[1]), username="anna", password=sys.argv[2],
                           hostkey_verify=False, allow_agent=False, look_for_keys=False, timeout=120)
    session.huge_tree = True
    return session


def expect(tag, call):
    try:
        call()
    except RPCError as e:
        assert e.tag == tag, (e.tag, tag)
        return e
    raise AssertionError("no error, but " + tag + " was expected")


one, two = connect(), connect()
assert ":base:1.1" in one.server_capabilities and ":candidate" in one.server_capabilities
assert one.session_id != two.session_id
with one.locked("candidate"):
    error = expect("lock-denied", lambda: two.lock("candidate"))
    assert one.session_id in error.info, error.info
    one.edit_config(target="candidate", default_operation="merge",
                    config=CONFIG + '<top xmlns="urn:ex"><mtu>1500</mtu></top></config>')
    one.validate("candidate")
    one.commit(confirmed=True, timeout="30", persist="p")
    one.commit()
error = expect("operation-failed",
               lambda: one.edit_config(target="candidate", config=CONFIG + '<wrong xmlns="urn:ex"/></config>'))
assert error.app_tag == "must-violation" and "ex:mtu" in error.path, (error.app_tag, error.path)
assert "<mtu>1500</mtu>" in one.get_config("running", filter=("subtree", '<top xmlns="urn:ex"/>')).data_xml
assert "<mtu>1500</mtu>" in one.get(filter=("xpath", ({"ex": "urn:ex"}, "/ex:top"))).data_xml
assert "module ex" in one.get_schema("ex").data
assert "<n>7</n>" in one.dispatch(to_ele('<echo xmlns="urn:ex"><n>7</n></echo>')).xml
one.discard_changes()
assert len(one.get_config("startup").xml) > 50000000
one.kill_session(two.session_id)
one.close_session()
print("done")
