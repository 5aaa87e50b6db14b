"""Finds resources of EC2: by the stack's tags, or by what their parent can have only once.

An interrupted creation leaves a leaf: whatever needs the resource comes after its record. So a VPC
with subnets, or a gateway of another VPC, belongs to somebody else, whatever its tags say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from podnet.lab.clients import Client, Item, instances
from podnet.lab.engines.adoption.found import Found, Wanted, bears
from podnet.lab.providers.aws.ec2.routes import route_id
from podnet.plan.deployed import LIVE_STATES
from podnet.plan.tags import STACK
from podnet.world.reader.calls import pages

OWN_NAME = (STACK, "Name")
"""The tags that distinguish the resources of one type."""


def where(**filters: str) -> list[Item]:
    """Filters of a describing call, their names with underscores for dashes."""
    return [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in filters.items()]


def of_stack(wanted: Wanted) -> list[Item]:
    """Filters for the tags of a creation."""
    return [{"Name": f"tag:{key}", "Values": [wanted.tags.get(key, "")]} for key in OWN_NAME]


def _first(ids: Iterable[str], wanted: Wanted) -> Found | None:
    new = sorted(set(ids) - set(wanted.recorded))
    return Found(id=new[0]) if new else None


def is_empty(ec2: Client, vpc: str) -> bool:
    """Whether nothing is in a VPC but what EC2 itself puts there."""
    inside = (
        ("describe_subnets", "Subnets", where(vpc_id=vpc)),
        ("describe_network_interfaces", "NetworkInterfaces", where(vpc_id=vpc)),
        (
            "describe_internet_gateways",
            "InternetGateways",
            [{"Name": "attachment.vpc-id", "Values": [vpc]}],
        ),
    )
    return not any(
        any(True for _ in pages(ec2, operation, key, Filters=filters))
        for operation, key, filters in inside
    )


def attached(gateway: Item) -> list[str]:
    """The VPCs that a gateway is attached to."""
    return [one["VpcId"] for one in gateway["Attachments"] if one["State"] != "detached"]


def vpc(ec2: Client, wanted: Wanted) -> Found | None:
    """An empty VPC of the stack with this range."""
    filters = [*of_stack(wanted), *where(cidr=wanted.inputs["cidrBlock"])]
    found = (item["VpcId"] for item in pages(ec2, "describe_vpcs", "Vpcs", Filters=filters))
    return _first((id_ for id_ in found if is_empty(ec2, id_)), wanted)


def subnet(ec2: Client, wanted: Wanted) -> Found | None:
    """The subnet of this range in this VPC: ranges of one VPC do not overlap."""
    filters = where(vpc_id=wanted.inputs["vpcId"], cidr_block=wanted.inputs["cidrBlock"])
    found = pages(ec2, "describe_subnets", "Subnets", Filters=[*filters, *of_stack(wanted)])
    return _first((item["SubnetId"] for item in found), wanted)


def secondary_range(ec2: Client, wanted: Wanted) -> Found | None:
    """The association of this range with this VPC: ranges of one VPC do not overlap."""
    filters = where(vpc_id=wanted.inputs["vpcId"])
    found = (
        each["AssociationId"]
        for item in pages(ec2, "describe_vpcs", "Vpcs", Filters=filters)
        for each in item["CidrBlockAssociationSet"]
        if each["CidrBlock"] == wanted.inputs["cidrBlock"]
        and each["CidrBlockState"]["State"] in ("associating", "associated")
    )
    return _first(found, wanted)


def reservation(ec2: Client, wanted: Wanted) -> Found | None:
    """The reservation of this range of this subnet: those of one subnet do not overlap."""
    subnet_id = wanted.inputs["subnetId"]
    names = ("Cidr", "cidrBlock"), ("ReservationType", "reservationType")
    found = _first(
        (
            each["SubnetCidrReservationId"]
            for each in ec2.get_subnet_cidr_reservations(SubnetId=subnet_id)[
                "SubnetIpv4CidrReservations"
            ]
            if all(each[key] == wanted.inputs[name] for key, name in names)
        ),
        wanted,
    )
    return found and Found(id=found.id, outputs={"subnetId": subnet_id})


def gateway(ec2: Client, wanted: Wanted) -> Found | None:
    """A gateway of the stack that is attached to its VPC, or not yet to any."""
    found = pages(ec2, "describe_internet_gateways", "InternetGateways", Filters=of_stack(wanted))
    items = [item for item in found if set(attached(item)) <= {wanted.inputs.get("vpcId")}]
    # A repeated call leaves two; the one that is attached is further on.
    items.sort(key=lambda item: (not attached(item), item["InternetGatewayId"]))
    ids = [item["InternetGatewayId"] for item in items]
    return next((Found(id=id_) for id_ in ids if id_ not in wanted.recorded), None)


def route_table(ec2: Client, wanted: Wanted) -> Found | None:
    """A table of the stack in this VPC."""
    filters = [*where(vpc_id=wanted.inputs["vpcId"]), *of_stack(wanted)]
    found = pages(ec2, "describe_route_tables", "RouteTables", Filters=filters)
    return _first((item["RouteTableId"] for item in found), wanted)


def _tables(ec2: Client, name: str, value: str) -> Iterator[Item]:
    filters = [{"Name": name, "Values": [value]}]
    yield from pages(ec2, "describe_route_tables", "RouteTables", Filters=filters)


def association(ec2: Client, wanted: Wanted) -> Found | None:
    """The association of this subnet: it has one at most."""
    of_subnet = {"subnetId": wanted.inputs["subnetId"]}
    for table in _tables(ec2, "association.subnet-id", of_subnet["subnetId"]):
        for one in table["Associations"]:
            here = one.get("SubnetId") == of_subnet["subnetId"]
            if here and one["RouteTableAssociationId"] not in wanted.recorded:
                known = {**of_subnet, "routeTableId": table["RouteTableId"]}
                return Found(id=one["RouteTableAssociationId"], outputs=known)
    return None


def route(ec2: Client, wanted: Wanted) -> Found | None:
    """The route of this table to this destination: there is one at most.

    One that leads elsewhere is not the program's, unless it leads nowhere any more.
    """
    table, destination = wanted.inputs["routeTableId"], wanted.inputs["destinationCidrBlock"]
    id_ = route_id(wanted.inputs)
    if id_ in wanted.recorded:
        return None
    for item in _tables(ec2, "route-table-id", table):
        for one in item["Routes"]:
            if one.get("DestinationCidrBlock") != destination:
                continue
            targets = ("gatewayId", "GatewayId"), ("networkInterfaceId", "NetworkInterfaceId")
            same = all(one.get(key) == wanted.inputs.get(name) for name, key in targets)
            if same or one.get("State") == "blackhole":
                known = {"routeTableId": table, "destinationCidrBlock": destination}
                return Found(id=id_, outputs=known)
    return None


def group(ec2: Client, wanted: Wanted) -> Found | None:
    """A group of the stack in this VPC."""
    filters = [*where(vpc_id=wanted.inputs["vpcId"]), *of_stack(wanted)]
    found = pages(ec2, "describe_security_groups", "SecurityGroups", Filters=filters)
    return _first((item["GroupId"] for item in found), wanted)


def close(ec2: Client, group_id: str) -> None:
    """Take the rule out of a new group that lets everything out, as the AWS provider does.

    EC2 puts it there (VPC User Guide, "Default security group rules"), without tags. In a group
    that was found, no rule of the program can be yet.
    """
    rules = pages(
        ec2,
        "describe_security_group_rules",
        "SecurityGroupRules",
        Filters=where(group_id=group_id),
    )
    ids = [
        each["SecurityGroupRuleId"]
        for each in rules
        if each["IsEgress"] and each["IpProtocol"] == "-1" and not each.get("Tags")
    ]
    if ids:
        ec2.revoke_security_group_egress(GroupId=group_id, SecurityGroupRuleIds=ids)


def _peer(rule: Item) -> tuple[object, ...]:
    everything = rule["IpProtocol"] == "-1"
    return (
        rule["IpProtocol"],
        None if everything else rule.get("FromPort"),
        None if everything else rule.get("ToPort"),
        rule.get("CidrIpv4"),
        (rule.get("ReferencedGroupInfo") or {}).get("GroupId"),
    )


def rule(ec2: Client, wanted: Wanted) -> Found | None:
    """The rule of this group for these packets: EC2 refuses a second one.

    Its tags may be missing: the AWS provider gives them in a call of its own.
    """
    names = ("ipProtocol", "fromPort", "toPort", "cidrIpv4", "referencedSecurityGroupId")
    key = tuple(wanted.inputs.get(name) for name in names)
    egress = wanted.type.endswith("EgressRule")
    found = pages(
        ec2,
        "describe_security_group_rules",
        "SecurityGroupRules",
        Filters=where(group_id=wanted.inputs["securityGroupId"]),
    )
    same = (each for each in found if each["IsEgress"] is egress and _peer(each) == key)
    return _first((each["SecurityGroupRuleId"] for each in same), wanted)


def instance(ec2: Client, wanted: Wanted) -> Found | None:
    """The instance of the stack at this address of this subnet; none without an address."""
    subnet_id, address = wanted.inputs["subnetId"], wanted.inputs.get("privateIp", "")
    items = instances(
        ec2,
        *where(subnet_id=subnet_id, private_ip_address=address),
        {"Name": "instance-state-name", "Values": LIVE_STATES},
    )
    return _first((i["InstanceId"] for i in items if bears(i, wanted.tags, OWN_NAME)), wanted)


def tag(ec2: Client, wanted: Wanted) -> Found | None:
    """The tag of this key: a resource has one."""
    resource, key = wanted.inputs["resourceId"], wanted.inputs["key"]
    found = pages(ec2, "describe_tags", "Tags", Filters=where(resource_id=resource, key=key))
    return _first((f"{resource},{key}" for _ in found), wanted)
