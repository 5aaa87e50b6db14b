"""Deletes what acceptance runs have left, whatever depends on something else first."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from podnet.acceptance.leftovers import KINDS, POLICY, Account, Left
from podnet.account.session import explained
from podnet.errors import UserError
from podnet.system.progress import Progress
from podnet.world.reader.calls import pages

BUSY = ("DependencyViolation", "DeleteConflict", "VolumeInUse")
"""Codes of what something else still uses, as AWS says for a while after that is deleted (EC2 API
Reference, "Eventual consistency"; IAM API Reference, DeleteRole)."""
PATIENCE = 180.0
POLL = 3.0
TERMINATION = {"Delay": 10, "MaxAttempts": 60}
"""Ten minutes: an instance shuts its system down first."""


def delete(account: Account, found: Sequence[Left], note: Progress) -> list[UserError]:
    """Delete all of it, in order; what could not be deleted, as errors, and goes on after each.

    What is gone already counts as deleted. `found` is as `find` returned it.
    """
    problems: list[UserError] = []
    order = {kind: place for place, kind in enumerate(KINDS)}
    ordered = sorted(found, key=lambda one: order[one.kind])
    instances = [each.id for each in ordered if each.kind == "instance"]
    for number, each in enumerate(ordered, 1):
        note(f"{number} of {len(ordered)}: {each.kind} {each.id}")
        try:
            _patiently(account, each)
        except UserError as error:
            problems.append(error)
        if number == len(instances):
            note("waiting until instances are terminated")
            problems += _await_end(account, instances)
    return problems


def _patiently(account: Account, left: Left) -> None:
    from botocore import exceptions  # type: ignore[import-untyped]  # noqa: PLC0415  # loads slowly

    limit = time.monotonic() + PATIENCE
    while True:
        try:
            with explained(SERVICES.get(left.kind, "ec2"), POLICY):
                try:
                    DELETE[left.kind](account, left)
                except exceptions.ClientError as error:
                    code = error.response["Error"]["Code"]
                    if _is_gone(code):
                        return
                    if code not in BUSY or time.monotonic() > limit:
                        raise
                else:
                    return
        except UserError as error:
            raise UserError(
                f"{left.kind} {left.id} of run {left.run} was not deleted: {error}",
                rule="sweep-incomplete",
            ) from error
        time.sleep(POLL)


def _is_gone(code: str) -> bool:
    return code.endswith(".NotFound") or code in {"NoSuchEntity", "ParameterNotFound"}


def _await_end(account: Account, ids: list[str]) -> list[UserError]:
    from botocore import exceptions  # noqa: PLC0415  # as above

    waiter = account.ec2.get_waiter("instance_terminated")
    try:
        with explained("ec2", POLICY):
            try:
                waiter.wait(InstanceIds=ids, WaiterConfig=TERMINATION)
            except exceptions.WaiterError as error:
                raise UserError(
                    f"{', '.join(ids)} are not terminated ({error}), and what they use cannot be "
                    "deleted; sweep again later",
                    rule="sweep-instances-remain",
                ) from error
    except UserError as error:
        return [error]
    return []


def _delete_gateway(account: Account, left: Left) -> None:
    if left.within:
        try:
            account.ec2.detach_internet_gateway(InternetGatewayId=left.id, VpcId=left.within)
        except account.ec2.exceptions.ClientError as error:
            if error.response["Error"]["Code"] != "Gateway.NotAttached":
                raise
    account.ec2.delete_internet_gateway(InternetGatewayId=left.id)


def _delete_table(account: Account, left: Left) -> None:
    ec2 = account.ec2
    for table in ec2.describe_route_tables(RouteTableIds=[left.id])["RouteTables"]:
        for each in table["Associations"]:
            ec2.disassociate_route_table(AssociationId=each["RouteTableAssociationId"])
    ec2.delete_route_table(RouteTableId=left.id)


def _delete_profile(account: Account, left: Left) -> None:
    iam, named = account.iam, {"InstanceProfileName": left.id}
    for role in iam.get_instance_profile(**named)["InstanceProfile"]["Roles"]:
        iam.remove_role_from_instance_profile(**named, RoleName=role["RoleName"])
    iam.delete_instance_profile(**named)


def _delete_role(account: Account, left: Left) -> None:
    iam, named = account.iam, {"RoleName": left.id}
    for policy in [*pages(iam, "list_attached_role_policies", "AttachedPolicies", **named)]:
        iam.detach_role_policy(**named, PolicyArn=policy["PolicyArn"])
    names: list[Any] = [*pages(iam, "list_role_policies", "PolicyNames", **named)]
    for name in names:
        iam.delete_role_policy(**named, PolicyName=name)
    iam.delete_role(**named)


SERVICES = {"parameter": "ssm", "instance profile": "iam", "role": "iam"}
DELETE: Mapping[str, Callable[[Account, Left], object]] = {
    "instance": lambda on, left: on.ec2.terminate_instances(InstanceIds=[left.id]),
    "volume": lambda on, left: on.ec2.delete_volume(VolumeId=left.id),
    "network interface": lambda on, left: on.ec2.delete_network_interface(
        NetworkInterfaceId=left.id
    ),
    "parameter": lambda on, left: on.ssm.delete_parameter(Name=left.id),
    "instance profile": _delete_profile,
    "role": _delete_role,
    "subnet CIDR reservation": lambda on, left: on.ec2.delete_subnet_cidr_reservation(
        SubnetCidrReservationId=left.id
    ),
    "subnet": lambda on, left: on.ec2.delete_subnet(SubnetId=left.id),
    "route table": _delete_table,
    "internet gateway": _delete_gateway,
    "security group": lambda on, left: on.ec2.delete_security_group(GroupId=left.id),
    "VPC": lambda on, left: on.ec2.delete_vpc(VpcId=left.id),
}
