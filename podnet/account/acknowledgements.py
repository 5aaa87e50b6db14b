"""What the nodes of a stack in an account said last, each in its SSM parameter (ADR 43)."""

from __future__ import annotations

from podnet.account.session import Client, explained
from podnet.plan.acknowledgement import folder
from podnet.plan.laggards import by_node
from podnet.world.reader.calls import pages


def read(ssm: Client, identity: str) -> dict[str, str]:
    """The value of each node's parameter, by the node's name; raises `UserError`."""
    path = folder(identity)
    with explained("ssm"):
        found = pages(ssm, "get_parameters_by_path", "Parameters", Path=path, WithDecryption=False)
        return by_node((each["Name"], each["Value"]) for each in found)
