import pytest

from podnet.lab.cloud.world.observe import observe
from podnet.lab.cloud.world.unsupported import UnmodelledError
from tests.network_acls import deny_http
from tests.refusals import refused


def nat_gateway(stack):
    answer = stack.ec2.create_nat_gateway(SubnetId=stack.subnet, ConnectivityType="private")
    return answer["NatGateway"]["NatGatewayId"]


def peering(stack):
    other = stack.ec2.create_vpc(CidrBlock="192.168.2.0/24")["Vpc"]["VpcId"]
    answer = stack.ec2.create_vpc_peering_connection(VpcId=stack.vpc, PeerVpcId=other)
    return answer["VpcPeeringConnection"]["VpcPeeringConnectionId"]


def endpoint(stack):
    answer = stack.ec2.create_vpc_endpoint(
        VpcId=stack.vpc, ServiceName="com.amazonaws.eu-central-1.s3"
    )
    return answer["VpcEndpoint"]["VpcEndpointId"]


def vpn_gateway(stack):
    return stack.ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]


def transit_gateway(stack):
    gateway = stack.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    answer = stack.ec2.create_transit_gateway_vpc_attachment(
        TransitGatewayId=gateway, VpcId=stack.vpc, SubnetIds=[stack.subnet]
    )
    return answer["TransitGatewayVpcAttachment"]["TransitGatewayAttachmentId"]


def egress_only_gateway(stack):
    answer = stack.ec2.create_egress_only_internet_gateway(VpcId=stack.vpc)
    return answer["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]


def network_acl(stack):
    return deny_http(stack.ec2, stack.vpc)


def ipv6_vpc(stack):
    answer = stack.ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    return answer["Vpc"]["VpcId"]


def dhcp_options(stack):
    options = stack.ec2.create_dhcp_options(
        DhcpConfigurations=[{"Key": "domain-name", "Values": ["example.com"]}]
    )["DhcpOptions"]["DhcpOptionsId"]
    stack.ec2.associate_dhcp_options(DhcpOptionsId=options, VpcId=stack.vpc)
    return stack.vpc


def secondary_address(stack):
    eni = stack.ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    stack.ec2.assign_private_ip_addresses(
        NetworkInterfaceId=eni["NetworkInterfaceId"], SecondaryPrivateIpAddressCount=1
    )
    return eni["NetworkInterfaceId"]


def second_interface(stack):
    node = stack.node()["InstanceId"]
    # moto may draw an address that is in use.
    eni = stack.ec2.create_network_interface(
        SubnetId=stack.subnet, PrivateIpAddress="192.168.1.30"
    )["NetworkInterface"]
    stack.ec2.attach_network_interface(
        NetworkInterfaceId=eni["NetworkInterfaceId"], InstanceId=node, DeviceIndex=1
    )
    return node


def same_address_twice(stack):
    for _ in range(2):
        eni = stack.ec2.create_network_interface(
            SubnetId=stack.subnet, PrivateIpAddress="192.168.1.20"
        )["NetworkInterface"]
    assert eni
    return "192.168.1.20"


def ipv6_rule(stack):
    stack.ec2.authorize_security_group_ingress(
        GroupId=stack.group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/32"}],
            }
        ],
    )
    return stack.group


def prefix_list_rule(stack):
    prefix_list = stack.ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    stack.ec2.authorize_security_group_egress(
        GroupId=stack.group,
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 443,
                "ToPort": 443,
                "PrefixListIds": [{"PrefixListId": prefix_list}],
            }
        ],
    )
    return stack.group


def icmpv6_rule(stack):
    stack.ec2.authorize_security_group_ingress(
        GroupId=stack.group,
        IpPermissions=[
            {
                "IpProtocol": "icmpv6",
                "FromPort": -1,
                "ToPort": -1,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    return stack.group


def ipv6_route(stack):
    stack.ec2.create_route(
        RouteTableId=stack.table, DestinationIpv6CidrBlock="::/0", GatewayId=stack.gateway
    )
    return stack.table


def route_inside_the_range(stack):
    eni = stack.ec2.create_network_interface(SubnetId=stack.subnet)["NetworkInterface"]
    stack.route("192.168.1.128/25", NetworkInterfaceId=eni["NetworkInterfaceId"])
    return stack.table


MAKERS = [
    nat_gateway,
    peering,
    endpoint,
    vpn_gateway,
    transit_gateway,
    egress_only_gateway,
    network_acl,
    ipv6_vpc,
    dhcp_options,
    secondary_address,
    second_interface,
    same_address_twice,
    ipv6_rule,
    prefix_list_rule,
    icmpv6_rule,
    ipv6_route,
    route_inside_the_range,
]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__.replace("_", " "))
def test_a_thing_that_is_not_modelled_is_refused_by_name(stack, make):
    observe(stack.ec2, iam=None)
    thing = make(stack)

    with refused("not-modelled", UnmodelledError) as caught:
        observe(stack.ec2, iam=None)
    assert thing in str(caught.value)


def test_a_deleted_nat_gateway_is_no_objection(stack):
    stack.ec2.delete_nat_gateway(NatGatewayId=nat_gateway(stack))

    assert observe(stack.ec2, iam=None)
