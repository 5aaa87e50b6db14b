"""A world as a file: JSON that is read back exactly, or refused.

    {"format": "podnet-world", "version": 1, "world": {"vpcs": [...], "subnets": [...], ...}}

The world has the fields of `model`. Where a resource has an address or a range, the file has a
list, which takes one of each family; `SecurityRule.peer` is `{"range": [...]}` or `{"group": ID}`.
A field without a value is null, and a list of addresses empty.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from podnet.errors import UserError
from podnet.world.codec import MalformedError, decode, encode
from podnet.world.model import Eni, RouteTable, SecurityGroup, Subnet, World

FORMAT = "podnet-world"
VERSION = 1
"""Of the format; a reader refuses a later one, which may hold what it does not know."""


def dumps(world: World) -> str:
    """The world as the text of a file."""
    document = {"format": FORMAT, "version": VERSION, "world": encode(world)}
    return json.dumps(document, indent=1) + "\n"


def save(world: World, path: Path) -> None:
    """Write the world to a file; raises `OSError` where that is not possible."""
    path.write_text(dumps(world), encoding="utf-8")


def load(path: Path) -> World:
    """The world that `save` wrote; raises `UserError` for a file that holds none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise UserError(
            f"{path} cannot be read: {why}; give the file that `--save` wrote",
            rule="world-file-unreadable",
        ) from error
    return loads(text, str(path))


def loads(text: str, name: str) -> World:
    """The world in the text of a file, which errors call `name`."""
    world = _decoded(text, name)
    for problem in _dangling(world):
        raise UserError(
            f"{name} is not a whole world: {problem}; save it again",
            rule="world-file-inconsistent",
        )
    return world


def _decoded(text: str, name: str) -> World:
    try:
        document = json.loads(text)
    # Nesting that is too deep for the parser is no error of JSON's.
    except (ValueError, RecursionError) as error:
        raise UserError(
            f"{name} is not whole JSON ({error}); was it cut off? Save it again",
            rule="world-file-not-json",
        ) from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UserError(
            f'{name} is not a world of podnet: it has no "format": "{FORMAT}"; give a file that '
            "`--save` wrote",
            rule="world-file-of-others",
        )
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        raise UserError(
            f"{name} has version {json.dumps(version)} of the format, and this podnet reads "
            f"{VERSION}; read it with the podnet that wrote it, or save it again",
            rule="world-file-version",
        )
    try:
        return decode(World, document.get("world"))
    except MalformedError as error:
        raise UserError(
            f"{name} is not a whole world: {error}; save it again",
            rule="world-file-malformed",
        ) from error


def _dangling(world: World) -> Iterator[str]:
    """What the world names and does not hold, and what it holds twice."""
    for kind in ("vpcs", "subnets", "route_tables", "gateways", "enis", "instances"):
        ids = Counter(one.id for one in getattr(world, kind))
        yield from (f"it has two {kind} {one}" for one in sorted(ids) if ids[one] > 1)
    vpcs, subnets = {one.id for one in world.vpcs}, {one.id for one in world.subnets}
    placed: tuple[Subnet | RouteTable | SecurityGroup | Eni, ...] = (
        *world.subnets,
        *world.route_tables,
        *world.security_groups,
        *world.enis,
    )
    for each in placed:
        if each.vpc_id not in vpcs:
            yield f"{each.id} is in VPC {each.vpc_id}, which it lacks"
    for eni in world.enis:
        if eni.subnet_id not in subnets:
            yield f"{eni.id} is in subnet {eni.subnet_id}, which it lacks"
    mains = {table.vpc_id for table in world.route_tables if table.main}
    yield from (f"VPC {one} has no main route table" for one in sorted(vpcs - mains))
