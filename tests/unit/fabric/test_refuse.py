import json
import re
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from lab import refuse
from lab.model import Eni, Unmodelled
from lab.observe import observe


def nat_gateway(stack):
    answer = stack.ec2.create_nat_gateway(SubnetId=stack.subnet, ConnectivityType="private")
    return answer["NatGateway"]["NatGatewayId"]


def peering(stack):
    other = stack.ec2.create_vpc(CidrBlock="192.168.2.0/24")["Vpc"]["VpcId"]
    answer = stack.ec2.create_vpc_peering_connection(VpcId=stack.vpc, PeerVpcId=other)
    return answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]


def endpoint(stack):
    answer = stack.ec2.create_vpc_endpoint(
        VpcId=stack.vpc, ServiceName="com.amazonaws.eu-central-1.s3")
    return answer["VpcEndpoint"]["VpcEndpointId"]


def vpn_gateway(stack):
    return stack.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]


def transit_gateway(stack):
    gateway = stack.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    answer = stack.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=stack.vpc, SubnetIds=[stack.subnet])
    return answer["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]


def egress_only_gateway(stack):
    answer = stack.ec2.create_egress_only_internet_gateway(VpcId=stack.vpc)
    return answer["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]


def network_acl(stack):
    acls = stack.ec2.describe_network_acls(
        Filters=[{"Name": "vpc-id", "Values": [stack.vpc]}])["NetworkAcls"]
    stack.ec2.create_network_acl_entry(
        NetworkAclId=acls[0]["NetworkAclId"], RuleNumber=50, Protocol="6", RuleAction="deny",
        Egress=False, CidrBlock="0.0.0.0/0", PortRange={"From": 80, "To": 80})
    return acls[0]["NetworkAclId"]


def second_range(stack):
    stack.ec2.associate_vpc_cidr_block(VpcId=stack.vpc, CidrBlock="192.168.2.0/24")
    return stack.vpc


def ipv6_vpc(stack):
    answer = stack.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    return answer["Vpc"]["VpcId"]


def dhcp_options(stack):
    options = stack.ec2.create_dhcp_options(DhcpConfigurations=[
        {"Key": "domain-name", "Values": ["example.com"]}])["DhcpOptions"]["DhcpOptionsId"]
    stack.ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=stack.vpc)
    return stack.vpc


def secondary_address(stack):
    eni = stack.ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    stack.ec2.assign_private_ip_addresses(
        NetworkInterfaceId=eni["NetworkInterfaceId"], SecondaryPrivateIpAddressCount=1)
    return eni["NetworkInterfaceId"]


def second_interface(stack):
    node = stack.node()["InstanceId"]
    eni = stack.ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    stack.ec2.attach_network_interface(
        NetworkInterfaceId=eni["NetworkInterfaceId"], InstanceId=node, DeviceIndex=1)
    return node


def same_address_twice(stack):
    for _ in range(2):
        eni = stack.ec2.create_network_interface(
            SubnetId=stack.subnet, PrivateIpAddress="192.168.1.20")["NetworkInterface"]
    assert eni
    return "192.168.1.20"


def ipv6_rule(stack):
    stack.ec2.authorize_security_group_ingress(GroupId=stack.group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22,
         "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}]}])
    return stack.group


def prefix_list_rule(stack):
    prefix_list = stack.ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    stack.ec2.authorize_security_group_egress(GroupId=stack.group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443,
         "PrefixListIds": [{"PrefixListId": prefix_list}]}])
    return stack.group


def icmpv6_rule(stack):
    stack.ec2.authorize_security_group_ingress(GroupId=stack.group, IpPermissions=[
        {"IpProtocol": "icmpv6", "FromPort": -1, "ToPort": -1,
         "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    return stack.group


def ipv6_route(stack):
    stack.ec2.create_route(RouteTableId=stack.table, DestinationIpv6CidrBlock="::/0",
                           GatewayId=stack.gateway)
    return stack.table


def route_inside_the_range(stack):
    eni = stack.ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    stack.route("192.168.1.128/25", NetworkInterfaceId=eni["NetworkInterfaceId"])
    return stack.table


MAKERS = [nat_gateway, peering, endpoint, vpn_gateway, transit_gateway, egress_only_gateway,
          network_acl, second_range, ipv6_vpc, dhcp_options, secondary_address, second_interface,
          same_address_twice, ipv6_rule, prefix_list_rule, icmpv6_rule, ipv6_route,
          route_inside_the_range]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__.replace("_", " "))
def test_what_is_not_modelled_is_refused_by_name(stack, make):
    observe(stack.ec2)
    thing = make(stack)

    with pytest.raises(Unmodelled, match=re.escape(thing)):
        observe(stack.ec2)


def test_a_deleted_nat_gateway_is_no_objection(stack):
    stack.ec2.delete_nat_gateway(NatGatewayId=nat_gateway(stack))

    assert observe(stack.ec2)


ROUTE = {"DestinationCidrBlock": "10.1.0.0/16", "State": "active", "Origin": "CreateRoute"}


@pytest.mark.parametrize("change", [
    {"NatGatewayId": "nat-1"}, {"TransitGatewayId": "tgw-1"}, {"VpcPeeringConnectionId": "pcx-1"},
    {"CarrierGatewayId": "cagw-1"}, {"LocalGatewayId": "lgw-1"}, {"CoreNetworkArn": "arn:1"},
    {"EgressOnlyInternetGatewayId": "eigw-1"}, {"GatewayId": "vgw-1"}, {"GatewayId": "vpce-1"},
    {"DestinationPrefixListId": "pl-1"}], ids=json.dumps)
def test_route_targets_and_destinations_that_are_not_modelled_are_refused(change):
    with pytest.raises(Unmodelled, match="rtb-1 .*" + re.escape(next(iter(change.values())))):
        refuse.route("rtb-1", ROUTE | change, None)


@pytest.mark.parametrize("row", [
    {"Associations": [{"Main": False, "GatewayId": "igw-1"}]},
    {"Associations": [], "PropagatingVgws": [{"GatewayId": "vgw-1"}]}], ids=["edge", "propagated"])
def test_route_tables_of_gateways_are_refused(row):
    with pytest.raises(Unmodelled, match="rtb-1"):
        refuse.route_table({"RouteTableId": "rtb-1"} | row)


@pytest.mark.parametrize("change", [
    {"InterfaceType": "lambda"}, {"Ipv6Addresses": [{}]}, {"Ipv6Prefixes": [{}]},
    {"Ipv4Prefixes": [{}]}, {"PrivateIpAddresses": [{}, {}]}], ids=json.dumps)
def test_interfaces_that_are_not_modelled_are_refused(change):
    refuse.eni({"NetworkInterfaceId": "eni-1", "InterfaceType": "interface"})

    with pytest.raises(Unmodelled, match="eni-1"):
        refuse.eni({"NetworkInterfaceId": "eni-1"} | change)


@pytest.mark.parametrize("field", ["address", "mac", "public_address"])
def test_two_interfaces_with_one_address_are_refused(field):
    one = Eni(id="eni-1", vpc_id="vpc-1", subnet_id="subnet-1", mac="02:00:00:00:00:01",
              address=IPv4Address("192.168.1.11"), public_address=IPv4Address("54.0.0.1"),
              source_dest_check=True, group_ids=(), instance_id=None)
    other = replace(one, id="eni-2", mac="02:00:00:00:00:02",
                    address=IPv4Address("192.168.1.12"), public_address=None)
    refuse.twins([one, other])

    with pytest.raises(Unmodelled, match=f"eni-2.*{getattr(one, field)}.*eni-1"):
        refuse.twins([one, replace(other, **{field: getattr(one, field)})])


def test_addresses_may_return_in_another_vpc():
    one = Eni(id="eni-1", vpc_id="vpc-1", subnet_id="subnet-1", mac="02:00:00:00:00:01",
              address=IPv4Address("192.168.1.11"), public_address=None,
              source_dest_check=True, group_ids=(), instance_id=None)
    refuse.twins([one, replace(one, id="eni-2", vpc_id="vpc-2")])


def test_a_subnet_with_ipv6_is_refused():
    refuse.subnet({"SubnetId": "subnet-1"})

    with pytest.raises(Unmodelled, match="subnet-1"):
        refuse.subnet({"SubnetId": "subnet-1", "Ipv6Native": True})


def test_a_group_in_a_peered_vpc_is_refused():
    row = {"SecurityGroupRuleId": "sgr-1", "GroupId": "sg-1", "IpProtocol": "-1",
           "ReferencedGroupInfo": {"GroupId": "sg-2"}}
    refuse.security_rule(row)
    row["ReferencedGroupInfo"]["VpcPeeringConnectionId"] = "pcx-1"

    with pytest.raises(Unmodelled, match="sgr-1 of sg-1"):
        refuse.security_rule(row)


def test_the_vpcs_own_range_is_the_limit_of_a_route():
    refuse.route("rtb-1", ROUTE, IPv4Network("192.168.1.0/24"))
    refuse.route("rtb-1", ROUTE | {"DestinationCidrBlock": "0.0.0.0/0"}, IPv4Network("10.0.0.0/8"))

    with pytest.raises(Unmodelled, match="rtb-1"):
        refuse.route("rtb-1", ROUTE, IPv4Network("10.1.0.0/16"))
