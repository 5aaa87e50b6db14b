"""Reads the lab's API into a `World`, and refuses by name what the fabric does not model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields

from podnet.lab.clients import Client, Item
from podnet.lab.cloud.world import unsupported
from podnet.world.model import GONE, World
from podnet.world.reader.read import read


def observe(ec2: Client, iam: Client) -> World:
    """The world that the clients of one region describe.

    Raises `UnmodelledError`, naming the thing, for what the fabric would have to guess about.
    """
    world = read(ec2, roles=lambda rows: _roles(iam, rows))
    unsupported.refuse(world)
    return world


def merge(worlds: Sequence[World]) -> World:
    """The worlds of several regions as one: ids are unique, and no route crosses regions."""
    return World(
        **{
            field.name: tuple(
                sorted(
                    (item for world in worlds for item in getattr(world, field.name)),
                    key=lambda item: str(item.id),
                )
            )
            for field in fields(World)
        }
    )


def _roles(iam: Client, rows: Iterable[Item]) -> dict[str, str | None]:
    """The name of the role in each profile that an instance has, by the profile's ARN."""
    arns = {
        row["IamInstanceProfile"]["Arn"]
        for row in rows
        if "IamInstanceProfile" in row and row["State"]["Name"] not in GONE
    }
    return {arn: _role(iam, arn) for arn in arns}


def _role(iam: Client, arn: str) -> str | None:
    name = arn.rpartition("/")[2]
    try:
        roles = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Roles"]
    except iam.exceptions.NoSuchEntityException:
        return None
    return next((role["RoleName"] for role in roles), None)
