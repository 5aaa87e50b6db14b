"""The metadata of one instance as a tree (EC2 User Guide, "Instance metadata categories")."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from podnet.lab.clients import domain, partition
from podnet.lab.cloud.services.credentials import Keys
from podnet.world.model import Eni, Instance, World

Leaf: TypeAlias = str | Callable[[], str]
"""A value, or a function that computes it per request."""
Tree: TypeAlias = Mapping[str, "Tree | Leaf"]


def find(tree: Tree, path: str) -> Tree | Leaf | None:
    """The node at `path`; names are separated by slashes, doubled ones count once."""
    node: Tree | Leaf | None = tree
    for name in filter(None, path.split("/")):
        if not isinstance(node, Mapping):
            return None
        node = node.get(name)
    return node


def listing(tree: Tree) -> str:
    """A directory's names, one a line, sorted; a subdirectory's name ends in a slash."""
    return "\n".join(
        f"{name}/" if isinstance(node, Mapping) else name for name, node in sorted(tree.items())
    )


def build(
    world: World, instance: Instance, now: datetime, keys: Callable[[Instance], Keys]
) -> Tree:
    """Everything below `/latest/` but the user data and the token."""
    # The world refuses an instance with several interfaces, so the primary one is all there is.
    [primary] = [eni for eni in world.enis if eni.instance_id == instance.id]
    interface = _interface(world, instance, primary)
    meta: dict[str, Tree | Leaf] = {
        "ami-id": instance.image_id,
        "ami-launch-index": "0",
        "ami-manifest-path": "(unknown)",
        "hostname": instance.private_name,
        "local-hostname": instance.private_name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.instance_type,
        "local-ipv4": str(primary.address),
        "mac": primary.mac,
        "network": {"interfaces": {"macs": {primary.mac: interface}}},
        "placement": {"availability-zone": instance.zone, "region": instance.region},
        "profile": "default-hvm",
        "reservation-id": instance.reservation_id,
        "security-groups": interface["security-groups"],
        "services": {"domain": domain(instance.region), "partition": partition(instance.region)},
    }
    if primary.public_address:
        meta["public-ipv4"] = str(primary.public_address)
        meta["public-hostname"] = _public_name(instance, primary)
    if instance.metadata_tags:
        # A key with a slash would read as a path; the launch refuses it, as EC2 does.
        meta["tags"] = {"instance": dict(instance.tags)}
    if instance.profile_arn:
        meta["iam"] = _iam(instance, now, keys)
    return {
        "meta-data": meta,
        "dynamic": {"instance-identity": {"document": _identity(instance, primary)}},
    }


def _interface(world: World, instance: Instance, eni: Eni) -> dict[str, Tree | Leaf]:
    names = {group.id: group.name for group in world.security_groups}
    vpc = world.vpc(eni.vpc_id)
    tree: dict[str, Tree | Leaf] = {
        "device-number": "0",
        "interface-id": eni.id,
        "local-hostname": instance.private_name,
        "local-ipv4s": str(eni.address),
        "mac": eni.mac,
        "owner-id": instance.account,
        "security-group-ids": "\n".join(eni.group_ids),
        "security-groups": "\n".join(names[item] for item in eni.group_ids if item in names),
        "subnet-id": eni.subnet_id,
        "subnet-ipv4-cidr-block": str(world.subnet(eni.subnet_id).cidr),
        "vpc-id": eni.vpc_id,
        "vpc-ipv4-cidr-block": str(vpc.cidr),
        "vpc-ipv4-cidr-blocks": "\n".join(map(str, vpc.cidrs)),
    }
    if eni.public_address:
        tree["public-ipv4s"] = str(eni.public_address)
        tree["public-hostname"] = _public_name(instance, eni)
        tree["ipv4-associations"] = {str(eni.public_address): str(eni.address)}
    return tree


def _public_name(instance: Instance, eni: Eni) -> str:
    dashed = str(eni.public_address).replace(".", "-")
    return f"ec2-{dashed}.{instance.region}.compute.{domain(instance.region)}"


def _iam(instance: Instance, now: datetime, keys: Callable[[Instance], Keys]) -> Tree:
    tree: dict[str, Tree | Leaf] = {
        "info": json.dumps(
            {
                "Code": "Success",
                "LastUpdated": _stamp(now),
                "InstanceProfileArn": instance.profile_arn,
                "InstanceProfileId": instance.profile_id,
            },
            indent=2,
        )
    }
    if instance.role:
        tree["security-credentials"] = {instance.role: lambda: _credentials(keys(instance))}
    return tree


def _credentials(keys: Keys) -> str:
    return json.dumps(
        {
            "Code": "Success",
            "LastUpdated": _stamp(keys.issued),
            "Type": "AWS-HMAC",
            "AccessKeyId": keys.key_id,
            "SecretAccessKey": keys.secret,
            "Token": keys.token,
            "Expiration": _stamp(keys.expires),
        },
        indent=2,
    )


def _identity(instance: Instance, primary: Eni) -> str:
    return json.dumps(
        {
            "accountId": instance.account,
            "architecture": "x86_64",
            "availabilityZone": instance.zone,
            "billingProducts": None,
            "devpayProductCodes": None,
            "marketplaceProductCodes": None,
            "imageId": instance.image_id,
            "instanceId": instance.id,
            "instanceType": instance.instance_type,
            "kernelId": None,
            "pendingTime": instance.launched,
            "privateIp": str(primary.address),
            "ramdiskId": None,
            "region": instance.region,
            "version": "2017-09-30",
        },
        indent=2,
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
