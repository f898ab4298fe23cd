"""A NETCONF client that sends what it is told, over the Unix socket: what well-behaved libraries never send is sent too."""

import socket
import threading

from lxml import etree

BASE = "urn:ietf:params:xml:ns:netconf:base:1.0"
BASE_1_1 = "urn:ietf:params:netconf:base:1.1"
PRIVATE = "urn:ietf:params:netconf:capability:private-candidate:1.0"
PC = "urn:ietf:params:xml:ns:yang:ietf-netconf-private-candidate"
NMDA = "urn:ietf:params:xml:ns:yang:ietf-netconf-nmda"
DS = "urn:ietf:params:xml:ns:yang:ietf-datastores"
BY = "urn:banyan:system"
NOTIFICATION = "urn:ietf:params:xml:ns:netconf:notification:1.0"
SN = "urn:ietf:params:xml:ns:yang:ietf-subscribed-notifications"
YP = "urn:ietf:params:xml:ns:yang:ietf-yang-push"
NCN = "urn:ietf:params:xml:ns:yang:ietf-netconf-notifications"
NC = {"nc": BASE, "a": "urn:acme:net", "n": NOTIFICATION, "sn": SN, "yp": YP, "ncn": NCN, "by": BY}


class Refused(Exception):
    """A reply with rpc-errors: the first one's parts, and all of it."""

    def __init__(self, reply):
        self.errors = reply.findall("nc:rpc-error", NC)
        first = self.errors[0]
        text = lambda name: first.findtext(f"nc:{name}", namespaces=NC)
        self.tag, self.type, self.app_tag = text("error-tag"), text("error-type"), text("error-app-tag")
        self.message, self.path = text("error-message"), text("error-path")
        self.info = first.find("nc:error-info", NC)
        super().__init__(f"{self.tag}: {self.message}")

    def about(self, name):
        """The text of an element of error-info, of whatever namespace."""
        found = self.info.xpath(f".//*[local-name()='{name}']") if self.info is not None else []
        return found[0].text if found else None


class Raw:
    def __init__(self, daemon, *capabilities):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(str(daemon.socket))
        self.buffer = b""
        self.number = 0
        # Notifications that came before a reply, and are not looked at yet.
        self.events = []
        offered = "".join(f"<capability>{one}</capability>" for one in (BASE_1_1, *capabilities))
        self.socket.sendall(f'<hello xmlns="{BASE}"><capabilities>{offered}</capabilities></hello>]]>]]>'.encode())
        self.hello = etree.fromstring(self._until(b"]]>]]>"))
        self.id = self.hello.findtext("nc:session-id", namespaces=NC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    @property
    def capabilities(self):
        return [one.text for one in self.hello.iterfind(".//nc:capability", NC)]

    def _receive(self):
        piece = self.socket.recv(1 << 16)
        if not piece:
            raise EOFError(self.buffer)
        self.buffer += piece

    def _until(self, end):
        while end not in self.buffer:
            self._receive()
        found, self.buffer = self.buffer.split(end, 1)
        return found

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._receive()
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def _message(self):
        message = b""
        while True:
            assert self._exactly(2) == b"\n#"
            length = self._until(b"\n")
            if length == b"#":
                return message
            message += self._exactly(int(length))

    def send(self, operation):
        """Sends an operation; in the base namespace, unless it says otherwise."""
        self.number += 1
        body = f'<rpc message-id="{self.number}" xmlns="{BASE}" xmlns:nc="{BASE}">{operation}</rpc>'.encode()
        self.socket.sendall(b"\n#%d\n%s\n##\n" % (len(body), body))

    def event(self):
        """The next notification, whole."""
        if self.events:
            return self.events.pop(0)
        message = etree.fromstring(self._message())
        assert message.tag == f"{{{NOTIFICATION}}}notification", etree.tostring(message)
        return message

    def event_of(self, name):
        """The next notification of that name; those before it are passed over."""
        while True:
            event = self.event()
            if etree.QName(event[1]).localname == name:
                return event

    def rpc(self, operation):
        """The reply to an operation; raises Refused for errors."""
        self.send(operation)
        reply = etree.fromstring(self._message())
        while reply.tag == f"{{{NOTIFICATION}}}notification":
            self.events.append(reply)
            reply = etree.fromstring(self._message())
        assert reply.get("message-id") == str(self.number)
        if reply.find("nc:rpc-error", NC) is not None:
            raise Refused(reply)
        return reply

    def ok(self, operation):
        assert self.rpc(operation).find("nc:ok", NC) is not None

    # The operations that tests use all the time.

    def edit(self, config, target="candidate", more=""):
        self.ok(f"<edit-config><target><{target}/></target>{more}<config>{config}</config></edit-config>")

    def commit(self, inside=""):
        return self.rpc(f"<commit>{inside}</commit>")

    def subscribe(self, inside=""):
        """Subscribes to a stream (RFC 5277)."""
        self.ok(f'<create-subscription xmlns="{NOTIFICATION}">{inside}</create-subscription>')

    def establish(self, inside):
        """Subscribes as RFC 8639 has it; the number of the subscription."""
        reply = self.rpc(f'<establish-subscription xmlns="{SN}" xmlns:yp="{YP}" xmlns:ds="{DS}">{inside}</establish-subscription>')
        return reply.findtext("sn:id", namespaces=NC)

    def discard(self):
        self.ok("<discard-changes/>")

    def copy(self, source, target):
        inside = source if source.startswith("<") else f"<{source}/>"
        self.ok(f"<copy-config><target><{target}/></target><source>{inside}</source></copy-config>")

    def read(self, store, filter=""):
        reply = self.rpc(f"<get-config><source><{store}/></source>{filter}</get-config>")
        return reply.find("nc:data", NC)

    def interfaces(self, store):
        """What a datastore has: the leaves of each interface by its name."""
        found = {}
        for entry in self.read(store).iterfind(".//a:interface", NC):
            leaves = {etree.QName(leaf).localname: leaf.text for leaf in entry}
            found[leaves.pop("name")] = leaves
        return found


def entry(name, inside="", operation=""):
    attribute = f' nc:operation="{operation}"' if operation else ""
    return f"<interface{attribute}><name>{name}</name>{inside}</interface>"


def interfaces(*entries):
    return f'<interfaces xmlns="urn:acme:net">{"".join(entries)}</interfaces>'


def interface(name, inside="", operation=""):
    return interfaces(entry(name, inside, operation))


def nothing():
    """What empties a datastore."""
    return '<interfaces xmlns="urn:acme:net" nc:operation="remove"/>'


def at_once(jobs):
    """Runs the jobs beside each other; the first failure is raised."""
    failures = []

    def run(job):
        try:
            job()
        except BaseException as failure:  # noqa: BLE001: told to the test
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
