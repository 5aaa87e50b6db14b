"""Root volumes, further policies and further security groups of the nodes."""

from __future__ import annotations

import json

import pulumi
import pytest

from tests.program.account import Refused

IMAGE = "ami-0123456789abcdef0"
OWN = "arn:aws:iam::123456789012:policy/team/own"


def sized(cloud, gib):
    """A cloud whose image needs so much."""
    cloud.answers[cloud.IMAGE] = {
        "id": IMAGE,
        "rootDeviceName": "/dev/xvda",
        "blockDeviceMappings": [
            {"deviceName": "/dev/sdb", "ebs": {"volume_size": "500"}},
            {"deviceName": "/dev/xvda", "ebs": {"volume_size": str(gib)}},
        ],
    }
    return cloud


def volume(cloud):
    """Size, type and key of every root volume."""
    keys = ("volumeSize", "volumeType", "kmsKeyId")
    (found,) = {
        tuple(item["rootBlockDevice"].get(key) for key in keys)
        for item in cloud.inputs("Instance").values()
    }
    return found


@pytest.mark.parametrize(
    ("settings", "image", "wanted"),
    [
        ({}, 8, (None, "gp3", None)),
        ({"kubernetes": "kubeadm"}, 8, (20, "gp3", None)),
        ({"kubernetes": "kubeadm"}, 30, (30, "gp3", None)),
        ({"kubernetes": "kubeadm", "imageId": "ami-0a1b2c3d"}, 40, (40, "gp3", None)),
        ({"rootVolume": '{"size": 8, "type": "gp2"}'}, 8, (8, "gp2", None)),
        ({"rootVolume": '{"size": 9, "kmsKeyId": "alias/mine"}'}, 8, (9, "gp3", "alias/mine")),
    ],
    ids=["default", "cluster", "large image", "own large image", "as small as it", "key"],
)
def test_a_root_volume_has_what_is_asked_and_never_less_than_its_image(
    cloud, settings, image, wanted
):
    given = {"instanceType": "t3.medium", **settings}
    sized(cloud, image).has_cluster(2).deploy(**given)

    assert volume(cloud) == wanted


@pytest.mark.parametrize("own", [{}, {"imageId": "ami-0a1b2c3d"}], ids=["of Debian", "own"])
def test_a_root_volume_below_its_image_is_refused_before_anything_is_registered(cloud, own):
    with pytest.raises(pulumi.RunError, match=r"has 7 GiB, and image ami-\w+ 8: EC2 launches no"):
        sized(cloud, 8).deploy(rootVolume='{"size": 7}', **own)

    assert cloud.resources == []


@pytest.mark.parametrize(
    ("platform", "is_refused"),
    [
        ("Linux/UNIX", False),
        ("Ubuntu Pro", False),
        ("", False),
        ("Red Hat Enterprise Linux with HA", True),
        ("SUSE Linux", True),
        ("Windows BYOL", True),
    ],
)
def test_an_image_that_ec2_says_to_be_of_another_system_is_refused(cloud, platform, is_refused):
    cloud.answers[cloud.IMAGE] = {"id": IMAGE, "platformDetails": platform}

    if not is_refused:
        cloud.deploy(imageId=IMAGE)
        return
    with pytest.raises(pulumi.RunError, match=f"podnet:imageId {IMAGE} is an image of {platform}"):
        cloud.deploy(imageId=IMAGE)
    assert cloud.resources == []


def test_an_image_of_the_settings_is_taken_where_no_look_up_finds_it(cloud):
    def refuse(_):
        raise Refused

    cloud.answers[cloud.IMAGE] = refuse
    cloud.deploy(imageId=IMAGE)

    assert {item["ami"] for item in cloud.inputs("Instance").values()} == {IMAGE}


def test_further_policies_are_attached_to_every_role_of_nodes(cloud):
    cloud.has_cluster(2).deploy(
        kubernetes="kubeadm", sessionManager="false", extraPolicies=f'["{OWN}"]'
    )

    assert {
        (name, item["role"], item["policyArn"])
        for name, item in cloud.inputs("RolePolicyAttachment").items()
    } == {
        (f"{role}-extra-team-own", cloud.names["Role", role], OWN)
        for role in ("nodes", "nodes-control-plane")
    }


def test_nodes_are_in_further_groups_beside_their_own(cloud):
    cloud.deploy(extraSecurityGroups='["sg-0123456789abcdef0"]')

    assert [item["vpcSecurityGroupIds"] for item in cloud.inputs("Instance").values()] == [
        ["firewall-id", "sg-0123456789abcdef0"]
    ] * 2


def test_without_session_manager_the_role_can_read_the_release_and_say_what_it_applied(cloud):
    cloud.deploy(sessionManager="false")

    assert not cloud.of("RolePolicyAttachment")
    policies = cloud.inputs("RolePolicy")
    assert set(policies) == {"nodes-files", "nodes-acknowledgements"}
    (statement,) = json.loads(policies["nodes-files"]["policy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "ssm:GetParameter",
        "Resource": [
            f"arn:aws:ssm:here:1:parameter{item['name']}"
            for name, item in cloud.inputs("Parameter").items()
            if name.startswith("release")
        ],
    }
