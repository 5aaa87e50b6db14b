from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network

from lab.cloud.facts import Facts, merge, read


def test_facts_tell_an_instance_as_the_api_does(ec2, iam, image, network):
    iam.create_role(RoleName="facts", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="facts-profile")
    iam.add_role_to_instance_profile(InstanceProfileName="facts-profile", RoleName="facts")
    made = ec2.run_instances(
        ImageId=image,
        MinCount=1,
        MaxCount=1,
        InstanceType="t3.small",
        IamInstanceProfile={"Name": "facts-profile"},
        MetadataOptions={
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 2,
            "InstanceMetadataTags": "enabled",
        },
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": network.subnet,
                "PrivateIpAddress": "172.20.4.11",
                "AssociatePublicIpAddress": True,
            }
        ],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "a", "Value": "b"}]}],
    )["Instances"][0]
    facts = read(ec2, iam)
    instance = facts.instances[made["InstanceId"]]
    interface = instance.interfaces[0]

    assert (
        instance.tokens_required,
        instance.hop_limit,
        instance.tags_enabled,
        instance.role,
        instance.tags,
        instance.region,
    ) == (True, 2, True, "facts", {"a": "b"}, "eu-central-1")
    assert (interface.address, interface.subnet, interface.vpc, interface.device) == (
        IPv4Address("172.20.4.11"),
        IPv4Network(network.cidr),
        IPv4Network(network.cidr),
        0,
    )
    assert interface.public_address is not None
    assert facts.at(network.vpc, IPv4Address("172.20.4.11")) == instance
    assert facts.at("vpc-other", IPv4Address("172.20.4.11")) is None

    ec2.terminate_instances(InstanceIds=[instance.id])
    assert instance.id not in read(ec2, iam).instances


def test_facts_of_regions_are_laid_together(instance):
    one, two = (Facts(instances={name: instance(id=name)}) for name in ("i-1", "i-2"))

    assert set(merge([one, two]).instances) == {"i-1", "i-2"}
