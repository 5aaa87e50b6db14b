"""Ports of a node as text, and which of them a pod may have."""

import pytest

from podnet.lab.nodes.pods.ports import HostPort, check_free
from tests.refusals import refused


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("8080:80", HostPort(8080, 80, "tcp")),
        ("8080:80/tcp", HostPort(8080, 80, "tcp")),
        ("8053:53/udp", HostPort(8053, 53, "udp")),
        ("1:65535", HostPort(1, 65535, "tcp")),
    ],
)
def test_a_host_port_is_read_and_written(text, port):
    assert HostPort.parse(text) == port
    assert HostPort.parse(str(port)) == port


@pytest.mark.parametrize(
    "text",
    [
        "",
        "80",
        "8080:",
        ":80",
        "0:80",
        "80:0",
        "65536:80",
        "80:65536",
        "80:80/sctp",
        "a:b",
        "-1:80",
    ],
)
def test_what_is_no_host_port_is_refused(text):
    with refused("host-port-malformed"):
        HostPort.parse(text)


def test_the_plugin_gets_numbers_and_protocol():
    assert HostPort.parse("8053:53/udp").mapping() == {
        "hostPort": 8053,
        "containerPort": 53,
        "protocol": "udp",
    }


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        (["8080:80"], [("web", "8080:8080")]),
        (["8080:80", "8080:81"], []),
        (["8081:80", "8053:53/udp"], [("web", "8080:80"), ("dns", "8053:5353/udp")]),
    ],
    ids=["by another pod", "by itself", "one of two"],
)
def test_a_port_leads_to_one_pod_alone(wanted, taken):
    with refused("host-port-taken"):
        check_free("new", map(HostPort.parse, wanted), [(a, HostPort.parse(b)) for a, b in taken])


def test_a_port_of_the_other_protocol_is_free():
    check_free("new", [HostPort.parse("53:53/udp")], [("web", HostPort.parse("53:53"))])
