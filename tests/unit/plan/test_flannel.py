"""Configuration of Flannel."""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Network

import pytest

from podnet.plan import flannel
from podnet.plan.routing import FlannelBackend, Routing, RoutingMode

PODS = IPv4Network("10.64.0.0/12")


def network(**routing: object) -> dict[str, object]:
    return json.loads(flannel.net_conf(PODS, Routing(mode=RoutingMode.FLANNEL, **routing)))


def test_the_network_number_port_and_direct_routing_come_from_the_plan():
    assert network(vni=7, port=4789, flannel_direct=True) == {
        "Network": "10.64.0.0/12",
        "Backend": {"Type": "vxlan", "VNI": 9, "Port": 4789, "DirectRouting": True},
    }


def test_flannels_number_is_neither_of_the_two_that_the_nodes_have_taken():
    assert network(vni=1)["Backend"]["VNI"] not in {1, 2}


def test_host_gw_is_configured_without_vxlan():
    assert network(flannel_backend=FlannelBackend.HOST_GW) == {
        "Network": "10.64.0.0/12",
        "Backend": {"Type": "host-gw"},
    }


def test_pods_are_tied_to_the_nodes_own_bridge_unmasqueraded_and_with_space_for_vxlan():
    assert json.loads(flannel.conflist()) == {
        "cniVersion": "0.3.1",
        "name": "mynet",
        "plugins": [
            {
                "type": "flannel",
                "delegate": {
                    "type": "bridge",
                    "bridge": "kube-bridge",
                    "isDefaultGateway": True,
                    "hairpinMode": True,
                    "mtu": 8951,
                    "ipMasq": False,
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


@pytest.mark.parametrize("image", [flannel.IMAGE, flannel.PLUGIN_IMAGE])
def test_images_are_named_for_people_and_pinned_for_machines(image):
    assert re.fullmatch(r"ghcr\.io/flannel-io/[a-z-]+:v[\w.-]+@sha256:[0-9a-f]{64}", image)
