import itertools
import re
from ipaddress import IPv4Network

import pytest

from podnet.plan.other_cnis import CNIS
from podnet.plan.routing import Encapsulation, FlannelBackend, Routing, RoutingMode, Uplink

KNOWN = (
    "vpc-routes, host-gw, overlay, hybrid, overlay-gre, hybrid-gre, l2, l2-ethernet, flannel, "
    "flannel-direct, flannel-host-gw, external-calico, external-kube-router, external-custom"
)
LINES = {
    "vpc-routes zones=1 vni=1 port=8472": Routing(),
    "host-gw zones=2 vni=1 port=8472": Routing(mode=RoutingMode.HOST_GW, zones=2),
    "overlay zones=3 vni=16777214 port=65535": Routing(
        mode=RoutingMode.OVERLAY, zones=3, vni=16_777_214, port=65_535
    ),
    "hybrid zones=1 vni=1 port=8472": Routing(mode=RoutingMode.OVERLAY, cross_zone_only=True),
    "overlay-gre zones=3 vni=7 port=4789": Routing(
        mode=RoutingMode.OVERLAY, encapsulation=Encapsulation.GRE, zones=3, vni=7, port=4789
    ),
    "hybrid-gre zones=1 vni=1 port=8472 checksum=off": Routing(
        mode=RoutingMode.OVERLAY,
        encapsulation=Encapsulation.GRE,
        cross_zone_only=True,
        checksum_offload=False,
    ),
    "l2 zones=1 vni=1 port=8472": Routing(mode=RoutingMode.L2),
    "l2-ethernet zones=1 vni=1 port=8472": Routing(mode=RoutingMode.L2, uplink=Uplink.ETHERNET),
    "flannel zones=1 vni=7 port=4789": Routing(mode=RoutingMode.FLANNEL, vni=7, port=4789),
    "flannel-direct zones=1 vni=1 port=8472": Routing(
        mode=RoutingMode.FLANNEL, flannel_direct=True
    ),
    "flannel-host-gw zones=1 vni=1 port=8472": Routing(
        mode=RoutingMode.FLANNEL, flannel_backend=FlannelBackend.HOST_GW
    ),
    "overlay zones=1 vni=1 port=8472 checksum=off": Routing(
        mode=RoutingMode.OVERLAY, checksum_offload=False
    ),
    "l2 zones=1 unmasqueraded=10.20.0.0/16+172.20.0.0/16 vni=1 port=8472 checksum=off": Routing(
        mode=RoutingMode.L2,
        checksum_offload=False,
        unmasqueraded=(IPv4Network("10.20.0.0/16"), IPv4Network("172.20.0.0/16")),
    ),
}


@pytest.mark.parametrize(("line", "routing"), LINES.items(), ids=LINES.keys())
def test_a_tag_says_the_routing_and_is_read_as_the_same(line, routing):
    assert (routing.tag(), Routing.parse(line)) == (line, routing)


def test_every_tag_that_is_written_can_be_read():
    every = [
        Routing(
            mode=mode,
            cross_zone_only=own,
            uplink=uplink,
            flannel_backend=backend,
            flannel_direct=own,
            encapsulation=encapsulation,
            cni=cni if mode is RoutingMode.EXTERNAL else "",
        )
        for mode, own, uplink, backend, encapsulation, cni in itertools.product(
            RoutingMode, (False, True), Uplink, FlannelBackend, Encapsulation, CNIS
        )
    ]

    assert [Routing.parse(routing.tag()).tag() for routing in every] == [
        routing.tag() for routing in every
    ]


def test_what_another_mode_has_no_use_for_is_not_in_the_tag():
    spare = Routing(
        mode=RoutingMode.HOST_GW,
        cross_zone_only=True,
        encapsulation=Encapsulation.GRE,
        uplink=Uplink.ETHERNET,
        flannel_backend=FlannelBackend.HOST_GW,
        flannel_direct=True,
    )

    assert spare.tag() == Routing(mode=RoutingMode.HOST_GW).tag()


def test_flannels_host_gw_has_no_use_for_direct_routing():
    spare = Routing(
        mode=RoutingMode.FLANNEL, flannel_backend=FlannelBackend.HOST_GW, flannel_direct=True
    )

    assert spare.variant.name == "flannel-host-gw"


def test_numbers_that_are_left_out_have_their_defaults():
    assert Routing.parse("host-gw") == Routing(mode=RoutingMode.HOST_GW)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("ipip zones=1", f"routing 'ipip' is unknown; known: {KNOWN}"),
        ("", f"routing '' is unknown; known: {KNOWN}"),
        ("overlay zones=0", "zones=0 in the tag must be a number from 1 to 3"),
        ("overlay zones=4", "zones=4 in the tag must be a number from 1 to 3"),
        ("overlay vni=16777215", "vni=16777215 in the tag must be a number from 1 to 16777214"),
        ("overlay port=65536", "port=65536 in the tag must be a number from 1 to 65535"),
        ("overlay port=-1", "port=-1 in the tag must be a number from 1 to 65535"),
        ("overlay port=\u00b2", "port=\u00b2 in the tag must be a number from 1 to 65535"),
        (
            "overlay zones=1 zones=2",
            "'overlay zones=1 zones=2' is not written like 'vpc-routes zones=1 vni=1 port=8472'",
        ),
        (
            "overlay mtu=9",
            "'overlay mtu=9' is not written like 'vpc-routes zones=1 vni=1 port=8472'",
        ),
        (
            "overlay  zones=1",
            "'overlay  zones=1' is not written like 'vpc-routes zones=1 vni=1 port=8472'",
        ),
        (
            "overlay checksum=maybe",
            "'overlay checksum=maybe' is not written like 'vpc-routes zones=1 vni=1 port=8472'",
        ),
        ("overlay unmasqueraded=10.20.0.1/16", "10.20.0.1/16 has host bits set"),
        ("overlay unmasqueraded=everywhere", "Expected 4 octets in 'everywhere'"),
    ],
    ids=lambda value: value[:24],
)
def test_a_tag_that_cannot_be_read_says_why(line, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        Routing.parse(line)
