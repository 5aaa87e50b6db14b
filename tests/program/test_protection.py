"""The control plane of a cluster is protected from deletion."""

from __future__ import annotations

import pulumi
import pytest

CLUSTER = {"kubernetes": "kubeadm", "nodeCount": "3"}


def test_the_control_plane_alone_is_protected_and_only_where_it_is_asked_for(make_cloud):
    def protected(**settings):
        cloud = make_cloud().has_cluster(3).deploy(**{**CLUSTER, **settings})
        return {
            item.name.removeprefix("nodes-a-"): (item.protect, item.inputs["disableApiTermination"])
            for item in cloud.of("Instance")
            if item.protect or item.inputs["disableApiTermination"]
        }

    assert protected() == {"node-1": (True, True)}
    assert protected(protectControlPlane="false") == {}
    assert protected(kubernetes="none") == {}


def test_a_protected_control_plane_is_not_replaced(cloud):
    node = {"address": "192.168.1.11", "image": "ami-1", "podnet:network": "other numbers"}
    cloud.has_cluster(3).holds(node, settled=None)
    with pytest.raises(pulumi.RunError, match="podnet:protectControlPlane protects it"):
        cloud.deploy(**CLUSTER)

    assert cloud.resources == []
