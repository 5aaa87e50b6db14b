"""What an account holds, and how AWS answers the look-ups of the program about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import grpc

IDENTITY = "organization/podnet/test"
"""The stack of the tests."""


class LookUp:
    """The functions by which the program looks up what is there."""

    ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
    PARTITION = "aws:index/getPartition:getPartition"
    TYPE = "aws:ec2/getInstanceType:getInstanceType"
    TYPES = "aws:ec2/getInstanceTypes:getInstanceTypes"
    OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
    IMAGE = "aws:ec2/getAmi:getAmi"
    QUOTA = "aws:servicequotas/getServiceQuota:getServiceQuota"
    VPCS = "aws:ec2/getVpcs:getVpcs"
    INSTANCES = "aws:ec2/getInstances:getInstances"
    TABLES = "aws:ec2/getRouteTables:getRouteTables"
    TABLE = "aws:ec2/getRouteTable:getRouteTable"
    INTERFACES = "aws:ec2/getNetworkInterfaces:getNetworkInterfaces"
    INTERFACE = "aws:ec2/getNetworkInterface:getNetworkInterface"
    GROUPS = "aws:ec2/getSecurityGroups:getSecurityGroups"
    RULE = "aws:vpc/getSecurityGroupRule:getSecurityGroupRule"
    RULES = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"
    PARAMETER = "aws:ssm/getParameter:getParameter"
    SAID = "aws:ssm/getParametersByPath:getParametersByPath"


TARGETS = {
    "eni": "networkInterfaceId",
    "igw": "gatewayId",
    "nat": "natGatewayId",
    "pcx": "vpcPeeringConnectionId",
    "tgw": "transitGatewayId",
    "vgw": "gatewayId",
}
"""How an answer names the target of a route, by the beginning of its id."""
BALANCER = {
    "securityGroupId": "sg-nodes",
    "isEgress": False,
    "ipProtocol": "tcp",
    "fromPort": 30000,
    "toPort": 32767,
    "referencedSecurityGroupId": "sg-balancer",
    "description": "elbv2.k8s.aws/targetGroupBinding=shared",
    "tags": {},
}
"""A rule that the controller of load balancers writes into the group of nodes."""


class Refused(grpc.RpcError):
    """A look-up that the provider could not answer, as the SDK hears of it."""

    def code(self):
        return grpc.StatusCode.UNKNOWN

    def details(self):
        return "AccessDeniedException"


GRAVITON = {"m7g.large", "t4g.small"}
"""The types of ARM, among those of the tests."""


def instance_type(args: Mapping[str, str]) -> dict[str, Any]:
    """A type on Nitro, large enough for a cluster."""
    name = args["instanceType"]
    return {
        "supportedArchitectures": ["arm64" if name in GRAVITON else "x86_64"],
        "hypervisor": "nitro",
        "defaultVcpus": 2,
        "memorySize": 4096,
    }


def types_of_size(args: Mapping[str, Any]) -> dict[str, Any]:
    """The types with so many vCPUs; those of the others that the tests mention have 2."""
    (wanted,) = args["filters"]
    assert wanted["name"] == "vcpu-info.default-vcpus"
    named = {"2": ["t3.small", "t3.nano", "m7g.large"], "4": ["c7i.xlarge", "g4dn.xlarge"]}
    return {"instanceTypes": named.get(wanted["values"][0], [])}


def has(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether these tags fit a filter of the API, in which a star stands for anything.

    A tag that is not there fits nothing.
    """
    return all(key in tags and fnmatchcase(tags[key], value) for key, value in wanted.items())


def without_empty_lists(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of a data source of the Terraform plugin framework, as the bridge hands it over.

    The framework makes null of an empty list, and the bridge leaves out what is null.
    """
    return {name: value for name, value in answer.items() if value != []}


@dataclass(frozen=True)
class Account(LookUp):
    """The instances, distinguished by address, image, type and tags, and what goes with them."""

    nodes: Sequence[Mapping[str, str]]
    settled: str | None = field(kw_only=True)
    """The tag of the VPC."""
    namesake: str | None = field(default=None, kw_only=True)
    """The tag of another VPC, of another stack with the same name."""
    identity: str = field(default=IDENTITY, kw_only=True)
    """Whose all of it is."""
    cidr: str = field(default="192.168.1.0/24", kw_only=True)
    """The range of the VPCs."""
    routes: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """The targets of the route table, by destination."""
    other_tables: Mapping[str, Mapping[str, str]] = field(default_factory=dict, kw_only=True)
    """The routes of the VPC's tables that are not the stack's, by the ids of the tables."""
    zone_of_table: str = field(default="a", kw_only=True)
    """The zone whose table the stack's one is."""
    gone: Collection[str] = field(default=(), kw_only=True)
    """The network interfaces that are deleted; of any other, routes may lead to it."""
    has_pod_routes: bool = field(default=True, kw_only=True)
    """Whether those to pods are, or may be, the stack's."""
    others: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """The instances of somebody else, by their address."""
    rules: Collection[str] = field(default=(), kw_only=True)
    """The titles of the firewall's rules."""
    unmanaged_rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, kw_only=True)
    """The rules of somebody else in the nodes' group, by their ids."""

    def answers(self) -> dict[str, Any]:
        """An answer, or a function of the arguments, by look-up."""
        vpcs = {"vpc-1": self.settled}
        if self.namesake:
            vpcs["vpc-2"] = self.namesake
        return {
            self.VPCS: lambda args: {
                "ids": [
                    vpc
                    for vpc, tag in vpcs.items()
                    if has(
                        {"podnet:stack": self.identity}
                        | ({"podnet:settled": tag} if tag else {})
                        | ({"podnet:pod-routes": "true"} if self.has_pod_routes else {}),
                        args.get("tags") or {},
                    )
                    and all([self.cidr] == one["values"] for one in args.get("filters") or [])
                ]
            },
            self.INSTANCES: self._instances,
            self.GROUPS: {"ids": ["sg-nodes"]},
            self.RULES: lambda args: without_empty_lists({"ids": self._rules(args)}),
            self.RULE: lambda args: self.unmanaged_rules.get(
                args["securityGroupRuleId"], {"securityGroupId": "sg-nodes", "ipProtocol": "-1"}
            ),
            self.INTERFACES: self._found_interfaces,
            self.INTERFACE: self._interface,
            self.TABLES: lambda args: {"ids": self._tables(args)},
            self.TABLE: lambda args: {
                "routes": [
                    {"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1", "networkInterfaceId": ""},
                    *(
                        {"cidrBlock": cidr, "gatewayId": "", TARGETS[target[:3]]: target}
                        for cidr, target in self._routes_of(args["routeTableId"]).items()
                    ),
                ]
            },
        }

    def _routes_of(self, table: str) -> Mapping[str, str]:
        return self.routes if table == "rtb-1" else self.other_tables[table]

    def _tables(self, args: Mapping[str, Any]) -> list[str]:
        """The tables of the VPC; with tags, the stack's, or those of some zones of it."""
        filters = {one["name"]: one["values"] for one in args.get("filters") or []}
        if not args.get("tags"):
            assert filters == {"vpc-id": ["vpc-1", "vpc-2"][: 2 if self.namesake else 1]}
            return ["rtb-1", *self.other_tables]
        titles = filters.get("tag:Name", [f"test-{self.zone_of_table}"])
        return ["rtb-1"] if f"test-{self.zone_of_table}" in titles else []

    def _addresses(self) -> dict[str, str]:
        """The addresses of network interfaces: those of nodes and of others."""
        nodes = {
            f"eni-{int(node['address'].rpartition('.')[2]) - 10}": node["address"]
            for node in self.nodes
            if node["address"].startswith("192.168.1.")
        }
        return nodes | {f"eni-of-{address}": address for address in self.others}

    def _found_interfaces(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The interfaces with one of the ids, or at one of the addresses of the VPC."""
        filters = {one["name"]: one["values"] for one in args["filters"]}
        if asked := filters.get("network-interface-id"):
            return {"ids": [id_ for id_ in asked if id_ not in self.gone]}
        at = filters["addresses.private-ip-address"]
        found = self._addresses()
        return {"ids": [id_ for id_ in found if found[id_] in at and id_ not in self.gone]}

    def _interface(self, args: Mapping[str, Any]) -> dict[str, Any]:
        address = self._addresses()[args["id"]]
        return {
            "id": args["id"],
            "privateIps": [address],
            "interfaceType": "interface",
            "description": "",
            "attachments": [{"instanceId": self.others.get(address, f"i-{address}")}],
        }

    def _rules(self, args: Mapping[str, Any]) -> list[str]:
        """The rules with the tags, or all rules of the group."""
        (one,) = args["filters"]
        if one["name"] == "group-id":
            return [*(f"sgr-{rule}" for rule in self.rules), *self.unmanaged_rules]
        return [
            f"sgr-{rule}"
            for rule in self.rules
            if args["tags"] == {"podnet:stack": self.identity} and one["name"] == "tag:Name"
            if any(fnmatchcase(rule, title) for title in one["values"])
        ]

    def _instances(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """The instances that fit tags, states and filters, by address and id."""
        found = [
            node["address"]
            for node in self.nodes
            if has({"podnet:stack": self.identity, **node}, args.get("instanceTags") or {})
            and node.get("state", "running") in args["instanceStateNames"]
            and all(
                {
                    "image-id": node["image"],
                    "instance-type": node.get("type", "t3.small"),
                    "availability-zone": node.get("place", "eu-central-1a"),
                    "instance-lifecycle": node.get("lifecycle", ""),
                }[one["name"]]
                in one["values"]
                for one in args.get("filters") or []
            )
        ]
        return {"privateIps": found, "ids": [f"i-{address}" for address in found]}
