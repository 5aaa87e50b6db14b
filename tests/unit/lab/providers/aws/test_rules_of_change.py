"""Changes whose consequence does not follow from the property alone."""

from __future__ import annotations

import gzip
from base64 import b64encode

import pytest
from botocore.exceptions import ClientError

from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import client


def test_user_data_stops_and_starts_an_instance_that_may_not_be_replaced(world, stack):
    inputs = {**samples.instance(world, "192.168.1.40"), "userDataReplaceOnChange": False}
    node = stack.make(samples.INSTANCE, **inputs)
    address = node["publicIp"]

    assert node.diff(userData="#cloud-config\n{new: 1}\n").replaces == ()
    node.update(userData="#cloud-config\n{new: 1}\n")

    assert node.read()[0]["userData"] == "#cloud-config\n{new: 1}\n"
    assert node["instanceState"] == "running"
    # An address that is not an elastic one is another after a stop.
    assert node["publicIp"] not in {"", address}


def test_a_rule_for_another_sort_of_peer_is_another_rule(world, stack):
    rule = stack.make(
        samples.INGRESS, securityGroupId=world.group.id, ipProtocol="-1", cidrIpv4="10.0.0.0/8"
    )
    diff = rule.diff(cidrIpv4=None, referencedSecurityGroupId=world.group.id)

    assert diff.replaces == ("cidrIpv4", "referencedSecurityGroupId")


def test_a_given_name_must_be_free_before_it_can_be_used_again(world, stack):
    group = stack.make(samples.GROUP, vpcId=world.vpc.id, name="given")

    assert group.diff(description="other").delete_before_replace
    assert not group.diff(description="other", name="new").delete_before_replace


def test_a_name_chosen_by_the_provider_leaves_the_next_one_free(world, stack):
    group = stack.make(samples.GROUP, vpcId=world.vpc.id)

    assert not group.diff(description="other").delete_before_replace


@pytest.mark.parametrize("type_", [samples.ROLE, samples.PROFILE, samples.GROUP])
def test_a_name_is_made_up_of_the_resources_name_and_seven_digits(type_, world, stack):
    made = next(sample for sample in samples.SAMPLES if sample.type == type_)
    one = stack.make(type_, **made.inputs(world))

    assert one["name"] == f"{one.name}-{one.token[:7]}"
    assert "name" not in one.inputs


def test_a_policy_laid_out_otherwise_is_the_same_policy(stack):
    role = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST)

    assert role.diff(assumeRolePolicy=samples.TRUST.replace(" ", "")).changed == ()


def test_the_order_of_security_groups_means_nothing(world, stack):
    inputs = {
        **samples.instance(world, "192.168.1.40"),
        "vpcSecurityGroupIds": [world.group.id, world.other_group.id],
    }
    node = stack.make(samples.INSTANCE, **inputs)

    assert node.diff(vpcSecurityGroupIds=[world.other_group.id, world.group.id]).changed == ()
    assert node.read()[0] == node.inputs


def test_what_the_program_leaves_to_aws_is_no_change(world, stack):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.40"))

    assert node.diff(privateIp=None, metadataOptions=None, rootBlockDevice=None).changed == ()


def test_what_aws_chose_stays_out_of_the_inputs(world, stack):
    node = stack.make(
        samples.INSTANCE, ami=world.image, instanceType="t3.small", subnetId=world.subnet.id
    )

    assert node.read()[0] == node.inputs
    assert node["privateIp"].startswith("192.168.1.")
    assert node["vpcSecurityGroupIds"] == [world.vpc["defaultSecurityGroupId"]]


def test_an_instance_may_change_its_profile(world, stack):
    profiles = [stack.make(samples.PROFILE, role=world.role["name"]) for _ in range(2)]
    inputs = {**samples.instance(world, "192.168.1.40"), "iamInstanceProfile": profiles[0]["name"]}
    node = stack.make(samples.INSTANCE, **inputs)
    diff = node.diff(iamInstanceProfile=profiles[1]["name"])
    node.update(iamInstanceProfile=profiles[1]["name"])

    assert (diff.changed, diff.replaces) == (("iamInstanceProfile",), ())
    assert node.read()[0]["iamInstanceProfile"] == profiles[1]["name"]


def test_a_new_group_lets_nothing_out(world, stack):
    assert stack.make(samples.GROUP, vpcId=world.vpc.id)["egress"] == []


def test_a_role_in_use_goes_with_its_profiles_left_behind(stack, policy):
    role = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST, forceDetachPolicies=True)
    profile = stack.make(samples.PROFILE, role=role["name"])
    stack.make(samples.ATTACHMENT, role=role["name"], policyArn=policy)
    role.delete()

    assert role.read() is None
    assert "role" not in profile.read()[0]


def test_what_is_still_in_use_is_refused_after_some_patience(world, stack):
    table = stack.make(samples.TABLE, vpcId=world.vpc.id)
    association = stack.make(
        samples.ASSOCIATION, subnetId=world.other_subnet.id, routeTableId=table.id
    )

    with refused("aws-call-refused", ProviderError) as caught:
        table.delete()
    assert f"{table.id}: DeleteRouteTable" in str(caught.value)
    assert "DependencyViolation" in str(caught.value)
    association.delete()


def test_what_the_api_lets_go_of_in_a_moment_is_asked_for_again(provider):
    session = provider._resource(samples.VPC).session  # noqa: SLF001
    refused = ClientError({"Error": {"Code": "DependencyViolation"}}, "DeleteVpc")
    answers = [refused, refused, "gone"]

    def call():
        answer = answers.pop(0)
        if isinstance(answer, ClientError):
            raise answer
        return answer

    assert session.patiently({"DependencyViolation"}, call) == "gone"


def test_a_rule_of_ones_own_that_lets_everything_out_stays(world, stack):
    group = stack.make(samples.GROUP, vpcId=world.vpc.id)
    rule = stack.make(
        samples.EGRESS, securityGroupId=group.id, ipProtocol="-1", cidrIpv4="0.0.0.0/0"
    )
    group.update(tags={"a": "b"})

    assert rule.read() == (rule.inputs, rule.outputs)


def test_metadata_options_that_a_change_does_not_name_stay(world, stack, ec2):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.40"))
    node.update(metadataOptions={"httpPutResponseHopLimit": 2})
    described = ec2.describe_instances(InstanceIds=[node.id])["Reservations"][0]["Instances"][0]
    options = described["MetadataOptions"]

    assert (
        options["HttpTokens"],
        options["HttpPutResponseHopLimit"],
        options["InstanceMetadataTags"],
    ) == ("required", 2, "enabled")


def test_compressed_user_data_is_reported_as_it_was_given_and_is_what_the_instance_reads(
    stack, world, ec2
):
    inputs = samples.instance(world, "192.168.1.43")
    del inputs["userData"]
    packed = b64encode(gzip.compress(b"#cloud-config\n", mtime=0)).decode()
    other = b64encode(b"#cloud-config\n{}\n").decode()
    node = stack.make(samples.INSTANCE, **inputs, userDataBase64=packed)
    described = ec2.describe_instance_attribute(InstanceId=node.id, Attribute="userData")

    assert described["UserData"]["Value"] == packed
    assert node.read() == (node.inputs, node.outputs)
    assert node.diff(userDataBase64=other).replaces == ("userDataBase64",)
    node.update(userDataReplaceOnChange=False)
    assert node.diff(userDataBase64=other).replaces == ()
    node.update(userDataBase64=other)
    assert node.read()[0]["userDataBase64"] == other


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"userData": "a", "userDataBase64": "YQ=="}, "aws-user-data-twice"),
        ({"userDataBase64": "a"}, "aws-user-data-not-base64"),
        ({"userDataBase64": b64encode(b"x" * 16385).decode()}, "aws-user-data-too-large"),
    ],
    ids=["twice", "no base64", "too long"],
)
def test_user_data_is_given_once_in_base64_that_fits(provider, world, given, rule):
    inputs = {**samples.instance(world, "192.168.1.44"), "userData": None, **given}

    with refused(rule, ProviderError):
        provider.check(samples.INSTANCE, inputs)


@pytest.fixture
def key(endpoint):
    """The ARN of a key that the account has: EC2 ends an instance with another one."""
    kms = client(endpoint, "kms")
    made = kms.create_key()["KeyMetadata"]
    yield made["Arn"]
    kms.schedule_key_deletion(KeyId=made["KeyId"])


@pytest.mark.parametrize(
    ("changes", "replaces"),
    [
        ({"kmsKeyId": "alias/another"}, True),
        ({"encrypted": False}, True),
        ({"volumeSize": 30}, False),
        ({"volumeType": "gp2"}, False),
        ({"deleteOnTermination": False}, False),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_root_volume_changes_in_place_but_for_its_encryption_and_key(
    world, stack, key, changes, replaces
):
    volume = {"volumeType": "gp3", "volumeSize": 20, "encrypted": True, "kmsKeyId": key}
    inputs = {**samples.instance(world, "192.168.1.40"), "rootBlockDevice": volume}
    node = stack.make(samples.INSTANCE, **inputs)

    diff = node.diff(rootBlockDevice={**volume, **changes})

    assert diff.changed == ("rootBlockDevice",)
    assert ("rootBlockDevice" in diff.replaces) is replaces


def test_the_protection_of_an_instance_changes_in_place(world, stack):
    node = stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.40"))
    diff = node.diff(disableApiTermination=True)
    node.update(disableApiTermination=True)

    assert (diff.changed, diff.replaces) == (("disableApiTermination",), ())
    assert node.read()[0]["disableApiTermination"] is True
    node.update(disableApiTermination=False)
