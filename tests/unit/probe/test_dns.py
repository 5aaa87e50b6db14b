"""Questions to a DNS server and its answers; the lab's own resolver is one."""

from ipaddress import IPv4Address

import pytest

from podnet.lab.cloud.services import dns
from podnet.probe.dns import addresses, question

ADDRESS = IPv4Address("192.168.1.11")


def answered(name, number=7):
    return dns.answer(question(number, name), {"node.internal": ADDRESS}.get)


def test_a_known_name_leads_to_its_address():
    assert addresses(7, answered("node.internal")) == [ADDRESS]
    assert addresses(7, answered("node.internal.")) == [ADDRESS]


def test_an_unknown_name_leads_to_nothing():
    assert addresses(7, answered("nobody.internal")) == []


def test_an_answer_to_another_question_is_none_to_this():
    assert addresses(8, answered("node.internal")) is None
    assert addresses(7, question(7, "node.internal")) is None


def test_records_of_other_kinds_are_passed_over():
    alias = b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x05\x00\x04\x01a\xc0\x0c"
    whole = answered("node.internal")
    at = len(question(7, "node.internal"))
    packet = whole[:6] + b"\x00\x02" + whole[8:at] + alias + whole[at:]

    assert addresses(7, packet) == [ADDRESS]


@pytest.mark.parametrize("size", [0, 5, 20, 40])
def test_an_answer_that_is_cut_short_is_said_to_be(size):
    with pytest.raises(ValueError, match="cut short"):
        addresses(7, answered("node.internal")[:size])


def test_a_server_that_failed_is_not_taken_for_one_that_knows_no_such_name():
    failed = bytearray(answered("node.internal"))
    failed[3] |= 2

    with pytest.raises(ValueError, match="code 2"):
        addresses(7, bytes(failed))
