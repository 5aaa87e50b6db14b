"""The VPC, its subnets and its gateway."""

from __future__ import annotations

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from lab.aws.base import Ec2Resource, Schema
from lab.aws.session import error_code, gone_is_fine
from lab.engine.values import Values

IN_USE = frozenset({"DependencyViolation"})
"""Refused for a while after the last thing inside was deleted."""


class Vpc(Ec2Resource):
    """A VPC; its default route table and security group come with it."""

    type_ = "aws:ec2/vpc:Vpc"
    kind = "vpc"
    listing = ("describe_vpcs", "VpcIds", "Vpcs", "VpcId")
    schema = Schema(
        required={"cidrBlock"},
        optional={"enableDnsHostnames", "enableDnsSupport", "instanceTenancy", "tags"},
        defaults={"enableDnsSupport": True, "instanceTenancy": "default"},
        computed={"enableDnsHostnames"},
        replaced_by={"cidrBlock", "instanceTenancy"},
        networks={"cidrBlock"},
    )

    _attributes = ("enableDnsSupport", "enableDnsHostnames")

    def make(self, inputs: Values, token: str) -> str:
        made = self.ec2.create_vpc(
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs["instanceTenancy"],
            TagSpecifications=self.stamp(inputs, token),
        )
        return str(made["Vpc"]["VpcId"])

    def look(self, id_: str, known: Values) -> Values | None:
        del known
        vpc = self.fetch(id_)
        if vpc is None:
            return None
        live: Values = {
            "arn": self.arn(id_, vpc["OwnerId"]),
            "ownerId": vpc["OwnerId"],
            "cidrBlock": vpc["CidrBlock"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "dhcpOptionsId": vpc.get("DhcpOptionsId"),
            "tags": self.session.read_tags(vpc.get("Tags", [])),
            **self._defaults_of(id_),
        }
        for name in self._attributes:
            answer = self.ec2.describe_vpc_attribute(VpcId=id_, Attribute=name)
            live[name] = answer[_capital(name)]["Value"]
        return live

    def _defaults_of(self, id_: str) -> Values:
        own = {"Name": "vpc-id", "Values": [id_]}
        groups = self.ec2.describe_security_groups(
            Filters=[own, {"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"]
        tables = self.ec2.describe_route_tables(
            Filters=[own, {"Name": "association.main", "Values": ["true"]}]
        )["RouteTables"]
        lists = self.ec2.describe_network_acls(
            Filters=[own, {"Name": "default", "Values": ["true"]}]
        )["NetworkAcls"]
        table = tables[0]["RouteTableId"] if tables else None
        return {
            "defaultSecurityGroupId": groups[0]["GroupId"] if groups else None,
            "mainRouteTableId": table,
            "defaultRouteTableId": table,
            "defaultNetworkAclId": lists[0]["NetworkAclId"] if lists else None,
        }

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        for name in self._attributes:  # the API takes one at a time
            if name in inputs and inputs[name] != live[name]:
                self.ec2.modify_vpc_attribute(
                    VpcId=id_, **{_capital(name): {"Value": inputs[name]}}
                )
        self.retag(id_, inputs.get("tags"), live["tags"])

    def remove(self, id_: str, known: Values) -> None:
        del known
        self.session.patiently(IN_USE, lambda: self.ec2.delete_vpc(VpcId=id_))


class Subnet(Ec2Resource):
    """A subnet of a VPC in one zone."""

    type_ = "aws:ec2/subnet:Subnet"
    kind = "subnet"
    listing = ("describe_subnets", "SubnetIds", "Subnets", "SubnetId")
    schema = Schema(
        required={"vpcId", "cidrBlock"},
        optional={"availabilityZone", "mapPublicIpOnLaunch", "tags"},
        defaults={"mapPublicIpOnLaunch": False},
        computed={"availabilityZone"},
        replaced_by={"vpcId", "cidrBlock", "availabilityZone"},
        networks={"cidrBlock"},
    )

    def make(self, inputs: Values, token: str) -> str:
        zone = inputs.get("availabilityZone")
        made = self.ec2.create_subnet(
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            TagSpecifications=self.stamp(inputs, token),
            **({"AvailabilityZone": zone} if zone else {}),
        )
        return str(made["Subnet"]["SubnetId"])

    def look(self, id_: str, known: Values) -> Values | None:
        del known
        subnet = self.fetch(id_)
        return subnet and {
            "arn": subnet["SubnetArn"],
            "ownerId": subnet["OwnerId"],
            "vpcId": subnet["VpcId"],
            "cidrBlock": subnet["CidrBlock"],
            "availabilityZone": subnet["AvailabilityZone"],
            "availabilityZoneId": subnet["AvailabilityZoneId"],
            "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
            "tags": self.session.read_tags(subnet.get("Tags", [])),
        }

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        wanted = inputs["mapPublicIpOnLaunch"]
        if wanted != live["mapPublicIpOnLaunch"]:
            self.ec2.modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch={"Value": wanted})
        self.retag(id_, inputs.get("tags"), live["tags"])

    def remove(self, id_: str, known: Values) -> None:
        del known
        self.session.patiently(IN_USE, lambda: self.ec2.delete_subnet(SubnetId=id_))


class InternetGateway(Ec2Resource):
    """An internet gateway, attached to a VPC or to none."""

    type_ = "aws:ec2/internetGateway:InternetGateway"
    kind = "internet-gateway"
    listing = (
        "describe_internet_gateways",
        "InternetGatewayIds",
        "InternetGateways",
        "InternetGatewayId",
    )
    schema = Schema(optional={"vpcId", "tags"})

    def make(self, inputs: Values, token: str) -> str:
        made = self.ec2.create_internet_gateway(TagSpecifications=self.stamp(inputs, token))
        return str(made["InternetGateway"]["InternetGatewayId"])

    def look(self, id_: str, known: Values) -> Values | None:
        del known
        gateway = self.fetch(id_)
        if gateway is None:
            return None
        attached = [one["VpcId"] for one in gateway["Attachments"] if one["State"] != "detached"]
        return {
            "arn": self.arn(id_, gateway["OwnerId"]),
            "ownerId": gateway["OwnerId"],
            "vpcId": attached[0] if attached else None,
            "tags": self.session.read_tags(gateway.get("Tags", [])),
        }

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        wanted = inputs.get("vpcId")
        if live["vpcId"] and live["vpcId"] != wanted:
            self._detach(id_, live["vpcId"])
        if wanted and live["vpcId"] != wanted:
            self.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=wanted)
        self.retag(id_, inputs.get("tags"), live["tags"])

    def remove(self, id_: str, known: Values) -> None:
        live = self.look(id_, known)
        if live and live["vpcId"]:
            self._detach(id_, live["vpcId"])
        self.session.patiently(
            IN_USE, lambda: self.ec2.delete_internet_gateway(InternetGatewayId=id_)
        )

    def _detach(self, id_: str, vpc: str) -> None:
        # Refused as long as an address of the VPC is mapped to the internet.
        with gone_is_fine():
            try:
                self.session.patiently(
                    IN_USE,
                    lambda: self.ec2.detach_internet_gateway(InternetGatewayId=id_, VpcId=vpc),
                )
            except ClientError as error:
                if error_code(error) != "Gateway.NotAttached":
                    raise


class Tag(Ec2Resource):
    """One tag of a resource that something else manages."""

    type_ = "aws:ec2/tag:Tag"
    schema = Schema(required={"resourceId", "key", "value"}, replaced_by={"resourceId", "key"})

    def make(self, inputs: Values, token: str) -> str:
        del token  # a resource has one tag of a key
        self.ec2.create_tags(
            Resources=[inputs["resourceId"]],
            Tags=[{"Key": inputs["key"], "Value": inputs["value"]}],
        )
        return f"{inputs['resourceId']},{inputs['key']}"

    def seek(self, inputs: Values, token: str) -> str | None:
        del token
        id_ = f"{inputs['resourceId']},{inputs['key']}"
        return id_ if self.look(id_, inputs) else None

    def look(self, id_: str, known: Values) -> Values | None:
        del known
        resource, _, key = id_.partition(",")
        tags = self.ec2.describe_tags(
            Filters=[
                {"Name": "resource-id", "Values": [resource]},
                {"Name": "key", "Values": [key]},
            ]
        )
        return next(
            ({"resourceId": resource, "key": key, "value": tag["Value"]} for tag in tags["Tags"]),
            None,
        )

    def bring(self, id_: str, inputs: Values, live: Values) -> None:
        del id_
        if live["value"] != inputs["value"]:
            self.make(inputs, "")

    def remove(self, id_: str, known: Values) -> None:
        del known
        resource, _, key = id_.partition(",")
        self.ec2.delete_tags(Resources=[resource], Tags=[{"Key": key}])


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
