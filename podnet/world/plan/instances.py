"""The instances of a plan, each with the one interface that it is launched with."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address
from types import MappingProxyType
from typing import Any

from podnet.world.model import Eni, Instance
from podnet.world.plan.file import Planned
from podnet.world.plan.references import NotModelledError, References, address
from podnet.world.plan.types import DEFAULT_GROUP, GROUP, SUBNET, VPC

PUBLIC = IPv4Address("198.51.100.1")
"""Stands for each public address that AWS is to choose (RFC 5737)."""
OTHER_INTERFACES = (
    "networkInterfaces",
    "primaryNetworkInterface",
    "secondaryNetworkInterfaces",
    "secondaryPrivateIps",
    "launchTemplate",
    "securityGroups",
)
"""Inputs that give an instance other interfaces, addresses or groups than are read here."""


def instance(
    one: Planned, refs: References, tags: Mapping[str, str]
) -> tuple[Instance, Eni, tuple[str, ...]]:
    """An instance, its interface, and the ids of its groups that are not in the plan.

    `tags` are those that other resources give it. Raises `NotModelledError`.
    """
    for name in OTHER_INTERFACES:
        if one.inputs.get(name):
            raise NotModelledError(f"{one.title}: {name} is not read")
    subnet = refs.required(one, "subnetId", SUBNET)
    groups = list(refs.many(one, "vpcSecurityGroupIds", GROUP, DEFAULT_GROUP))
    if not groups:
        raise NotModelledError(f"{one.title}: it has no vpcSecurityGroupIds, and so other groups")
    planned = [each for each in groups if isinstance(each, Planned)]
    others = tuple(each for each in groups if isinstance(each, str))
    eni = Eni(
        id=refs.interface(one),
        vpc_id=refs.named(subnet, "vpcId", VPC),
        subnet_id=refs.name(subnet),
        mac="",
        address=address(one, "privateIp"),
        public_address=_public_address(one, subnet),
        # On unless it is turned off (hashicorp/terraform-provider-aws,
        # website/docs/r/instance.html.markdown).
        source_dest_check=one.inputs.get("sourceDestCheck", True) is not False,
        group_ids=tuple(sorted((*others, *(refs.name(each) for each in planned)))),
        instance_id=refs.name(one),
    )
    return _instance(one, refs, eni, tags), eni, others


def _instance(one: Planned, refs: References, eni: Eni, tags: Mapping[str, str]) -> Instance:
    metadata = one.inputs.get("metadataOptions") or {}
    return Instance(
        id=refs.name(one),
        # A deployment starts no instance that is stopped.
        state=_text(one.known("instanceState")) or "running",
        eni_ids=(eni.id,),
        image_id=_text(one.known("ami")),
        instance_type=_text(one.known("instanceType")),
        zone=_text(one.known("availabilityZone")),
        region="",
        account="",
        reservation_id="",
        launched="",
        private_name=_text(one.known("privateDns")),
        # What EC2 takes where the launch names nothing (EC2 API Reference,
        # "InstanceMetadataOptionsRequest").
        hop_limit=int(metadata.get("httpPutResponseHopLimit", 1)),
        tokens_required=metadata.get("httpTokens", "optional") == "required",
        metadata_enabled=metadata.get("httpEndpoint", "enabled") == "enabled",
        metadata_tags=metadata.get("instanceMetadataTags", "disabled") == "enabled",
        profile_arn=None,
        profile_id=None,
        role=None,
        tags=MappingProxyType({**tags_of(one), **tags}),
    )


def _public_address(one: Planned, subnet: Planned) -> IPv4Address | None:
    """The public address that it has, or that AWS is to choose."""
    known = one.outputs.get("publicIp") if one.id else None
    if isinstance(known, str) and known.count(".") == 3:  # noqa: PLR2004  # an IPv4 address
        return IPv4Address(known)
    if known == "":
        return None
    asked = one.inputs.get("associatePublicIpAddress")
    has_one = subnet.inputs.get("mapPublicIpOnLaunch") if asked is None else asked
    return PUBLIC if has_one is True else None


def tags_of(one: Planned) -> dict[str, str]:
    """The tags that a resource gives itself."""
    tags = one.inputs.get("tags") or {}
    return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401  # any JSON value
    return value if isinstance(value, str) else ""
