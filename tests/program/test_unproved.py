"""A deployment that loses packets on paper ends before its first resource."""

import pulumi
import pytest

from podnet.plan import firewall


@pytest.fixture(params=["vpc-routes", "host-gw"])
def lacking(request, monkeypatch):
    """A mode whose rule for packets of pods is taken out of the plan."""
    monkeypatch.setattr(firewall, "pod_traffic_rules", lambda *_: {})
    return request.param


def test_a_lacking_rule_stops_the_program_before_it_registers_anything(cloud, lacking):
    with pytest.raises(
        pulumi.RunError,
        match=r"on paper no packet gets from pods of node-1 to .* and back \(security groups of "
        r"the interface of node-2: .*; add an ingress rule for 10\.1\.1\.0/24 to ",
    ):
        cloud.deploy(routing=lacking)
    assert cloud.resources == []


def test_a_lacking_rule_is_warned_of_where_that_is_allowed(cloud, lacking):
    cloud.deploy(routing=lacking, unproved="allow")

    (warning,) = (text for level, text in cloud.said if level == "warning")
    assert warning.startswith("podnet:unproved is allow, so this is deployed although on paper no ")
    assert cloud.of("Instance")
