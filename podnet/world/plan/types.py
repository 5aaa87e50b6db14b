"""Types of the resources of a plan: those that are read, and what becomes of the others."""

from __future__ import annotations

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
GATEWAY = "aws:ec2/internetGateway:InternetGateway"
TABLE = "aws:ec2/routeTable:RouteTable"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INSTANCE = "aws:ec2/instance:Instance"
KINDS = {
    VPC: "VPC ",
    SUBNET: "subnet ",
    GATEWAY: "internet gateway ",
    TABLE: "route table ",
    GROUP: "security group ",
    DEFAULT_GROUP: "default security group ",
    INGRESS: "ingress rule ",
    EGRESS: "egress rule ",
    INSTANCE: "",
}
"""What stands before the name of a resource where it serves as its id."""
RANGE = "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ROUTE = "aws:ec2/route:Route"
EXCLUSIVE = "aws:ec2/vpcSecurityGroupRulesExclusive:VpcSecurityGroupRulesExclusive"
TAG = "aws:ec2/tag:Tag"
READ = frozenset({*KINDS, RANGE, ASSOCIATION, ROUTE, EXCLUSIVE, TAG})
HARMLESS = frozenset(
    f"aws:ec2/{name}"
    for name in (
        "ami:Ami",
        "flowLog:FlowLog",
        "keyPair:KeyPair",
        "placementGroup:PlacementGroup",
        "subnetCidrReservation:SubnetCidrReservation",
        "vpcDhcpOptions:VpcDhcpOptions",
        "vpcDhcpOptionsAssociation:VpcDhcpOptionsAssociation",
    )
)
"""Resources of EC2 that let no packet pass and drop none."""
NETWORKS = (
    "aws:directconnect/",
    "aws:ec2/",
    "aws:ec2clientvpn/",
    "aws:ec2transitgateway/",
    "aws:networkfirewall/",
    "aws:networkmanager/",
    "aws:vpc/",
    "aws:vpclattice/",
    "aws:vpn/",
)
"""How the types begin that may change what becomes of packets; those not read are named."""

ONLY_BY_ROUTES = frozenset(
    f"aws:ec2/{name}"
    for name in (
        "egressOnlyInternetGateway:EgressOnlyInternetGateway",
        "natGateway:NatGateway",
        "vpcPeeringConnection:VpcPeeringConnection",
        "vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        "vpcPeeringConnectionOptions:VpcPeeringConnectionOptions",
    )
)
"""Resources of networks that get no packet of the VPC unless a route leads to them."""
ACLS = "aws:ec2/networkAcl", "aws:ec2/defaultNetworkAcl"
