"""The VPC, its subnets and its gateway."""

from __future__ import annotations

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from podnet.lab.providers.aws.base import Attempt
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.aws.session import error_code, gone_is_fine
from podnet.lab.providers.protocol import ProviderError, Values

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

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt
        made = self.ec2.create_vpc(
            CidrBlock=inputs["cidrBlock"],
            InstanceTenancy=inputs["instanceTenancy"],
            **self.tagging(inputs),
        )
        return str(made["Vpc"]["VpcId"])

    def describe(self, id_: str, known: Values) -> Values | None:
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

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        for name in self._attributes:  # the API takes one at a time
            if name in inputs and inputs[name] != live[name]:
                self.ec2.modify_vpc_attribute(
                    VpcId=id_, **{_capital(name): {"Value": inputs[name]}}
                )
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
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

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt
        zone = inputs.get("availabilityZone")
        made = self.ec2.create_subnet(
            VpcId=inputs["vpcId"],
            CidrBlock=inputs["cidrBlock"],
            **self.tagging(inputs),
            **({"AvailabilityZone": zone} if zone else {}),
        )
        return str(made["Subnet"]["SubnetId"])

    def describe(self, id_: str, known: Values) -> Values | None:
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

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        wanted = inputs["mapPublicIpOnLaunch"]
        if wanted != live["mapPublicIpOnLaunch"]:
            self.ec2.modify_subnet_attribute(SubnetId=id_, MapPublicIpOnLaunch={"Value": wanted})
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
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

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt
        made = self.ec2.create_internet_gateway(**self.tagging(inputs))
        return str(made["InternetGateway"]["InternetGatewayId"])

    def describe(self, id_: str, known: Values) -> Values | None:
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

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        wanted = inputs.get("vpcId")
        if live["vpcId"] and live["vpcId"] != wanted:
            self._detach(id_, live["vpcId"])
        if wanted and live["vpcId"] != wanted:
            self.ec2.attach_internet_gateway(InternetGatewayId=id_, VpcId=wanted)
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        live = self.describe(id_, known)
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
    schema = Schema(
        required={"resourceId", "key", "value"},
        replaced_by={"resourceId", "key"},
        read_back={"value"},
    )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        del attempt  # a resource has one tag of a key
        self._put(inputs)
        return f"{inputs['resourceId']},{inputs['key']}"

    def created(self, id_: str, inputs: Values) -> Values:
        """Read back once: what EC2 does not show yet is an error, and the tag is there anyway."""
        return self._read_once(id_, inputs)

    def update(self, id_: str, known: Values, inputs: Values) -> Values:
        """Write, and read back once: a value that EC2 still shows is what gets recorded."""
        del known
        self._put(inputs)
        return self._read_once(id_, inputs)

    def _put(self, inputs: Values) -> None:
        self.ec2.create_tags(
            Resources=[inputs["resourceId"]],
            Tags=[{"Key": inputs["key"], "Value": inputs["value"]}],
        )

    def _read_once(self, id_: str, inputs: Values) -> Values:
        live = self.describe(id_, inputs)
        if live is None:
            resource, _, key = id_.partition(",")
            raise ProviderError(
                f"reading EC2 resource ({resource}) tag ({key}): empty result",
                rule="aws-tag-empty-result",
            )
        return self._outputs(inputs, live)

    def describe(self, id_: str, known: Values) -> Values | None:
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

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        resource, _, key = id_.partition(",")
        self.ec2.delete_tags(Resources=[resource], Tags=[{"Key": key}])


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
