"""What a node is assigned and made for, in one line each."""

from __future__ import annotations

import pytest

from podnet.plan.routing import Routing
from tests.unit.plan.test_settings import FLANNEL, settings


@pytest.mark.parametrize(
    ("values", "tag"),
    [
        ({}, "vpc-routes zones=1 vni=1 port=8472"),
        ({"zones": "3"}, "vpc-routes zones=3 vni=1 port=8472"),
        ({"routing": "overlay", "vni": "16777214"}, "overlay zones=1 vni=16777214 port=8472"),
        ({"routing": "overlay", "crossZoneOnly": "true"}, "hybrid zones=1 vni=1 port=8472"),
        (
            {"routing": "overlay", "checksumOffload": "false"},
            "overlay zones=1 vni=1 port=8472 checksum=off",
        ),
        ({"routing": "l2", "nodeRangePrefix": "27"}, "l2 zones=1 vni=1 port=8472"),
        (
            {"routing": "l2", "nodeRangePrefix": "28", "uplink": "ethernet", "fabric": "switch"},
            "l2-ethernet zones=1 vni=1 port=8472",
        ),
        ({"vxlanPort": "4789"}, "vpc-routes zones=1 vni=1 port=4789"),
        (FLANNEL, "flannel zones=1 vni=1 port=8472"),
        ({**FLANNEL, "flannelDirectRouting": "true"}, "flannel-direct zones=1 vni=1 port=8472"),
        ({**FLANNEL, "flannelBackend": "host-gw"}, "flannel-host-gw zones=1 vni=1 port=8472"),
    ],
    ids=lambda value: value if isinstance(value, str) else "from",
)
def test_a_node_is_assigned_its_routing_in_one_line_and_reads_it_back(values, tag):
    routing = settings(**values).node_routing

    assert routing.tag() == tag
    assert Routing.parse(tag) == routing


def test_what_a_node_is_made_for_is_one_line_of_what_its_user_data_says():
    ranges = {"vpcCidr": "172.20.4.0/22", "podCidr": "10.64.0.0/12", "podBlockPrefix": "26"}

    assert settings(**ranges, subnetPrefix="24", nodeRangePrefix="25").fingerprint == (
        "172.20.4.0/22 10.64.0.0/12 /26 subnets=/24 nodes=/25"
    )
    for live in ({"routing": "overlay"}, {"nodeCount": "9"}, {"zones": "3"}):
        assert settings(**live).fingerprint == settings().fingerprint
    for name in ("subnetPrefix", "nodeRangePrefix"):
        assert settings(**{name: "25"}).fingerprint != settings().fingerprint


def test_a_node_of_a_cluster_is_made_for_its_services_too():
    cluster = settings(kubernetes="kubeadm", serviceCidr="10.112.0.0/12")

    assert cluster.fingerprint == f"{settings().fingerprint} kubeadm 10.112.0.0/12"
    assert settings(serviceCidr="10.112.0.0/12").fingerprint == settings().fingerprint
    assert settings(kubernetes="kubeadm", kubernetesVersion="1.36.9").fingerprint == (
        settings(kubernetes="kubeadm").fingerprint
    )
