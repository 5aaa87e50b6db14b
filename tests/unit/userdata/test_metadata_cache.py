"""What a node has from the metadata service, and what it keeps where that says nothing."""

import os
from ipaddress import IPv4Address, IPv4Network

import metadata_cache
import pytest
from metadata_cache import Cached, parse_address, parse_routing

from podnet.plan.address import AddressPlan
from podnet.plan.routing import Encapsulation, Routing, RoutingMode

PLAN = AddressPlan(IPv4Network("192.168.1.0/24"), IPv4Network("10.1.0.0/16"), 24, 24, 26)
OVERLAY = "overlay zones=1 vni=1 port=8472"
HOST_GW = "host-gw zones=1 vni=1 port=8472"
OWN = IPv4Address("192.168.1.13")


class Service:
    """A metadata service whose answer a test sets, or which raises what a test sets."""

    answer = OVERLAY
    asked = 0

    def ask(self):
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def service():
    return Service()


@pytest.fixture
def file(tmp_path):
    return tmp_path / "kept"


@pytest.fixture
def routing(service, file):
    """A new agent's routing, on node 3."""
    return lambda: Cached(file, service.ask, parse_routing(PLAN, lambda: OWN))


@pytest.fixture
def address(service, file):
    return lambda pause=0: Cached(file, service.ask, parse_address(PLAN), pause)


def test_a_new_value_is_returned_once_and_kept(routing, file):
    subject = routing()

    assert [subject.refresh(), subject.refresh()] == [OVERLAY, ""]
    assert subject.value == Routing(mode=RoutingMode.OVERLAY)
    assert {path.name: path.read_text() for path in file.parent.iterdir()} == {
        "kept": f"{OVERLAY}\n"
    }


SENSELESS = [
    "nonsense",
    "",
    "overlay zones=4 vni=1 port=8472",
    "overlay zones=9 vni=1 port=8472",
    "overlay zones=0",
    "overlay vni=0",
    "overlay zones=1 vni=1 port=8472 colour=red",
    "overlay zones=1 zones=2",
    "OVERLAY",
    OSError("dead"),
    LookupError("no tag"),
]


@pytest.mark.parametrize("answer", SENSELESS, ids=str)
def test_the_last_routing_stays(routing, service, file, answer):
    file.write_text(f"{HOST_GW}\n")
    service.answer = answer
    subject = routing()

    with pytest.raises(OSError, match=r"the last one stays$"):
        subject.refresh()
    assert subject.value == Routing.parse(HOST_GW)
    assert file.read_text() == f"{HOST_GW}\n"


UNREADABLE = {
    "empty": lambda file: file.write_text(""),
    "garbage": lambda file: file.write_bytes(b"\xff\x00\xfe"),
    "half": lambda file: file.write_text("overl"),
    "a newer version's": lambda file: file.write_text(f"{OVERLAY} flowtable=on\n"),
    "a directory": lambda file: file.mkdir(),
    "JSON": lambda file: file.write_text('{"mode": "overlay"}'),
}


@pytest.mark.parametrize("damage", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_cannot_be_read_is_unknown_and_no_default(routing, service, file, damage):
    damage(file)
    service.answer = OSError("dead")
    subject = routing()

    for _ in range(2):
        with pytest.raises(OSError, match=r"dead; .* cannot be read either: .*nothing is changed"):
            subject.refresh()
    assert subject.value is None
    service.answer = OVERLAY
    if file.is_dir():
        with pytest.raises(OSError, match="directory"):
            subject.refresh()
    else:
        assert subject.refresh() == OVERLAY
        assert file.read_text() == f"{OVERLAY}\n"
    assert subject.value == Routing.parse(OVERLAY)


def test_a_kept_value_that_is_said_again_is_no_change(routing, file):
    file.write_text(f"{OVERLAY}\n")

    assert routing().refresh() == ""


def test_a_damaged_file_is_written_again(routing, file):
    subject = routing()
    subject.refresh()
    file.write_text("garbage")

    assert subject.refresh() == ""
    assert file.read_text() == f"{OVERLAY}\n"


def test_a_full_disk_does_not_hold_up_a_switch(service, tmp_path):
    subject = Cached(tmp_path / "no-such-folder" / "kept", service.ask, Routing.parse)

    with pytest.raises(OSError, match="no-such-folder"):
        subject.refresh()
    assert subject.value == Routing.parse(OVERLAY)


def test_an_address_changes_only_when_the_service_says_so(address, service, file):
    service.answer = "192.168.1.11"
    subject = address()

    assert subject.refresh() == "192.168.1.11"
    service.answer = OSError("dead")
    with pytest.raises(OSError, match="dead; the last one stays"):
        subject.refresh()
    assert subject.value == IPv4Address("192.168.1.11")
    service.answer = "192.168.1.57"
    assert subject.refresh() == "192.168.1.57"
    assert file.read_text() == "192.168.1.57\n"


@pytest.mark.parametrize("answer", ["192.0.2.7", "not an address", "", "<html>"])
def test_an_address_that_the_rule_gives_to_no_node_is_refused(address, service, answer):
    service.answer = "192.168.1.11"
    subject = address()
    subject.refresh()
    service.answer = answer

    with pytest.raises(OSError, match="the last one stays"):
        subject.refresh()
    assert subject.value == IPv4Address("192.168.1.11")


def test_an_answer_is_good_for_some_polls_and_a_failure_for_none(address, service):
    service.answer = OSError("dead")
    subject = address(3)
    for _ in range(2):
        with pytest.raises(OSError, match="dead"):
            subject.refresh()
    service.answer = "192.168.1.11"
    for _ in range(5):
        subject.refresh()

    assert service.asked == 2 + 2


def test_before_a_node_knows_who_it_is_no_routing_leaves_it_out(service, file):
    service.answer = "overlay zones=2"
    subject = Cached(file, service.ask, parse_routing(PLAN, lambda: None))

    assert subject.refresh() == "overlay zones=2"


GRE = "overlay-gre zones=1 vni=1 port=8472"


def test_gre_is_refused_where_the_kernel_has_none_and_the_last_routing_stays(
    routing, service, monkeypatch
):
    monkeypatch.setattr(metadata_cache, "has_gre", lambda: False)
    subject = routing()
    subject.refresh()
    service.answer = GRE

    with pytest.raises(OSError, match=r"vxlan; the last one stays$") as caught:
        subject.refresh()

    assert str(caught.value).startswith(
        f"'{GRE}' needs GRE, which kernel {os.uname().release} of 192.168.1.13 lacks; use an image"
    )
    assert subject.value == Routing(mode=RoutingMode.OVERLAY)


def test_gre_is_taken_where_the_kernel_has_it(routing, service, monkeypatch):
    monkeypatch.setattr(metadata_cache, "has_gre", lambda: True)
    subject = routing()
    service.answer = GRE

    assert subject.refresh() == GRE
    assert subject.value.encapsulation is Encapsulation.GRE
