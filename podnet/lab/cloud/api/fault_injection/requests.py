"""The resources on which IAM is asked about a call, each with the tags that conditions name.

As the Service Authorization Reference lists them for the actions that podnet's deployments use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from podnet.lab.clients import Client, partition
from podnet.lab.cloud.api.call import Call
from podnet.lab.cloud.api.emulator import DEFAULT_ACCOUNT_ID as ACCOUNT
from podnet.lab.cloud.api.fault_injection.policy import Request
from podnet.lab.cloud.api.ssm import calls as ssm
from podnet.plan import flow_logs

KINDS = {
    "vpc": "vpc",
    "subnet": "subnet",
    "igw": "internet-gateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "i": "instance",
    "eni": "network-interface",
    "vol": "volume",
    "ami": "image",
    "fl": "vpc-flow-log",
}
"""Types of resources of EC2 by the prefix of their ids."""
CREATED = {
    "CreateVpc": ("vpc",),
    "CreateSubnet": ("subnet",),
    "CreateInternetGateway": ("internet-gateway",),
    "CreateRouteTable": ("route-table",),
    "CreateSecurityGroup": ("security-group",),
    "AuthorizeSecurityGroupIngress": ("security-group-rule",),
    "AuthorizeSecurityGroupEgress": ("security-group-rule",),
    "RunInstances": ("instance", "volume", "network-interface"),
    "CreateFlowLogs": ("vpc-flow-log",),
}
"""Types that an action creates."""
ASKED_OF_TABLES = {"CreateRoute", "ReplaceRoute", "DeleteRoute"}
"""Actions about which IAM is asked for the route table, and not for the target."""
UNRESTRICTED = {"DeleteSubnetCidrReservation", "DisassociateVpcCidrBlock"}
"""Actions that name nothing with a tag."""
READING_ONE = {"DescribeInstanceAttribute", "DescribeVpcAttribute"}
"""Reads that can be restricted to resources."""
ID = re.compile(rf"({'|'.join(KINDS)})-[0-9a-f]+")
PASSED_TO = {"iam:PassedToService": "ec2.amazonaws.com"}
PASSED_TO_FLOW_LOGS = {"iam:PassedToService": flow_logs.SERVICE}
TAGGING_LOGS = {"TagResource", "UntagResource", "ListTagsForResource"}
"""Actions of CloudWatch Logs that take the ARN of a group as it is; for others it ends in a star
(CloudWatch Logs User Guide, "Overview of managing access permissions")."""

ClientOf = Callable[[str, str], Client]
"""A client of a service in a region."""


def requests(call: Call, client: ClientOf) -> list[Request]:
    """What IAM is asked before the call is done."""
    if call.service == "ec2" and (not call.reads_only or call.action in READING_ONE):
        return list(_of_ec2(call, client))
    if call.service == "iam":
        return list(_of_iam(call, client("iam", call.region)))
    if call.service == "ssm":
        return [Request(action=call.name, resource=arn) for arn in _of_ssm(call)]
    if call.service == "logs" and call.action != "DescribeLogGroups":
        return list(_of_logs(call))
    return [Request(action=call.name, resource="*")]


def _of_logs(call: Call) -> Iterator[Request]:
    if call.action in TAGGING_LOGS:
        yield Request(action=call.name, resource=call.document["resourceArn"])
        return
    place = f"{partition(call.region)}:logs:{call.region}:{ACCOUNT}"
    group = f"arn:{place}:log-group:{call.document['logGroupName']}"
    yield Request(action=call.name, resource=f"{group}:*")
    if call.action == "CreateLogGroup" and call.document.get("tags"):
        yield Request(action="logs:TagResource", resource=group)


def _of_ssm(call: Call) -> list[str]:
    if call.action == "DescribeParameters":  # takes no narrower resource
        return ["*"]
    if "ResourceId" in call.document:
        asked = {"Name": call.document["ResourceId"]}
        return ssm.resources("GetParameter", asked, call.region, ACCOUNT)
    return ssm.resources(call.action, call.document, call.region, ACCOUNT)


def _of_ec2(call: Call, client: ClientOf) -> Iterator[Request]:
    ec2 = client("ec2", call.region)
    if call.action in UNRESTRICTED:
        yield Request(action=call.name, resource="*")
    for id_ in _ids(call, ec2):
        tags = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id_]}])["Tags"]
        yield Request(
            action=call.name,
            resource=_arn(call.region, KINDS[id_.partition("-")[0]], id_),
            context={f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags},
        )
    wanted = {one["ResourceType"]: one for one in call.items("TagSpecification")}
    for kind in CREATED.get(call.action, ()):
        arn = _arn(call.region, kind, "*")
        given = dict(_request_tags(wanted.get(kind, {})))
        yield Request(action=call.name, resource=arn.replace("*", "new"), context=given)
        if given:
            # Tags given at creation take a permission of their own.
            context = {**given, "ec2:CreateAction": call.action}
            yield Request(
                action="ec2:CreateTags", resource=arn.replace("*", "new"), context=context
            )
    if key := call.get("KeyName"):
        yield Request(action=call.name, resource=_arn(call.region, "key-pair", key))
    if role := call.get("DeliverLogsPermissionArn"):
        yield Request(action="iam:PassRole", resource=role, context=PASSED_TO_FLOW_LOGS)
    profile = call.get("IamInstanceProfile.Name")
    if profile:
        found = client("iam", call.region).get_instance_profile(InstanceProfileName=profile)
        for role in found["InstanceProfile"]["Roles"]:
            yield Request(action="iam:PassRole", resource=role["Arn"], context=PASSED_TO)


def _ids(call: Call, ec2: Client) -> Iterable[str]:
    """The ids that the call names, and for an association that of its table."""
    found: dict[str, None] = {}
    for value in call.parameters.values():
        if match := ID.fullmatch(value):
            if call.action not in ASKED_OF_TABLES or match[1] == "rtb":
                found[value] = None
        elif value.startswith("rtbassoc-"):
            tables = ec2.describe_route_tables(
                Filters=[
                    {"Name": "association.route-table-association-id", "Values": [value]},
                ]
            )["RouteTables"]
            found |= {table["RouteTableId"]: None for table in tables}
    return found


def _request_tags(specification: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, key in specification.items():
        if match := re.fullmatch(r"Tag\.(\d+)\.Key", name):
            yield f"aws:RequestTag/{key}", specification.get(f"Tag.{match[1]}.Value", "")


def _arn(region: str, kind: str, id_: str) -> str:
    owner = "" if kind == "image" else ACCOUNT
    return f"arn:{partition(region)}:ec2:{region}:{owner}:{kind}/{id_}"


def _of_iam(call: Call, iam: Client) -> Iterator[Request]:
    role, profile = call.get("RoleName"), call.get("InstanceProfileName")
    given = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in call.items("Tags.member")}
    if policy := call.get("PolicyArn"):
        given["iam:PolicyARN"] = policy
    # Adding a role to a profile, or taking it out, is asked about the profile alone.
    kind, name = ("instance-profile", profile) if profile else ("role", role)
    arn = f"arn:{partition(call.region)}:iam::{ACCOUNT}:{kind}/{name}"
    context = {**given, **_tags_of(iam, kind, str(name))}
    yield Request(action=call.name, resource=arn, context=context)
    if call.action.startswith("Create") and call.items("Tags.member"):
        tag = "iam:TagRole" if kind == "role" else "iam:TagInstanceProfile"
        yield Request(action=tag, resource=arn, context=context)
    if call.action == "AddRoleToInstanceProfile":
        passed = f"arn:{partition(call.region)}:iam::{ACCOUNT}:role/{role}"
        yield Request(action="iam:PassRole", resource=passed, context=PASSED_TO)


def _tags_of(iam: Client, kind: str, name: str) -> dict[str, str]:
    try:
        if kind == "role":
            tags = iam.get_role(RoleName=name)["Role"].get("Tags", [])
        else:
            found = iam.get_instance_profile(InstanceProfileName=name)
            tags = found["InstanceProfile"].get("Tags", [])
    except iam.exceptions.NoSuchEntityException:
        return {}
    return {f"aws:ResourceTag/{tag['Key']}": tag["Value"] for tag in tags}
