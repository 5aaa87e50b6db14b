"""What an account holds, and how AWS answers the look-ups of the program about it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any


class LookUp:
    """The functions by which the program looks up what is there."""

    ZONES = "aws:index/getAvailabilityZones:getAvailabilityZones"
    OFFERINGS = "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings"
    IMAGE = "aws:ec2/getAmi:getAmi"
    QUOTA = "aws:servicequotas/getServiceQuota:getServiceQuota"
    VPCS = "aws:ec2/getVpcs:getVpcs"
    INSTANCES = "aws:ec2/getInstances:getInstances"
    TABLES = "aws:ec2/getRouteTables:getRouteTables"
    TABLE = "aws:ec2/getRouteTable:getRouteTable"
    RULES = "aws:vpc/getSecurityGroupRules:getSecurityGroupRules"
    PARAMETER = "aws:ssm/getParameter:getParameter"


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
    project: str | None = field(default=None, kw_only=True)
    """The project in the tag of the VPC; none as a former version of podnet left it."""
    routes: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    """The interfaces of the route table, by destination."""
    rules: Collection[str] = field(default=(), kw_only=True)
    """The titles of the firewall's rules."""

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
                        {"podnet:stack": "test"}
                        | ({"podnet:settled": tag} if tag else {})
                        | ({"podnet:project": self.project} if self.project else {}),
                        args["tags"],
                    )
                ]
            },
            self.INSTANCES: lambda args: {
                "privateIps": [
                    node["address"]
                    for node in self.nodes
                    if has({"podnet:stack": "test", **node}, args["instanceTags"])
                    and all(
                        {"image-id": node["image"], "instance-type": node.get("type", "t3.small")}[
                            one["name"]
                        ]
                        in one["values"]
                        for one in args.get("filters") or []
                    )
                ]
            },
            self.RULES: lambda args: without_empty_lists(
                {
                    "ids": [
                        f"sgr-{rule}"
                        for rule in self.rules
                        for one in args["filters"]
                        if args["tags"] == {"podnet:stack": "test"} and one["name"] == "tag:Name"
                        if any(fnmatchcase(rule, title) for title in one["values"])
                    ]
                }
            ),
            self.TABLES: {"ids": ["rtb-1"]},
            self.TABLE: {
                "routes": [
                    {"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1", "networkInterfaceId": ""},
                    *(
                        {"cidrBlock": cidr, "gatewayId": "", "networkInterfaceId": interface}
                        for cidr, interface in self.routes.items()
                    ),
                ]
            },
        }
