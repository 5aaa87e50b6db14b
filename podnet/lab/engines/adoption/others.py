"""Finds resources of IAM and Systems Manager."""

from __future__ import annotations

import json
from urllib.parse import unquote

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from podnet.lab.clients import Client, Item
from podnet.lab.engines.adoption.ec2 import OWN_NAME
from podnet.lab.engines.adoption.found import Found, Wanted, bears
from podnet.plan.tags import STACK
from podnet.world.reader.calls import pages


def _is_ours(name: str, wanted: Wanted) -> bool:
    """Whether a name may have been made up for this resource: by its own, and a suffix."""
    given = wanted.inputs.get("name")
    return name == given if given else name.startswith(f"{wanted.name}-")


def role(iam: Client, wanted: Wanted) -> Found | None:
    """A role of the stack that nothing was attached to.

    IAM knows no regions: a role in use may be that of the same stack in another one.
    """
    names = sorted(item["RoleName"] for item in pages(iam, "list_roles", "Roles"))
    for name in names:
        if name in wanted.recorded or not _is_ours(name, wanted):
            continue
        tags = {"Tags": list(pages(iam, "list_role_tags", "Tags", RoleName=name))}
        if bears(tags, wanted.tags, OWN_NAME) and _is_bare(iam, name):
            return Found(id=name)
    return None


def _is_bare(iam: Client, role_name: str) -> bool:
    return not any(
        any(True for _ in pages(iam, operation, key, RoleName=role_name))
        for operation, key in (
            ("list_instance_profiles_for_role", "InstanceProfiles"),
            ("list_role_policies", "PolicyNames"),
            ("list_attached_role_policies", "AttachedPolicies"),
        )
    )


def profile(iam: Client, wanted: Wanted) -> Found | None:
    """A profile of the stack with its role, or still without one."""
    for item in pages(iam, "list_instance_profiles", "InstanceProfiles"):
        name = item["InstanceProfileName"]
        if name in wanted.recorded or not _is_ours(name, wanted):
            continue
        roles = {each["RoleName"] for each in item["Roles"]}
        whole = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        if roles <= {wanted.inputs.get("role")} and bears(whole, wanted.tags, OWN_NAME):
            return Found(id=name)
    return None


def policy(iam: Client, wanted: Wanted) -> Found | None:
    """The policy in this role that says the same; its name is made up."""
    role_name = wanted.inputs["role"]
    for name in sorted(pages(iam, "list_role_policies", "PolicyNames", RoleName=role_name)):  # type: ignore[type-var]
        id_ = f"{role_name}:{name}"
        if id_ in wanted.recorded:
            continue
        found = iam.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
        if _document(found) == json.loads(wanted.inputs["policy"]):
            return Found(id=id_)
    return None


def _document(found: object) -> object:
    return json.loads(unquote(found)) if isinstance(found, str) else found


def attachment(iam: Client, wanted: Wanted) -> Found | None:
    """The attachment of this policy to this role."""
    role_name, arn = wanted.inputs["role"], wanted.inputs["policyArn"]
    have = pages(iam, "list_attached_role_policies", "AttachedPolicies", RoleName=role_name)
    id_ = f"{role_name}/{arn}"
    if id_ not in wanted.recorded and any(one["PolicyArn"] == arn for one in have):
        return Found(id=id_, outputs={"role": role_name, "policyArn": arn})
    return None


def parameter(ssm: Client, wanted: Wanted) -> Found | None:
    """The parameter of this name, if it bears the stack's tag; one without a name is none."""
    name = wanted.inputs.get("name")
    if not name:
        return None
    try:
        ssm.get_parameter(Name=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise
    answer: Item = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)
    ours = bears({"Tags": answer["TagList"]}, wanted.tags, (STACK,))
    return Found(id=name) if ours and name not in wanted.recorded else None
