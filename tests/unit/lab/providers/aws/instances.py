"""An instance, what may change in it, and what makes it another instance."""

from __future__ import annotations

from typing import Any

from tests.unit.lab.providers.aws.world import OTHER_TAGS, TAGS, World

INSTANCE = "aws:ec2/instance:Instance"
OUTPUTS = frozenset(
    {
        "arn",
        "primaryNetworkInterfaceId",
        "publicIp",
        "privateDns",
        "availabilityZone",
        "instanceState",
        "tagsAll",
    }
)


def instance(w: World, address: str) -> dict[str, Any]:
    """The inputs of an instance as the program makes it."""
    return {
        "ami": w.image,
        "instanceType": "t3.small",
        "subnetId": w.subnet.id,
        "privateIp": address,
        "vpcSecurityGroupIds": [w.group.id],
        "associatePublicIpAddress": True,
        "sourceDestCheck": False,
        "disableApiTermination": False,
        "userData": "#cloud-config\n{}\n",
        "userDataReplaceOnChange": True,
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "enabled",
        },
        "rootBlockDevice": {"volumeType": "gp3", "encrypted": True, "tags": TAGS},
        "tags": TAGS,
    }


def updates(w: World) -> dict[str, Any]:
    """Changes that leave it in place."""
    return {
        "tags": OTHER_TAGS,
        "instanceType": "t3.large",
        "sourceDestCheck": True,
        "vpcSecurityGroupIds": [w.other_group.id],
        "rootBlockDevice": {
            "volumeType": "gp3",
            "encrypted": True,
            "volumeSize": 20,
            "tags": OTHER_TAGS,
        },
        "metadataOptions": {
            "httpTokens": "required",
            "httpPutResponseHopLimit": 2,
            "instanceMetadataTags": "enabled",
        },
        "userDataReplaceOnChange": False,
    }


def replaces(w: World) -> dict[str, Any]:
    """Changes that make another of it."""
    return {
        "ami": "ami-other",
        "subnetId": w.other_subnet.id,
        "keyName": "other",
        "privateIp": "192.168.1.21",
        "associatePublicIpAddress": False,
        "userData": "#cloud-config\n{other: true}\n",
        "rootBlockDevice": {"volumeType": "gp3", "encrypted": False},
    }
