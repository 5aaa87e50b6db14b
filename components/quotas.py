"""The quotas of the account, and what it has used of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import pulumi
import pulumi_aws as aws

from podnet import userdata
from podnet.plan.deployed import Deployed
from podnet.plan.instance_type import InstanceType
from podnet.plan.kubernetes import Parameters
from podnet.plan.nodes import planned_nodes
from podnet.plan.preview import created
from podnet.plan.problem import Remark
from podnet.plan.quotas import modes, need, vcpus
from podnet.plan.quotas.quota import Quota
from podnet.plan.quotas.table import Usage, needs, routes
from podnet.plan.settings import Settings
from podnet.plan.tags import STACK

RUNNING = ["pending", "running"]
NOT_ON_DEMAND = ["spot", "scheduled", "capacity-block"]
"""Lifecycles that count in other quotas (EC2 API reference, DescribeInstances)."""
SIZES = (2, 4, 8, 1, 16, 32, 48, 64, 96, 128, 192, 384, 12, 24, 36, 72, 40, 10, 14, 20, 28)
"""vCPUs of EC2's types, the usual ones first (EC2 Instance Types guide, "Specifications"); types of
224 and more are in quotas of their own but for few."""
MOST_VALUES = 200
"""Values of one filter (EC2 API, Filter)."""


def check(
    settings: Settings, stack: str, deployed: Deployed, kind: InstanceType
) -> Iterator[Remark]:
    """Warnings and the headroom; `ValueError` for what does not fit.

    The account is asked only where AWS's default is too small or accounts may have less. One that
    may not read Service Quotas is warned, and gets no refusal by a number that may not be its own.
    """
    table = tuple(needs(settings, deployed, kind, _usage(settings, stack, deployed, kind)))
    by_routes = routes(settings, deployed)
    # Other modes need no routes: for them it matters where some mode is ruled out.
    default = modes.holdings(settings, by_routes, by_routes.quota.default)
    asked = dict.fromkeys((*table, by_routes) if modes.remark(settings, default) else table)
    limits: dict[Quota, int] = {}
    unknown = []
    for each in asked:
        quota = each.quota
        limits[quota] = quota.default
        if not quota.code or not (quota.varies or each.left(quota.default) < 0):
            continue
        if (found := _own(quota)) is None:
            unknown.append(quota)
        else:
            limits[quota] = found
    if unknown:
        yield need.unknown(unknown)
    limit = limits.get(by_routes.quota, by_routes.quota.default)
    if named := modes.remark(settings, modes.holdings(settings, by_routes, limit)):
        yield named
    for each in table:
        limit = limits[each.quota]
        if each.left(limit) >= 0:
            continue
        if settings.ignore_quotas:
            yield need.ignored(each, limit)
        elif each.quota in unknown:
            yield need.doubtful(each)
        else:
            raise ValueError(need.exceeded(each, limit).text)
    yield need.headroom(table, limits)


def _own(quota: Quota) -> int | None:
    """A quota of the account; None where Service Quotas does not report it."""
    try:
        found = aws.servicequotas.get_service_quota(
            service_code=quota.service, quota_code=quota.code
        )
    except Exception as error:  # noqa: BLE001  # the SDK has no narrower one for a failed look-up
        pulumi.log.debug(f"Service Quotas: {error}")
        return None
    if found.value:
        return int(found.value)
    # Absent and zero are one answer, and some quotas begin with zero.
    return None if quota.default else 0


def _usage(settings: Settings, stack: str, deployed: Deployed, kind: InstanceType) -> Usage:
    running: dict[str, int] = {}
    nodes: dict[str, str] = {}
    counted = vcpus.quota_of(kind.name)
    if counted and kind.vcpus and created(settings, deployed):
        nodes = _nodes(settings, stack)
        running = _running(counted, kind, nodes.keys())
    own, others = _vpcs(settings, stack, deployed)
    pieces = len(userdata.release.pieces(settings))
    return Usage(
        vpcs=others,
        own_vpcs=own,
        vcpus=running,
        nodes=nodes,
        pieces=pieces,
        parameters=pieces
        + sum(settings.counts)
        + (len(Parameters(stack).names) if settings.has_cluster else 0),
    )


def _vpcs(settings: Settings, stack: str, deployed: Deployed) -> tuple[int, int | None]:
    """The number of VPCs of the stack, and of others where the stack needs another one."""
    if deployed.vpcs:
        return len(deployed.vpcs), None
    own = _ids(aws.ec2.get_vpcs(tags={STACK: stack}))
    of_range = aws.ec2.GetVpcsFilterArgs(name="cidr", values=[str(settings.vpc_cidr)])
    if own and _ids(aws.ec2.get_vpcs(tags={STACK: stack}, filters=[of_range])):
        return len(own), None
    return len(own), len(_ids(aws.ec2.get_vpcs()) - own)


def _nodes(settings: Settings, stack: str) -> dict[str, str]:
    """The stack's running instances, each with the name of the node that it is in the plan."""
    names = {str(node.address): node.name for node in planned_nodes(settings)}
    found = aws.ec2.get_instances(instance_tags={STACK: stack}, instance_state_names=RUNNING)
    pairs = zip(found.ids or (), found.private_ips or (), strict=True)
    return {id_: names.get(address, "") for id_, address in pairs}


def _running(quota: Quota, kind: InstanceType, own: AbstractSet[str]) -> dict[str, int]:
    """Numbers of vCPUs of the instances that count in this quota, by id.

    A list of instances says nothing of their types, so those of each size are asked for until none
    is left. Those on dedicated hosts, which have a quota of their own, are counted with the others.
    """
    left = _instances()
    if left - own:
        left -= _instances("instance-lifecycle", NOT_ON_DEMAND)
    found = dict.fromkeys(_of_types(left, [kind.name]), kind.vcpus) if left else {}
    left -= found.keys()
    for size in SIZES:
        if not left:
            break
        of_size = aws.ec2.get_instance_types(
            filters=[{"name": "vcpu-info.default-vcpus", "values": [str(size)]}]
        )
        counted: list[str] = []
        others: list[str] = []
        for name in of_size.instance_types or ():
            (counted if vcpus.quota_of(name) == quota else others).append(name)
        found |= dict.fromkeys(_of_types(left, counted), size)
        left -= found.keys()
        if left:
            left -= _of_types(left, others)
    return found


def _of_types(among: AbstractSet[str], kinds: Sequence[str]) -> set[str]:
    """Those of these instances that are of one of the types."""
    found: set[str] = set()
    for start in range(0, len(kinds), MOST_VALUES):
        found |= among & _instances("instance-type", kinds[start : start + MOST_VALUES])
    return found


def _instances(name: str = "", values: Sequence[str] = ()) -> set[str]:
    """The running instances; those of them that fit a filter, if any is given."""
    fitting = [aws.ec2.GetInstancesFilterArgs(name=name, values=values)] if name else None
    return _ids(aws.ec2.get_instances(instance_state_names=RUNNING, filters=fitting))


def _ids(found: aws.ec2.GetVpcsResult | aws.ec2.GetInstancesResult) -> set[str]:
    return set(found.ids or ())
