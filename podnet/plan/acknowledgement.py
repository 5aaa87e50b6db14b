"""What a node says of the routing that it has applied, in an SSM parameter of its own (ADR 43).

Standard library only, since every node receives this module in its release.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from podnet.plan.address import AddressPlan

VERSION = 1
UNWRITTEN = "none"
"""The value of a parameter until its node has written it; SSM allows no empty one (PutParameter: at
least one character)."""
APART = 0.5
"""Seconds between the writes of two nodes that change at once: an account takes 3 calls of
PutParameter a second in a region, of all its callers (AWS Support, as in
github-aws-runners/terraform-aws-github-runner#2944; the AWS General Reference has no number)."""
MOST_SHOWN = 80
"""Characters that an error shows of a value."""
MOST_TEXT = 1000
"""Characters of a node's problems; a standard parameter holds 4,096 (Systems Manager User Guide,
"Managing parameter tiers"), and a tag 256."""


def folder(stack: str) -> str:
    """Where the parameters of a stack's nodes are; `stack` is `plan.tags.identity`."""
    return f"/podnet/{stack}/nodes"


def parameter(stack: str, node: str) -> str:
    """The parameter of a node."""
    return f"{folder(stack)}/{node}"


def folder_beside(files: str) -> str:
    """The same on a node, which knows the folder of releases, `PODNET_FILES` of its node.env."""
    return f"{files.removesuffix('/files')}/nodes"


def turn(plan: AddressPlan, number: int, zones: int) -> float:
    """Seconds that a node with this number waits, so that not all nodes write at once.

    Zones take turns: numbers of the second zone begin where the first could not have more nodes.
    """
    zone, place = divmod(number, plan.size)
    return ((place - 1) * zones + zone) * APART


@dataclass(frozen=True, kw_only=True)
class Acknowledgement:
    """What the agent of a node had applied when it was written."""

    instance: str
    """The id of the instance: another one may have had this node's name before."""
    boot: str
    """The id of its boot."""
    routing: str | None
    """The value of the tag `podnet:routing` that was applied last; None before there is one."""
    files: str
    """The folder of the release that runs; empty where no agent runs."""
    problems: tuple[str, ...]
    """What keeps the node from being ready for pods, or from following its tag."""
    time: str
    """When it was written, by the node's clock, in ISO 8601."""

    def text(self) -> str:
        """The value of the parameter."""
        said = "\n".join(self.problems)[:MOST_TEXT]
        # SSM takes two braces for a reference (Systems Manager User Guide, "Parameter Store").
        said = said.replace("{{", "{ {").replace("}}", "} }")
        return json.dumps({**asdict(self), "problems": said.splitlines(), "version": VERSION})

    @classmethod
    def parse(cls, text: str) -> Acknowledgement | None:
        """What a parameter holds; None where no node has written it.

        Anybody with the permission may have written it, so each value is looked at. Raises
        `ValueError` for what no node of podnet writes.
        """
        if text == UNWRITTEN:
            return None
        try:
            found = json.loads(text)
            values = {each.name: found[each.name] for each in fields(cls)}
            said = cls(**{**values, "problems": tuple(map(str, values["problems"]))})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(_odd(text)) from error
        routing = "" if said.routing is None else said.routing
        texts = (said.instance, said.boot, routing, said.files, said.time)
        is_list = isinstance(values["problems"], list)
        if not (is_list and all(isinstance(each, str) for each in texts)):
            raise ValueError(_odd(text))
        return said


def _odd(text: str) -> str:
    return f"{text[:MOST_SHOWN]!r} is nothing that a node of podnet writes"
