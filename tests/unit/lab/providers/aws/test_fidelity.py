"""Where the real provider does not forgive, the lab's does not either."""

from __future__ import annotations

import secrets

import pytest
from botocore.exceptions import ClientError

from podnet.lab.providers.aws import TYPES
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.samples import SAMPLES

READ_ONCE = {samples.TAG, samples.PARAMETER, samples.FLOW_LOG, samples.LOG_GROUP}
"""Types whose creation does not wait for what the API shows late."""
EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type.split(":")[-1])


@pytest.fixture
def calls(provider):
    """Notes the names of calls in their order."""
    session = provider._session  # noqa: SLF001
    seen: list[str] = []

    def note(model, **_):
        seen.append(model.name)

    clients = [session.ec2, session.iam, session.ssm]
    for client in clients:
        client.meta.events.register_first("before-call.*", note)
    yield seen
    for client in clients:
        client.meta.events.unregister("before-call.*", note)


@pytest.fixture
def stale(monkeypatch):
    """Lets the next readings of a type find nothing."""

    def make(type_, times):
        real, left = TYPES[type_].describe, [None] * times

        def describe(self, id_, known):
            return left.pop() if left else real(self, id_, known)

        monkeypatch.setattr(TYPES[type_], "describe", describe)

    return make


def make(provider, type_, **inputs):
    """Create a resource that no fixture takes away."""
    checked = provider.check(type_, inputs)
    return checked, provider.create(type_, checked, secrets.token_hex(16), "one")


def denied(*_, **__):
    raise ClientError({"Error": {"Code": "UnauthorizedOperation"}}, "Denied")


@EACH
def test_no_output_is_null(sample, world, stack):
    made = stack.make(sample.type, **sample.inputs(world))

    assert [name for name, value in made.outputs.items() if value is None] == []


def test_the_exclusive_resource_has_no_id_of_its_own(world, stack):
    groups = [world.group.id, world.other_group.id]
    ids = {
        stack.make(samples.EXCLUSIVE, securityGroupId=one, ingressRuleIds=[], egressRuleIds=[]).id
        for one in groups
    }

    assert ids == {"missing ID"}


def test_a_tag_is_written_and_read_once(world, stack, calls):
    tag = stack.make(samples.TAG, resourceId=world.vpc.id, key="podnet:mode", value="one")
    made = list(calls)
    calls.clear()
    tag.update(value="two")

    assert made == ["CreateTags", "DescribeTags"]
    assert calls == ["CreateTags", "DescribeTags"]


def test_a_tag_that_ec2_does_not_show_yet_is_an_error_and_is_there(world, stale, provider):
    stale(samples.TAG, 1)

    with refused("aws-tag-empty-result", ProviderError) as caught:
        make(provider, samples.TAG, resourceId=world.vpc.id, key="podnet:mode", value="one")
    made = caught.value.created
    assert (
        str(caught.value)
        == f"reading EC2 resource ({world.vpc.id}) tag (podnet:mode): empty result"
    )
    assert provider.read(samples.TAG, made.id, {}, made.outputs)[1]["value"] == "one"
    provider.delete(samples.TAG, made.id, made.outputs)


def test_a_tag_whose_former_value_ec2_still_shows_is_written_again(world, stack, monkeypatch):
    tag = stack.make(samples.TAG, resourceId=world.vpc.id, key="podnet:mode", value="one")
    former = dict(tag.outputs)
    with monkeypatch.context() as patch:
        patch.setattr(TYPES[samples.TAG], "describe", lambda *_: former)
        tag.update(value="two")

    assert tag["value"] == "one"
    assert tag.diff(value="two").changed == ("value",)
    tag.update(value="two")
    assert tag.diff(value="two").changed == ()


@pytest.mark.parametrize("sample", [one for one in SAMPLES if one.type not in READ_ONCE])
def test_what_the_api_does_not_show_yet_is_waited_for(sample, world, stack, stale):
    stale(sample.type, 2)

    assert stack.make(sample.type, **sample.inputs(world)).read() is not None


def test_a_parameter_that_is_not_listed_yet_is_an_error(stale, provider):
    stale(samples.PARAMETER, 1)

    with refused("aws-resource-gone", ProviderError) as caught:
        make(provider, samples.PARAMETER, name="/podnet/late", type="String", value="a")
    provider.delete(samples.PARAMETER, caught.value.created.id, {})


def test_a_rule_is_tagged_by_a_second_call_and_lost_if_that_is_refused(
    world, provider, monkeypatch, ec2
):
    rule = {
        "securityGroupId": world.group.id,
        "ipProtocol": "udp",
        "fromPort": 8472,
        "toPort": 8472,
        "cidrIpv4": "10.0.0.0/8",
        "tags": samples.TAGS,
    }
    with monkeypatch.context() as patch:
        patch.setattr(provider._session.ec2, "create_tags", denied)  # noqa: SLF001
        with refused("aws-call-refused", ProviderError) as caught:
            make(provider, samples.INGRESS, **rule)
    found, _ = provider.read(samples.INGRESS, caught.value.created.id, {}, {})

    assert "tags" not in found
    with refused("aws-call-refused", ProviderError) as again:
        make(provider, samples.INGRESS, **rule)
    assert "InvalidPermission.Duplicate" in str(again.value)
    ec2.revoke_security_group_ingress(
        GroupId=world.group.id, SecurityGroupRuleIds=[caught.value.created.id]
    )


def test_an_association_with_another_table_is_lost_to_the_next_reading(world, stack, ec2):
    association = stack.make(
        samples.ASSOCIATION, subnetId=world.other_subnet.id, routeTableId=world.table.id
    )
    association.update(routeTableId=world.other_table.id)

    assert association["routeTableId"] == world.other_table.id
    assert association.read() is None
    for one in ec2.describe_route_tables(RouteTableIds=[world.other_table.id])["RouteTables"][0][
        "Associations"
    ]:
        ec2.disassociate_route_table(AssociationId=one["RouteTableAssociationId"])


def test_an_instance_gets_its_check_last_of_all(world, stack, calls):
    stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.45"))
    changing = [name for name in calls if not name.startswith("Describe")]

    assert changing == ["RunInstances", "CreateTags", "ModifyInstanceAttribute"]
    assert "DescribeInstances" in calls[calls.index("RunInstances") : calls.index("CreateTags")]


def test_a_check_that_could_not_be_set_is_set_by_the_deployment_after_the_next(
    world, provider, monkeypatch
):
    session = provider._session  # noqa: SLF001
    inputs = provider.check(samples.INSTANCE, samples.instance(world, "192.168.1.46"))
    with monkeypatch.context() as patch:
        patch.setattr(session.ec2, "modify_instance_attribute", denied)
        with refused("aws-call-refused", ProviderError) as caught:
            provider.create(samples.INSTANCE, inputs, secrets.token_hex(16), "one")
    id_, outputs = caught.value.created.id, caught.value.created.outputs

    assert outputs["sourceDestCheck"] is False  # as planned, and not so
    assert provider.diff(samples.INSTANCE, id_, inputs, outputs, inputs).changed == ()
    outputs = provider.update(samples.INSTANCE, id_, inputs, outputs, inputs)
    assert outputs["sourceDestCheck"] is True
    assert provider.diff(samples.INSTANCE, id_, inputs, outputs, inputs).changed == (
        "sourceDestCheck",
    )
    found = {**inputs, "sourceDestCheck": True}
    assert not provider.update(samples.INSTANCE, id_, found, outputs, inputs)["sourceDestCheck"]
    provider.delete(samples.INSTANCE, id_, outputs)


def test_a_stopped_instance_has_no_public_address_and_would_be_replaced(world, stack, monkeypatch):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.47"))
    real = TYPES[samples.INSTANCE].fetch

    def without_address(self, id_):
        instance = real(self, id_)
        for interface in instance["NetworkInterfaces"]:
            interface.pop("Association", None)
        return instance

    with monkeypatch.context() as patch:
        patch.setattr(TYPES[samples.INSTANCE], "fetch", without_address)
        found, outputs = node.read()

    assert (found["associatePublicIpAddress"], outputs["publicIp"]) == (False, "")
    diff = node.provider.diff(node.type, node.id, found, outputs, node.inputs)
    assert diff.replaces == ("associatePublicIpAddress",)


@pytest.mark.parametrize(("state", "there"), [("shutting-down", True), ("terminated", False)])
def test_an_instance_is_there_until_it_is_terminated(world, stack, monkeypatch, state, there):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.48"))
    real = TYPES[samples.INSTANCE].fetch

    def ending(self, id_):
        return {**real(self, id_), "State": {"Name": state}}

    with monkeypatch.context() as patch:
        patch.setattr(TYPES[samples.INSTANCE], "fetch", ending)

        assert (node.read() is not None) is there


def test_a_new_group_loses_its_way_out_in_its_creation_alone(world, stack, ec2):
    group = stack.make(samples.GROUP, vpcId=world.vpc.id)
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]

    assert group["egress"] == []
    ec2.authorize_security_group_egress(GroupId=group.id, IpPermissions=everything)
    group.update(tags={"a": "b"})
    assert [block["cidrBlocks"] for block in group["egress"]] == [["0.0.0.0/0"]]


def test_a_reservation_is_read_by_its_subnet(provider, world, stack):
    inputs = {
        "subnetId": world.other_subnet.id,
        "cidrBlock": "192.168.1.96/28",
        "reservationType": "explicit",
    }
    made = stack.make(samples.RESERVATION, **inputs)

    with refused("aws-read-needs-key", ProviderError):
        provider.read(samples.RESERVATION, made.id, {}, {})
    imported = provider.read(samples.RESERVATION, f"{inputs['subnetId']}:{made.id}", {}, {})
    assert imported is not None
    assert imported[0] == inputs
    elsewhere = {**inputs, "subnetId": world.subnet.id}
    assert provider.read(samples.RESERVATION, made.id, elsewhere, elsewhere) is None
