from ipaddress import IPv4Network

import pytest

from podnet.verify.prefixes import Prefixes

RANGES = Prefixes(
    (IPv4Network(text), text)
    for text in ("0.0.0.0/0", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.128/25", "192.168.1.11/32")
)


@pytest.mark.parametrize(
    ("network", "longest"),
    [
        ("10.1.2.0/24", "10.1.2.0/24"),
        ("10.1.2.0/25", "10.1.2.0/24"),
        ("10.1.2.200/32", "10.1.2.128/25"),
        ("10.1.3.0/24", "10.1.0.0/16"),
        ("10.0.0.0/8", "0.0.0.0/0"),
        ("192.168.1.11/32", "192.168.1.11/32"),
    ],
)
def test_the_longest_prefix_holds_all_addresses(network, longest):
    assert RANGES.longest(IPv4Network(network)) == longest


def test_without_a_range_there_is_none():
    assert Prefixes([]).longest(IPv4Network("10.0.0.0/8")) is None


@pytest.mark.parametrize(
    ("network", "divides"),
    [("10.1.2.0/24", True), ("10.1.2.128/25", False), ("10.1.3.0/24", False), ("10.0.0.0/8", True)],
)
def test_a_smaller_range_inside_divides(network, divides):
    assert RANGES.divide(IPv4Network(network)) is divides
