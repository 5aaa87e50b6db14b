"""What a launch may meet on AWS: no capacity, an address that is taken, too small a volume."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from podnet.lab.clients import DEPLOYER
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from tests.unit.lab.cloud.conftest import REGION


@pytest.fixture
def refused_launch(endpoint, image, network):
    """The error of a launch at this address under a fault."""
    theirs = boto3.client(
        "ec2",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=DEPLOYER,
        aws_secret_access_key="lab",
        config=Config(retries={"total_max_attempts": 1}),
    )

    def launch(fault: str, address: str) -> tuple[str, str]:
        control.change(endpoint, Settings.of([fault]))
        interface = {
            "DeviceIndex": 0,
            "SubnetId": network.subnet,
            "PrivateIpAddress": address,
        }
        with pytest.raises(ClientError) as caught:
            theirs.run_instances(
                ImageId=image,
                InstanceType="t3.small",
                MinCount=1,
                MaxCount=1,
                NetworkInterfaces=[interface],
            )
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    yield launch
    control.change(endpoint, Settings())


def test_without_capacity_a_launch_is_refused_with_the_zone(refused_launch):
    code, message = refused_launch("no-capacity=always", "172.20.4.11")

    assert code == "InsufficientInstanceCapacity"
    assert "sufficient t3.small capacity in the Availability Zone you requested (eu-" in message


def test_an_address_is_taken_by_an_interface_of_somebody_else(refused_launch, ec2, network):
    code, _ = refused_launch("address-taken=first", "172.20.4.12")
    there = ec2.describe_network_interfaces(
        Filters=[{"Name": "subnet-id", "Values": [network.subnet]}]
    )["NetworkInterfaces"]

    assert code == "InvalidIPAddress.InUse"
    assert [(one["PrivateIpAddress"], one["Description"]) for one in there] == [
        ("172.20.4.12", "Somebody else's")
    ]


def volumes(ec2, instance):
    """Size, type and key of the volumes of an instance."""
    own = [{"Name": "attachment.instance-id", "Values": [instance["InstanceId"]]}]
    found = ec2.describe_volumes(Filters=own)["Volumes"]
    return [(each["Size"], each["VolumeType"], each.get("KmsKeyId")) for each in found]


def mapped(**volume):
    """The root volume in a launch."""
    return {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": volume}]}


@pytest.mark.parametrize(
    ("volume", "wanted"),
    [
        ({"VolumeSize": 8, "VolumeType": "gp3"}, (8, "gp3", None)),
        ({"VolumeType": "gp3"}, (8, "gp3", None)),
        (
            {"VolumeSize": 30, "VolumeType": "gp2", "Encrypted": True, "KmsKeyId": "alias/aws/ebs"},
            (30, "gp2", "alias/aws/ebs"),
        ),
    ],
    ids=["as large as the image", "of the image", "larger"],
)
def test_a_root_volume_is_as_it_is_asked_for(ec2, launch, volume, wanted):
    assert volumes(ec2, launch(**mapped(**volume))) == [wanted]


@pytest.fixture
def key(endpoint):
    """The id, ARN and alias of a key that exists."""
    kms = boto3.client(
        "kms",
        region_name=REGION,
        endpoint_url=endpoint,
        aws_access_key_id=DEPLOYER,
        aws_secret_access_key="lab",
    )
    made = kms.create_key()["KeyMetadata"]
    alias = f"alias/{made['KeyId']}"
    kms.create_alias(AliasName=alias, TargetKeyId=made["KeyId"])
    return {"id": made["KeyId"], "arn": made["Arn"], "alias": alias}


@pytest.fixture
def encrypted(ec2, launch):
    """Launch with a key for the root volume, and describe the instance that comes of it."""

    def run(key):
        launched = launch(**mapped(VolumeSize=8, Encrypted=True, KmsKeyId=key))
        found = ec2.describe_instances(InstanceIds=[launched["InstanceId"]])
        return found["Reservations"][0]["Instances"][0]

    return run


@pytest.mark.parametrize("form", ["id", "arn", "alias"])
def test_a_launch_with_a_key_that_exists_runs(encrypted, key, form):
    launched = encrypted(key[form])

    assert launched["State"]["Name"] == "running"


@pytest.mark.parametrize(
    "name", ["alias/nobodys", "0123", f"arn:aws:kms:{REGION}:123456789012:key/0123"]
)
def test_a_launch_with_an_unknown_key_ends_with_the_reason(encrypted, key, name):
    launched = encrypted(name)

    assert launched["State"]["Name"] == "terminated"
    assert launched["StateReason"] == {
        "Code": "Client.InvalidKMSKey.InvalidState",
        "Message": "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect "
        "state",
    }


def test_a_root_volume_below_its_image_is_refused_as_aws_words_it(ec2, image, launch):
    described = ec2.describe_images(ImageIds=[image])["Images"][0]["BlockDeviceMappings"]
    snapshot = described[0]["Ebs"]["SnapshotId"]

    with pytest.raises(ClientError) as caught:
        launch(**mapped(VolumeSize=7))

    assert caught.value.response["Error"] == {
        "Code": "InvalidBlockDeviceMapping",
        "Message": f"Volume of size 7GB is smaller than snapshot '{snapshot}', expect size >= 8GB",
    }


def test_further_volumes_may_have_any_size(ec2, launch):
    further = {"DeviceName": "/dev/sdb", "Ebs": {"VolumeSize": 1, "VolumeType": "gp3"}}

    assert (1, "gp3", None) in volumes(ec2, launch(BlockDeviceMappings=[further]))
