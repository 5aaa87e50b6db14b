"""Quotas of the account: what is one too many is refused, as Service Quotas says it."""

from __future__ import annotations

from podnet.lab.clients import Client, instances
from podnet.lab.cloud.api import quotas
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import exists, rule
from podnet.plan.quotas import quota, vcpus
from podnet.plan.quotas.quota import Quota
from podnet.world.reader.calls import pages

RUNNING = ("pending", "running")


@rule("CreateVpc")
def a_vpc_more_is_allowed(_: Call, ec2: Client) -> None:
    """A region has so many VPCs, the default one included."""
    most = quotas.limit(quota.VPCS)
    if len(ec2.describe_vpcs()["Vpcs"]) >= most:
        raise ApiError("VpcLimitExceeded", "The maximum number of VPCs has been reached.")


@rule("RunInstances")
def a_launch_has_no_more_groups_than_allowed(call: Call, _: Client) -> None:
    """An interface has so many security groups."""
    most = quotas.limit(quota.GROUPS)
    for item in call.items("NetworkInterface"):
        if sum(name.startswith("SecurityGroupId.") for name in item) > most:
            raise ApiError(
                "SecurityGroupsPerInstanceLimitExceeded",
                f"The maximum number of security groups per instance has been reached: {most}",
            )


@rule("ModifyNetworkInterfaceAttribute", "CreateNetworkInterface")
def an_interface_has_no_more_groups_than_allowed(call: Call, _: Client) -> None:
    """As of a launch, with the code of interfaces."""
    most = quotas.limit(quota.GROUPS)
    if len(call.values_of("SecurityGroupId")) > most:
        raise ApiError(
            "SecurityGroupsPerInterfaceLimitExceeded",
            f"The maximum number of security groups per interface has been reached: {most}",
        )


@rule("RunInstances", "StartInstances")
def vcpus_are_left(call: Call, ec2: Client) -> None:
    """Instances that run have so many vCPUs, by groups of families."""
    if call.action == "RunInstances":
        wanted = [call.get("InstanceType") or "m1.small"] * int(call.get("MaxCount") or 1)
    else:
        starting = call.values_of("InstanceId")
        stopped = {"Name": "instance-state-name", "Values": ["stopped"]}
        wanted = [
            one["InstanceType"]
            for one in instances(ec2, stopped, {"Name": "instance-id", "Values": starting})
        ]
    for counted in dict.fromkeys(filter(None, map(vcpus.quota_of, wanted))):
        _check_vcpus(counted, wanted, ec2)


def _check_vcpus(counted: Quota, wanted: list[str], ec2: Client) -> None:
    running = [
        one["InstanceType"]
        for one in instances(ec2, {"Name": "instance-state-name", "Values": list(RUNNING)})
    ]
    kinds = [kind for kind in (*running, *wanted) if vcpus.quota_of(kind) == counted]
    most = quotas.limit(counted)
    if sum(_size(kind, ec2) for kind in kinds) > most:
        raise ApiError(
            "VcpuLimitExceeded",
            f"You have requested more vCPU capacity than your current vCPU limit of {most} allows "
            "for the instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.",
        )


def _size(kind: str, ec2: Client) -> int:
    """Number of vCPUs of a type; none of one that EC2 does not know, which it refuses itself."""
    found = exists(lambda: ec2.describe_instance_types(InstanceTypes=[kind]), "InstanceTypes")
    return int(found["VCpuInfo"]["DefaultVCpus"]) if found else 0


@rule("AttachRolePolicy")
def a_role_takes_a_policy_more(call: Call, iam: Client) -> None:
    """A role has so many managed policies; one that it has already is none more."""
    name, arn, most = call.get("RoleName"), call.get("PolicyArn"), quotas.limit(quota.POLICIES)
    if not exists(lambda: {"Role": [iam.get_role(RoleName=name)]}, "Role"):
        return
    attached = pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    others = [one for one in attached if one["PolicyArn"] != arn]
    if len(others) >= most:
        raise ApiError("LimitExceeded", f"Cannot exceed quota for PoliciesPerRole: {most}", 409)
