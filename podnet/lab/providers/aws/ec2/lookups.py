"""Functions of the AWS provider that look up parts of a VPC."""

from __future__ import annotations

from podnet.lab.providers.aws.arguments import ids_that_fit, known
from podnet.lab.providers.aws.session import Session
from podnet.lab.providers.protocol import Values


def get_route_tables(session: Session, args: Values) -> Values:
    """The route tables that fit."""
    known("aws:ec2/getRouteTables:getRouteTables", args, {"filters", "tags", "vpcId"})
    vpc = [{"Name": "vpc-id", "Values": [args["vpcId"]]}] if args.get("vpcId") else []
    found = ids_that_fit(
        session, args, "describe_route_tables", "RouteTables", "RouteTableId", *vpc
    )
    return {**found, "vpcId": args.get("vpcId")}


def get_network_interfaces(session: Session, args: Values) -> Values:
    """The network interfaces that fit."""
    known("aws:ec2/getNetworkInterfaces:getNetworkInterfaces", args, {"filters", "tags"})
    return ids_that_fit(
        session, args, "describe_network_interfaces", "NetworkInterfaces", "NetworkInterfaceId"
    )


def get_network_interface(session: Session, args: Values) -> Values:
    """A network interface by its id; what does not apply is an empty list or text."""
    known("aws:ec2/getNetworkInterface:getNetworkInterface", args, {"id"})
    one = session.ec2.describe_network_interfaces(NetworkInterfaceIds=[args["id"]])[
        "NetworkInterfaces"
    ][0]
    attachment = one.get("Attachment") or {}
    return {
        "id": one["NetworkInterfaceId"],
        "region": session.region,
        "vpcId": one["VpcId"],
        "subnetId": one["SubnetId"],
        "availabilityZone": one.get("AvailabilityZone", ""),
        "description": one.get("Description", ""),
        "interfaceType": one.get("InterfaceType", ""),
        "macAddress": one["MacAddress"],
        "ownerId": one.get("OwnerId", ""),
        "privateIp": one["PrivateIpAddress"],
        "privateIps": [each["PrivateIpAddress"] for each in one["PrivateIpAddresses"]],
        "requesterId": one.get("RequesterId", ""),
        "securityGroups": [group["GroupId"] for group in one.get("Groups", [])],
        "attachments": [
            {
                "attachmentId": attachment.get("AttachmentId", ""),
                "deviceIndex": attachment.get("DeviceIndex", 0),
                "instanceId": attachment.get("InstanceId", ""),
                "instanceOwnerId": attachment.get("InstanceOwnerId", ""),
            }
        ]
        if attachment
        else [],
        "tags": session.read_tags(one.get("TagSet", [])),
    }


def get_route_table(session: Session, args: Values) -> Values:
    """A route table by its id, with its routes but for the one within the VPC."""
    known("aws:ec2/getRouteTable:getRouteTable", args, {"routeTableId"})
    table = session.ec2.describe_route_tables(RouteTableIds=[args["routeTableId"]])["RouteTables"][
        0
    ]
    return {
        "id": table["RouteTableId"],
        "routeTableId": table["RouteTableId"],
        "region": session.region,
        "vpcId": table["VpcId"],
        "ownerId": table["OwnerId"],
        "tags": session.read_tags(table.get("Tags", [])),
        "routes": [
            {
                "cidrBlock": route.get("DestinationCidrBlock", ""),
                **{name: route.get(key, "") for name, key in ROUTE_TARGETS.items()},
            }
            for route in table["Routes"]
            if route.get("GatewayId") != "local"
        ],
    }


ROUTE_TARGETS = {
    "gatewayId": "GatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "instanceId": "InstanceId",
    "natGatewayId": "NatGatewayId",
    "transitGatewayId": "TransitGatewayId",
    "vpcPeeringConnectionId": "VpcPeeringConnectionId",
    "coreNetworkArn": "CoreNetworkArn",
    "localGatewayId": "LocalGatewayId",
    "carrierGatewayId": "CarrierGatewayId",
    "vpcEndpointId": "VpcEndpointId",
}
"""Where a route may lead: names of the provider, and of the API."""


def get_security_group_rules(session: Session, args: Values) -> Values:
    """The rules of security groups that fit."""
    known("aws:vpc/getSecurityGroupRules:getSecurityGroupRules", args, {"filters", "tags"})
    found = ids_that_fit(
        session, args, "describe_security_group_rules", "SecurityGroupRules", "SecurityGroupRuleId"
    )
    # The one data source here that is of the plugin framework: an empty list is null, and absent
    # (terraform-provider-aws, internal/framework/flex/list.go).
    return {**found, "ids": found["ids"] or None}


def get_security_groups(session: Session, args: Values) -> Values:
    """The security groups that fit."""
    known("aws:ec2/getSecurityGroups:getSecurityGroups", args, {"filters", "tags"})
    return ids_that_fit(session, args, "describe_security_groups", "SecurityGroups", "GroupId")


def get_security_group_rule(session: Session, args: Values) -> Values:
    """A rule by its id; what does not apply is null, and so absent."""
    known("aws:vpc/getSecurityGroupRule:getSecurityGroupRule", args, {"securityGroupRuleId"})
    id_ = args["securityGroupRuleId"]
    rule = session.ec2.describe_security_group_rules(SecurityGroupRuleIds=[id_])[
        "SecurityGroupRules"
    ][0]
    return {
        "id": id_,
        "securityGroupRuleId": id_,
        "region": session.region,
        "arn": f"arn:{session.partition}:ec2:{session.region}:{rule.get('GroupOwnerId', '')}:"
        f"security-group-rule/{id_}",
        "securityGroupId": rule["GroupId"],
        "isEgress": rule["IsEgress"],
        "ipProtocol": rule["IpProtocol"],
        "fromPort": rule.get("FromPort"),
        "toPort": rule.get("ToPort"),
        "cidrIpv4": rule.get("CidrIpv4"),
        "cidrIpv6": rule.get("CidrIpv6"),
        "prefixListId": rule.get("PrefixListId"),
        "referencedSecurityGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId"),
        "description": rule.get("Description") or None,
        "tags": session.read_tags(rule.get("Tags", [])),
    }
