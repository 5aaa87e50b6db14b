from ipaddress import IPv4Network

import pytest

from podnet.bundle.addresses import Addresses


@pytest.mark.parametrize(
    "text",
    [
        "192.168.1.11",
        "10.1.0.0/16",
        "169.254.169.254",
        "0.0.0.0/0",
        "version 1.2.3.4.5",
        "999.1.2.3",
        "0a:58:c0:a8:01:0b",
        "fe80::1",
        "fd00::1",
        "12:30:45",
        "::",
    ],
)
def test_what_is_not_public_stays(text):
    assert Addresses().text(text) == text


def test_ranges_of_the_vpc_stay_even_if_they_are_public():
    addresses = Addresses([IPv4Network("11.0.0.0/8")])

    assert addresses.text("11.0.0.5 from 12.0.0.5") == "11.0.0.5 from 198.18.0.1"


def test_a_public_range_hides_its_first_address_and_stays_a_range():
    assert Addresses().text("ssh from 54.1.2.0/24") == "ssh from 198.18.0.0/24"
    assert Addresses().text("ssh from 54.1.2.3/32") == "ssh from 198.18.0.1/32"
