"""OpenSSH's client against the SSH server, and `banyan netconf` as the subsystem of OpenSSH's server."""

import os
import pwd
import shutil
import socket
import subprocess
import time

import conftest

HELLO = (
    '<hello xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><capabilities>'
    "<capability>urn:ietf:params:netconf:base:1.0</capability></capabilities></hello>]]>]]>"
)
CLOSE = '<rpc message-id="9" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><close-session/></rpc>]]>]]>'
GET = (
    '<rpc message-id="1" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">'
    "<get-config><source><running/></source></get-config></rpc>]]>]]>"
)


def talk(arguments, text, timeout=60):
    return subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=timeout)


def ssh(port, key, user="admin"):
    return [
        "ssh", "-T", "-p", str(port), "-i", str(key), "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
        "-s", f"{user}@127.0.0.1", "netconf",
    ]


def test_openssh_reads_running_through_the_builtin_server(daemon):
    result = talk(ssh(daemon.port, daemon.key), HELLO + GET + CLOSE)
    assert "<data" in result.stdout, result.stderr
    assert result.stdout.count("<ok") == 1


def test_banyan_netconf_is_a_subsystem_of_openssh(daemon, tmp_path):
    user = pwd.getpwuid(os.getuid()).pw_name
    port = conftest.free_port()
    host_key = tmp_path / "host_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key], check=True)
    keys = tmp_path / "authorized_keys"
    shutil.copy(daemon.key.with_suffix(".pub"), keys)
    config = tmp_path / "sshd_config"
    config.write_text(f"""
Port {port}
ListenAddress 127.0.0.1
HostKey {host_key}
AuthorizedKeysFile {keys}
StrictModes no
UsePAM no
PidFile {tmp_path}/sshd.pid
PermitRootLogin prohibit-password
Subsystem netconf {conftest.BANYAN} netconf --socket {daemon.socket}
""")
    if os.getuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    server = subprocess.Popen([shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", config])
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.05)
        result = talk(ssh(port, daemon.key, user), HELLO + GET + CLOSE)
        assert "<data" in result.stdout, result.stderr
    finally:
        server.terminate()
        server.wait(10)


def test_a_message_without_the_base_namespace_gets_an_error(daemon):
    bare = '<rpc message-id="1"><get-config><source><running/></source></get-config></rpc>]]>]]>'
    result = talk(ssh(daemon.port, daemon.key), HELLO + bare + CLOSE)
    assert "<error-tag>unknown-namespace</error-tag>" in result.stdout, result.stdout + result.stderr


def test_lenient_mode_accepts_the_examples_of_the_manuals(lenient_daemon):
    bare = "<rpc><get-config><source><running/></source></get-config></rpc>]]>]]>"
    result = talk(ssh(lenient_daemon.port, lenient_daemon.key), bare + "<rpc><close-session/></rpc>]]>]]>")
    assert "<data" in result.stdout, result.stdout + result.stderr


def test_ten_thousand_levels_get_an_error_and_the_daemon_goes_on(daemon):
    deep = "<x>" * 10_000 + "</x>" * 10_000
    bad = f'<rpc message-id="1" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0">{deep}</rpc>]]>]]>'
    result = talk(ssh(daemon.port, daemon.key), HELLO + bad)
    assert "<rpc-error" in result.stdout, result.stdout + result.stderr
    again = talk(ssh(daemon.port, daemon.key), HELLO + GET + CLOSE)
    assert "<data" in again.stdout, again.stderr


def test_malformed_xml_gets_an_error_and_the_daemon_goes_on(daemon):
    bad = '<rpc message-id="1" xmlns="urn:ietf:params:xml:ns:netconf:base:1.0"><get></rpc>]]>]]>'
    result = talk(ssh(daemon.port, daemon.key), HELLO + bad)
    # RFC 6241 appendix A: a session of base:1.0 is not sent malformed-message.
    assert "<error-tag>operation-failed</error-tag>" in result.stdout, result.stdout + result.stderr
    assert "not well-formed at line 1" in result.stdout
    again = talk(ssh(daemon.port, daemon.key), HELLO + GET + CLOSE)
    assert "<data" in again.stdout, again.stderr
