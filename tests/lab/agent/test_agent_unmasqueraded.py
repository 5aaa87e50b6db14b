"""Ranges in which pods are seen under their own addresses, changed while a node runs."""

import socket

import pytest
from switch import INTERNET, socket_in

from podnet.system.commands import run

pytestmark = pytest.mark.lab

NODE, POD = "192.168.1.11", "10.1.1.2"
ELSEWHERE = "198.51.100.7"
RANGE = "unmasqueraded=172.20.0.0/16+203.0.113.0/24 "


def tag(mode, ranges=""):
    return f"{mode} zones=1 {ranges}vni=1 port=8472"


@pytest.mark.parametrize("mode", ["overlay", "l2"])
def test_pods_are_seen_as_they_are_in_these_ranges_alone_in_every_mode(
    mode, machine, running, source_seen, eventually
):
    run("ip", "-n", machine.vpc, "address", "add", f"{ELSEWHERE}/32", "dev", "eth0")
    pod = machine.add_pod(2)
    machine.tag(tag(mode, RANGE))

    assert eventually(lambda: source_seen(pod, machine.vpc, INTERNET) == POD)
    assert source_seen(pod, machine.vpc, ELSEWHERE) == NODE
    assert source_seen(machine.name, machine.vpc, INTERNET) == NODE

    machine.tag(tag(mode))

    assert eventually(lambda: source_seen(pod, machine.vpc, INTERNET) == NODE)


class Connection:
    """A connection from a pod to a host in the range, which asks and is answered."""

    def __init__(self, pod, vpc):
        with socket_in(vpc, kind=socket.SOCK_STREAM) as listener:
            listener.bind((INTERNET, 0))
            listener.listen()
            self.near = socket_in(pod, kind=socket.SOCK_STREAM)
            self.near.settimeout(3)
            self.near.connect(listener.getsockname())
            self.far, (self.seen, _) = listener.accept()
        self.far.settimeout(3)

    def close(self):
        self.near.close()
        self.far.close()

    def answers(self):
        for sender, receiver in ((self.near, self.far), (self.far, self.near)):
            sender.sendall(b"?")
            if receiver.recv(1) != b"?":
                return False
        return True


def test_connections_outlive_the_change_with_the_address_that_they_began_with(
    machine, running, source_seen, eventually
):
    pod = machine.add_pod(2)
    before = Connection(pod, machine.vpc)
    machine.tag(tag("vpc-routes", RANGE))
    assert eventually(lambda: source_seen(pod, machine.vpc, INTERNET) == POD)
    between = Connection(pod, machine.vpc)
    answered = before.answers(), between.answers()
    machine.tag(tag("vpc-routes"))
    assert eventually(lambda: source_seen(pod, machine.vpc, INTERNET) == NODE)
    answered += before.answers(), between.answers()

    assert (before.seen, between.seen) == (NODE, POD)
    assert answered == (True,) * 4
    before.close()
    between.close()
