"""The tree an instance reads from its metadata service (EC2 User Guide, "Instance metadata")."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeAlias

from lab.cloud.credentials import Keys
from lab.cloud.facts import Instance, Interface

Leaf: TypeAlias = str | Callable[[], str]
"""A text, or what makes it for the one who asks."""
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
    """How a directory of the tree is shown."""
    return "\n".join(
        f"{name}/" if isinstance(node, Mapping) else name for name, node in sorted(tree.items())
    )


def build(instance: Instance, now: datetime, keys: Callable[[Instance], Keys]) -> Tree:
    """Everything below `/latest/` but the user data and the token."""
    primary = instance.interfaces[0]
    region = instance.region
    meta: dict[str, Tree | Leaf] = {
        "ami-id": instance.image_id,
        "ami-launch-index": "0",
        "ami-manifest-path": "(unknown)",
        "hostname": instance.name,
        "local-hostname": instance.name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.type,
        "local-ipv4": str(primary.address),
        "mac": primary.mac,
        "network": {
            "interfaces": {
                "macs": {
                    interface.mac: _interface(instance, interface)
                    for interface in instance.interfaces
                }
            }
        },
        "placement": {"availability-zone": instance.zone, "region": region},
        "profile": "default-hvm",
        "reservation-id": instance.reservation_id,
        "security-groups": "\n".join(primary.groups.values()),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }
    if primary.public_address:
        meta["public-ipv4"] = str(primary.public_address)
        meta["public-hostname"] = _public_name(instance, primary)
    if instance.tags_enabled:
        # A key with a slash cannot be told from a path; the launch refuses it, as EC2 does.
        meta["tags"] = {"instance": dict(instance.tags)}
    if instance.profile_arn:
        meta["iam"] = _iam(instance, now, keys)
    return {
        "meta-data": meta,
        "dynamic": {"instance-identity": {"document": _identity(instance, primary)}},
    }


def _interface(instance: Instance, interface: Interface) -> Tree:
    tree: dict[str, Tree | Leaf] = {
        "device-number": str(interface.device),
        "interface-id": interface.eni_id,
        "local-hostname": instance.name,
        "local-ipv4s": str(interface.address),
        "mac": interface.mac,
        "owner-id": instance.account,
        "security-group-ids": "\n".join(interface.groups),
        "security-groups": "\n".join(interface.groups.values()),
        "subnet-id": interface.subnet_id,
        "subnet-ipv4-cidr-block": str(interface.subnet),
        "vpc-id": interface.vpc_id,
        "vpc-ipv4-cidr-block": str(interface.vpc),
        "vpc-ipv4-cidr-blocks": str(interface.vpc),
    }
    if interface.public_address:
        tree["public-ipv4s"] = str(interface.public_address)
        tree["public-hostname"] = _public_name(instance, interface)
        tree["ipv4-associations"] = {str(interface.public_address): str(interface.address)}
    return tree


def _public_name(instance: Instance, interface: Interface) -> str:
    dashed = str(interface.public_address).replace(".", "-")
    return f"ec2-{dashed}.{instance.region}.compute.amazonaws.com"


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
            "Expiration": _stamp(keys.ends),
        },
        indent=2,
    )


def _identity(instance: Instance, primary: Interface) -> str:
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
            "instanceType": instance.type,
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
