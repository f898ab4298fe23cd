"""A daemon for the tests with foreign clients: real files, real sockets, real keys."""

import os
import pathlib
import socket
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
BANYAN = pathlib.Path(os.environ.get("BANYAN", TARGET / "debug" / "banyan"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# Counts for each interface that is asked for by name; fails for one that is called "broken".
COUNTERS = """#!/usr/bin/env python3
import json, re, sys
question = json.load(sys.stdin)
names = re.findall(r"name='([^']*)'", " ".join(question["paths"]))
if "broken" in names:
    sys.exit("the cable is out")
entries = [{"name": name, "counters": {"in": str(len(name))}} for name in names]
print(json.dumps({"acme-net:interfaces": {"interface": entries}}) if entries else "")
"""


class Daemon:
    """`banyan serve` in a directory of its own."""

    def __init__(self, directory, lenient=False):
        self.directory = directory
        self.port = free_port()
        self.key = directory / "client_key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key], check=True
        )
        password_hash = subprocess.run(
            ["openssl", "passwd", "-6", "-salt", "peers", "let-me-in"],
            check=True, capture_output=True, text=True,
        ).stdout.strip()
        echo = directory / "echo.sh"
        echo.write_text("#!/bin/sh\nexec cat\n")
        echo.chmod(0o755)
        counters = directory / "counters.py"
        counters.write_text(COUNTERS)
        counters.chmod(0o755)
        (directory / "banyan.toml").write_text(f"""
[store]
directory = "store"
[yang]
path = ["{HERE / 'yang'}"]
load = ["acme-net"]
[netconf]
ssh = "127.0.0.1:{self.port}"
[[user]]
name = "admin"
password-hash = "{password_hash}"
keys = ["{self.key.with_suffix('.pub').read_text().strip()}"]
[[user]]
name = "guest"
keys = ["{self.key.with_suffix('.pub').read_text().strip()}"]
[compat]
lenient = {"true" if lenient else "false"}
[[operation]]
path = "/acme-net:echo"
exec = ["./echo.sh"]
[[operation]]
path = "/acme-net:interfaces/interface/probe"
exec = ["./echo.sh"]
[[provider]]
path = "/acme-net:interfaces/interface/counters"
exec = ["./counters.py"]
""")
        self.socket = directory / "store" / "banyan.sock"
        self.process = None

    def start(self):
        self.log = open(self.directory / "daemon.log", "a")
        self.process = subprocess.Popen(
            [BANYAN, "serve", "--config", self.directory / "banyan.toml"],
            stdout=self.log, stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                self.admit()
                return self
            except OSError:
                code = self.process.poll()
                log = (self.directory / "daemon.log").read_text()
                assert code is None, f"the daemon ended with {code}: {log}"
                assert time.monotonic() < deadline, f"the daemon does not listen: {log}"
                time.sleep(0.05)

    def admit(self):
        """Lets the SSH user write: only the user who starts the daemon may do so from the beginning."""
        while not self.socket.exists():
            time.sleep(0.05)
        for command in (["set", "/nacm/groups/group{admin}/user-name", "admin"], ["commit"]):
            subprocess.run(
                [BANYAN, *command, "--socket", self.socket], check=True, stdout=subprocess.DEVNULL
            )

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0
        self.log.close()


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    server = Daemon(tmp_path_factory.mktemp("daemon")).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def lenient_daemon(tmp_path_factory):
    server = Daemon(tmp_path_factory.mktemp("lenient"), lenient=True).start()
    yield server
    server.stop()
