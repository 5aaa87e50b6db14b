"""The API deletes nothing that something else needs."""

from __future__ import annotations

from tests.unit.lab.cloud.api.test_refusals import interface_of, refused


def test_a_resource_in_use_is_not_deleted(ec2, network, launch):
    group = ec2.create_security_group(GroupName="used", Description="used", VpcId=network.vpc)[
        "GroupId"
    ]
    instance = launch()
    eni = interface_of(instance)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[group])

    with refused("DependencyViolation", network.subnet):
        ec2.delete_subnet(SubnetId=network.subnet)
    with refused("DependencyViolation", group):
        ec2.delete_security_group(GroupId=group)
    with refused("InvalidParameterValue", "currently in use"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.delete_security_group(GroupId=group)
    ec2.delete_subnet(SubnetId=network.subnet)


def test_a_group_that_another_one_names_is_not_deleted(ec2, network):
    named, naming = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=network.vpc)["GroupId"]
        for name in ("named", "naming")
    )
    ec2.authorize_security_group_ingress(
        GroupId=naming,
        IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": named}]}],
    )

    with refused("DependencyViolation", named):
        ec2.delete_security_group(GroupId=named)


def test_the_default_group_and_the_main_table_go_with_the_vpc_only(ec2, network):
    filters = [{"Name": "vpc-id", "Values": [network.vpc]}]
    group = ec2.describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"]
    main = next(
        table["RouteTableId"]
        for table in ec2.describe_route_tables(Filters=filters)["RouteTables"]
        if any(association["Main"] for association in table["Associations"])
    )

    with refused("CannotDelete", group):
        ec2.delete_security_group(GroupId=group)
    with refused("DependencyViolation", main):
        ec2.delete_route_table(RouteTableId=main)


def test_a_vpc_with_a_gateway_or_a_group_is_not_deleted(ec2):
    vpc = ec2.create_vpc(CidrBlock="172.22.0.0/24")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    with refused("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    group = ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    with refused("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_security_group(GroupId=group)

    ec2.delete_vpc(VpcId=vpc)


def test_a_gateway_stays_while_an_interface_has_a_public_address(ec2, network, launch):
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    instance = launch(
        NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": network.subnet, "AssociatePublicIpAddress": True}
        ]
    )

    with refused("DependencyViolation", "public address"):
        ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=network.vpc)


def test_a_role_takes_the_session_manager_policy_and_is_kept_while_in_use(iam):
    iam.create_role(RoleName="node", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(
        RoleName="node", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    )
    iam.create_instance_profile(InstanceProfileName="node")
    iam.add_role_to_instance_profile(InstanceProfileName="node", RoleName="node")

    with refused("DeleteConflict"):
        iam.delete_role(RoleName="node")
    with refused("DeleteConflict"):
        iam.delete_instance_profile(InstanceProfileName="node")
