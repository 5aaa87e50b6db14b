import re
from ipaddress import IPv4Address, IPv4Network

import pytest

from podnet.plan import kubernetes
from podnet.plan.kubernetes import Parameters, unsupported_reason


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("eu-central-1", "ip-192-168-1-11.eu-central-1.compute.internal"),
        ("us-east-1", "ip-192-168-1-11.ec2.internal"),
    ],
)
def test_the_endpoint_is_the_private_name_that_aws_gives(region, name):
    assert kubernetes.endpoint(IPv4Address("192.168.1.11"), region) == name


def test_the_dns_of_a_cluster_has_the_address_of_kubeadms_own_rule():
    services = IPv4Network("10.96.0.0/12")

    assert kubernetes.dns_service(services) == IPv4Address("10.96.0.10")


@pytest.mark.parametrize("version", [kubernetes.VERSION, "1.36.9"])
def test_a_supported_version_has_no_reason_against_it(version):
    assert unsupported_reason(version) is None


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.35.2", "1.35.2 is not supported, since .* with, 1.36.x; use 1.36.0"),
        ("1.360.0", "is not supported"),
        ("v1.36.0", "'v1.36.0' is no version like 1.36.0"),
        ("1.36", "'1.36' is no version like 1.36.0"),
    ],
)
def test_another_version_is_refused_with_the_reason(version, reason):
    assert re.search(reason, unsupported_reason(version))


def test_the_parameters_of_a_stack_are_all_below_its_folder():
    parameters = Parameters("acme/podnet/dev")

    assert {
        parameters.nodes,
        parameters.settled,
        parameters.join,
        parameters.kubeconfig,
        parameters.policies,
    } == {
        "/podnet/acme/podnet/dev/kubernetes/nodes",
        "/podnet/acme/podnet/dev/kubernetes/settled",
        "/podnet/acme/podnet/dev/kubernetes/join",
        "/podnet/acme/podnet/dev/kubernetes/kubeconfig",
        "/podnet/acme/podnet/dev/kubernetes/network-policies/found",
    }


def test_a_node_finds_the_parameters_by_its_assigned_folder():
    parameters = Parameters("acme/podnet/dev")

    assert Parameters.from_root(parameters.root) == parameters
