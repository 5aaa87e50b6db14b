from __future__ import annotations

import socket
import ssl
import stat
import threading

import pytest

from podnet.lab.host import certificates as authority

NAME = "ssm.eu-central-1.amazonaws.com"


def shake(made, served, name):
    """What a client says who trusts this authority and asks for `name` where `served` are."""
    here, there = socket.socketpair()

    def serve():
        with there:
            try:
                made.context(served).wrap_socket(there, server_side=True).close()
            except (ssl.SSLError, OSError):
                return

    server = threading.Thread(target=serve)
    server.start()
    client = ssl.create_default_context(cafile=made.certificate)
    try:
        with client.wrap_socket(here, server_hostname=name):
            return "trusted"
    except ssl.SSLCertVerificationError as error:
        return error.verify_message
    finally:
        here.close()
        server.join()


def test_a_server_is_trusted_under_its_names_and_no_others(tmp_path):
    made = authority.ensure(tmp_path)

    assert shake(made, [NAME, "ssm.us-east-1.amazonaws.com"], NAME) == "trusted"
    assert shake(made, [NAME], "ssm.eu-west-1.amazonaws.com").startswith("Hostname mismatch")
    assert shake(made, ["bank.example.com"], "bank.example.com") == "permitted subtree violation"


def test_it_is_made_once_and_its_key_is_for_its_owner_alone(tmp_path):
    made = authority.ensure(tmp_path)
    text = made.certificate.read_text()

    assert authority.ensure(tmp_path) == made
    assert made.certificate.read_text() == text
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["authority"]


@pytest.mark.parametrize("left", ["authority.1.new"], ids=["a killed maker's draft"])
def test_what_a_killed_maker_left_is_in_nobodys_way(tmp_path, left):
    (tmp_path / left).mkdir()

    assert authority.ensure(tmp_path).key.exists()
