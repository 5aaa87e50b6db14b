"""What the nodes of a stack in an account said last, each in its SSM parameter (ADR 43)."""

from __future__ import annotations

from podnet.account.session import Client, explained
from podnet.plan.acknowledgement import Acknowledgement, folder
from podnet.plan.laggards import by_node
from podnet.world.reader.calls import pages

MOST = 80
"""Characters that are shown of a value."""


def read(ssm: Client, identity: str) -> dict[str, str]:
    """The value of each node's parameter, by the node's name; raises `UserError`."""
    path = folder(identity)
    with explained("ssm"):
        found = pages(ssm, "get_parameters_by_path", "Parameters", Path=path, WithDecryption=False)
        return by_node((each["Name"], each["Value"]) for each in found)


def parsed(text: str) -> Acknowledgement | None:
    """What a parameter says; None where no node has written it.

    Anybody with the permission may have written it, so each value is looked at. Raises `ValueError`
    for what no node of podnet writes.
    """
    odd = f"{text[:MOST]!r} is nothing that a node of podnet writes"
    try:
        said = Acknowledgement.parse(text)
    except ValueError:
        raise ValueError(odd) from None
    if said and not all(
        isinstance(each, str)
        for each in (
            said.instance,
            said.boot,
            said.files,
            said.time,
            "" if said.routing is None else said.routing,
        )
    ):
        raise ValueError(odd)
    return said
