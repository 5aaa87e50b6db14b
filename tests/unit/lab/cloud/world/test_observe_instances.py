from ipaddress import IPv4Address

from tests.unit.lab.cloud.world.conftest import eni_of, only, seen, table_of


def test_an_instance_is_seen_with_its_interface(stack, ec2):
    node = stack.node(
        MetadataOptions={
            "HttpTokens": "required",
            "HttpPutResponseHopLimit": 2,
            "InstanceMetadataTags": "enabled",
            "HttpEndpoint": "enabled",
        },
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": "podnet:node", "Value": "node-1"}]}
        ],
    )
    world = seen(ec2)
    instance, eni = only(world.instances), only(world.enis)

    assert (instance.id, instance.state, instance.eni_ids) == (
        node["InstanceId"],
        "running",
        (eni.id,),
    )
    assert (
        instance.hop_limit,
        instance.tokens_required,
        instance.metadata_enabled,
        instance.metadata_tags,
    ) == (2, True, True, True)
    assert (instance.tags, instance.image_id, instance.instance_type) == (
        {"podnet:node": "node-1"},
        "ami-12345678",
        "t3.small",
    )
    assert (eni.address, eni.group_ids, eni.subnet_id, eni.vpc_id, eni.instance_id) == (
        IPv4Address("192.168.1.11"),
        (stack.group,),
        stack.subnet,
        stack.vpc,
        instance.id,
    )
    shown = only(ec2.describe_network_interfaces()["NetworkInterfaces"])
    assert (eni.mac, str(eni.public_address)) == (
        shown["MacAddress"],
        shown["Association"]["PublicIp"],
    )


def test_an_instance_is_seen_with_its_placement_launch_and_names(stack, ec2):
    node = stack.node()
    shown = only(ec2.describe_instances()["Reservations"])
    instance = only(seen(ec2).instances)

    assert (instance.region, instance.zone) == (
        "eu-central-1",
        node["Placement"]["AvailabilityZone"],
    )
    assert (instance.account, instance.reservation_id) == (
        shown["OwnerId"],
        shown["ReservationId"],
    )
    assert (instance.launched, instance.private_name) == (
        f"{node['LaunchTime']:%Y-%m-%dT%H:%M:%SZ}",
        "ip-192-168-1-11.eu-central-1.compute.internal",
    )


def test_the_role_in_an_instances_profile_is_seen_until_it_leaves_the_profile(stack, ec2, iam):
    iam.create_role(RoleName="seen", AssumeRolePolicyDocument="{}")
    iam.create_instance_profile(InstanceProfileName="seen")
    iam.add_role_to_instance_profile(InstanceProfileName="seen", RoleName="seen")
    profile = stack.node(IamInstanceProfile={"Name": "seen"})["IamInstanceProfile"]
    before = only(seen(ec2, iam).instances)
    iam.remove_role_from_instance_profile(InstanceProfileName="seen", RoleName="seen")

    assert (before.profile_arn, before.profile_id, before.role) == (
        profile["Arn"],
        profile["Id"],
        "seen",
    )
    assert only(seen(ec2, iam).instances).role is None


def test_the_instances_of_a_vpc_are_found_with_their_interfaces_until_they_are_gone(stack, ec2):
    node = stack.node()
    ec2.create_network_interface(SubnetId=stack.subnet)
    before = seen(ec2)
    ec2.terminate_instances(InstanceIds=[node["InstanceId"]])

    assert [(instance.id, eni.id) for instance, eni in before.attached(stack.vpc)] == [
        (node["InstanceId"], eni_of(node))
    ]
    assert list(before.attached("vpc-other")) == []
    assert list(seen(ec2).attached(stack.vpc)) == []


def test_metadata_defaults_are_those_of_the_api(stack, ec2):
    stack.node(MetadataOptions={"HttpEndpoint": "disabled"})
    instance = only(seen(ec2).instances)

    assert (
        instance.tokens_required,
        instance.hop_limit,
        instance.metadata_enabled,
        instance.metadata_tags,
    ) == (False, 1, False, False)


def test_an_instances_check_counts_although_its_interface_does_not_follow(stack, ec2):
    node = stack.node()
    assert only(seen(ec2).enis).source_dest_check
    ec2.modify_instance_attribute(InstanceId=node["InstanceId"], SourceDestCheck={"Value": False})
    shown = only(ec2.describe_network_interfaces()["NetworkInterfaces"])

    assert shown["SourceDestCheck"], "moto follows the instance now: drop the work-around"
    assert not only(seen(ec2).enis).source_dest_check


def test_a_terminated_instance_has_no_interface_and_its_routes_are_blackholes(stack, ec2):
    gone, stays = stack.node(), stack.node("192.168.1.12")
    stack.route("10.1.1.0/24", NetworkInterfaceId=eni_of(gone))
    stack.route("10.1.2.0/24", InstanceId=gone["InstanceId"])
    stack.route("10.1.3.0/24", NetworkInterfaceId=eni_of(stays))
    ec2.terminate_instances(InstanceIds=[gone["InstanceId"]])
    world = seen(ec2)
    ids = {eni.id for eni in world.enis}

    assert ids == {eni_of(stays)}
    assert {instance.id: instance.state for instance in world.instances} == {
        gone["InstanceId"]: "terminated",
        stays["InstanceId"]: "running",
    }
    assert [route.target in ids for route in table_of(world, stack).routes] == [False, False, True]


def test_a_stopped_instance_keeps_its_interface_and_routes(stack, ec2):
    node = stack.node()
    stack.route("10.1.1.0/24", NetworkInterfaceId=eni_of(node))
    ec2.stop_instances(InstanceIds=[node["InstanceId"]])
    world = seen(ec2)

    assert only(world.instances).state == "stopped"
    assert only(table_of(world, stack).routes).target == only(world.enis).id
