"""The NetworkPolicy objects of a cluster in an account, as its control plane wrote them down."""

from __future__ import annotations

from podnet.account.session import Client, explained
from podnet.plan.kubernetes import Parameters
from podnet.plan.policy_objects import Found
from podnet.world.reader.calls import pages


def read(ssm: Client, identity: str) -> Found:
    """What is in the stack's parameter, nothing where there is none; raises `UserError`."""
    path = Parameters(identity).policy_folder
    with explained("ssm"):
        found = pages(ssm, "get_parameters_by_path", "Parameters", Path=path, WithDecryption=False)
        return Found.parse(next((each["Value"] for each in found), ""))
