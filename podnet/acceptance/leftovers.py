"""What acceptance runs have left in an account: every resource that podnet's program makes there.

What goes with another resource is not listed: routes and associations with their table, rules with
their group, a root volume and a primary interface with their instance, ranges and defaults of a VPC
with it, policies with their role.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from podnet.acceptance.names import TAG, parameters_of, region_of, run_of, run_of_parameter
from podnet.account.session import Client, client, explained
from podnet.world.reader.calls import pages

POLICY = "docs/iam/sweeper.json"
ALIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]
MADE_UP = re.compile(r".*-[0-9a-f]{7}")
"""Names that Pulumi makes up (docs/provider-fidelity.md, "Creations"): of those alone the tags are
asked, since no listing of roles has them and an account may have thousands."""
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Account:
    """The clients of one region of an account, and of IAM, which has none."""

    region: str
    ec2: Client
    iam: Client
    ssm: Client

    @classmethod
    def of(cls, region: str) -> Account:
        """By the user's ordinary credentials; raises `UserError`."""
        return cls(region, *(client(service, region) for service in ("ec2", "iam", "ssm")))


@dataclass(frozen=True, slots=True)
class Left:
    """One resource that a run has made and that is still there."""

    kind: str
    id: str
    run: str
    within: str = ""
    """The subnet of a CIDR reservation, the VPC of a gateway, or nothing."""

    def to_json(self) -> dict[str, str]:
        """The resource as plain JSON values."""
        return {"kind": self.kind, "id": self.id, "run": self.run}


def find(account: Account, run: str | None = None) -> list[Left]:
    """What runs have left in this region, in the order in which it can be deleted.

    Of one run, or of all. Raises `UserError` where something cannot be read.
    """
    found = [each for kind in KINDS for each in KINDS[kind](account)]
    return [each for each in found if run in (None, each.run)]


def _of_ec2(
    kind: str, call: str, key: str, name: str, filters: Mapping[str, list[str]] | None = None
) -> Callable[[Account], Iterator[Left]]:
    wanted = [{"Name": each, "Values": values} for each, values in (filters or {}).items()]

    def listed(account: Account) -> Iterator[Left]:
        tagged = {"Name": "tag-key", "Values": [TAG]}
        with explained("ec2", POLICY):
            rows = [*pages(account.ec2, call, key, Filters=[tagged, *wanted])]
        for row in rows:
            for each in row.get("Instances", [row]):
                if run := run_of(_tags(each.get("Tags") or each.get("TagSet") or [])):
                    yield Left(kind, each[name], run)

    return listed


def _gateways(account: Account) -> Iterator[Left]:
    with explained("ec2", POLICY):
        tagged = [{"Name": "tag-key", "Values": [TAG]}]
        rows = [
            *pages(account.ec2, "describe_internet_gateways", "InternetGateways", Filters=tagged)
        ]
    for row in rows:
        if run := run_of(_tags(row["Tags"])):
            attached = [each["VpcId"] for each in row["Attachments"]]
            yield Left("internet gateway", row["InternetGatewayId"], run, *attached[:1])


def _groups(account: Account) -> Iterator[Left]:
    with explained("ec2", POLICY):
        tagged = [{"Name": "tag-key", "Values": [TAG]}]
        rows = [*pages(account.ec2, "describe_security_groups", "SecurityGroups", Filters=tagged)]
    for row in rows:
        run = run_of(_tags(row["Tags"]))
        # The default group has the tags too, and goes with its VPC.
        if run and row["GroupName"] != "default":
            yield Left("security group", row["GroupId"], run)


def _reservations(account: Account) -> Iterator[Left]:
    """Reservations bear no tag; those of a run's subnets are its own."""
    for subnet in _subnets(account):
        with explained("ec2", POLICY):
            call, key = "get_subnet_cidr_reservations", "SubnetIpv4CidrReservations"
            rows = [*pages(account.ec2, call, key, SubnetId=subnet.id)]
        for row in rows:
            id_ = row["SubnetCidrReservationId"]
            yield Left("subnet CIDR reservation", id_, subnet.run, subnet.id)


def _of_iam(kind: str, what: str) -> Callable[[Account], Iterator[Left]]:
    def listed(account: Account) -> Iterator[Left]:
        iam, name = account.iam, f"{what}Name"
        missing = iam.exceptions.NoSuchEntityException
        with explained("iam", POLICY):
            call = "list_roles" if what == "Role" else "list_instance_profiles"
            names = [row[name] for row in pages(iam, call, f"{what}s")]
            for each in filter(MADE_UP.fullmatch, names):
                ask = iam.get_role if what == "Role" else iam.get_instance_profile
                try:
                    row = ask(**{name: each})[what]
                except missing:
                    continue  # deleted since it was listed
                run = run_of(_tags(row.get("Tags", [])))
                if run and region_of(run) == account.region:
                    yield Left(kind, each, run)

    return listed


def _parameters(account: Account) -> Iterator[Left]:
    begin = {
        "Key": "Name",
        "Option": "BeginsWith",
        "Values": [parameters_of(account.region)],
    }
    with explained("ssm", POLICY):
        rows = [*pages(account.ssm, "describe_parameters", "Parameters", ParameterFilters=[begin])]
    for row in rows:
        if run := run_of_parameter(row["Name"]):
            yield Left("parameter", row["Name"], run)


def _tags(tags: list[Row]) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in tags}


_subnets = _of_ec2("subnet", "describe_subnets", "Subnets", "SubnetId")
KINDS: Mapping[str, Callable[[Account], Iterator[Left]]] = {
    "instance": _of_ec2(
        "instance",
        "describe_instances",
        "Reservations",
        "InstanceId",
        {"instance-state-name": ALIVE},
    ),
    "volume": _of_ec2(
        "volume", "describe_volumes", "Volumes", "VolumeId", {"status": ["available"]}
    ),
    "network interface": _of_ec2(
        "network interface",
        "describe_network_interfaces",
        "NetworkInterfaces",
        "NetworkInterfaceId",
        {"status": ["available"]},
    ),
    # After the instances: a node that still runs would write its own again.
    "parameter": _parameters,
    "instance profile": _of_iam("instance profile", "InstanceProfile"),
    "role": _of_iam("role", "Role"),
    "route table": _of_ec2("route table", "describe_route_tables", "RouteTables", "RouteTableId"),
    "subnet CIDR reservation": _reservations,
    "subnet": _subnets,
    "internet gateway": _gateways,
    "security group": _groups,
    "VPC": _of_ec2("VPC", "describe_vpcs", "Vpcs", "VpcId"),
}
"""Every kind with its listing, each after what depends on it."""
