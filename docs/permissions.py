"""The policies of docs/iam: the actions of docs/provider-fidelity.md, on as little as AWS allows.

`python -m docs.permissions` writes the files; a test refuses one that is stale.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from docs.command_statements import BUNDLE, MATRIX, SAID, SWEEPER, VERIFIER
from docs.fidelity import EVENTS, actions, rows
from docs.permission_statements import FLOW_LOGS, STATEMENTS, Statement
from podnet import userdata
from podnet.components.roles import SESSIONS_ALONE
from podnet.plan import acknowledgement
from podnet.plan.kubernetes import Parameters

FOLDER = Path(__file__).with_name("iam")


def wanted() -> frozenset[str]:
    """The actions of every type and look-up."""
    return frozenset(
        action
        for row in rows()
        if row.table == "Permissions"
        for event in EVENTS
        for action in actions(row.subject)[event]
    )


def policies() -> dict[str, dict[str, Any]]:
    """Every policy by the name of its file."""
    return {
        "deployer.json": _policy(_deployer(wanted())),
        "flow-logs.json": _policy(_chosen(FLOW_LOGS, wanted())),
        "nodes.json": _policy(_bare()),
        "nodes-cluster.json": _policy(_nodes()),
        "control-plane-cluster.json": _policy(_control_plane()),
        "matrix.json": _policy(map(_whole, MATRIX)),
        "sweeper.json": _policy(map(_whole, SWEEPER)),
        "bundle.json": _policy(map(_whole, BUNDLE)),
        "verifier.json": _policy(map(_whole, (VERIFIER, SAID))),
    }


def text(policy: Mapping[str, Any]) -> str:
    """The policy as its file has it."""
    return json.dumps(policy, indent=2) + "\n"


def _policy(statements: Iterator[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _whole(statement: Statement) -> dict[str, Any]:
    return statement.document(frozenset(statement.actions)) or {}


def _deployer(asked: frozenset[str]) -> Iterator[dict[str, Any]]:
    placed = {action for each in (*STATEMENTS, *FLOW_LOGS) for action in each.actions}
    if asked - placed:
        raise ValueError(
            f"no statement of docs/permission_statements.py has {', '.join(sorted(asked - placed))}"
        )
    yield from _chosen(STATEMENTS, asked)


def _chosen(statements: Iterable[Statement], asked: frozenset[str]) -> Iterator[dict[str, Any]]:
    yield from filter(None, (statement.document(asked) for statement in statements))


def _bare() -> Iterator[dict[str, Any]]:
    yield _parameters("Read", "ssm:GetParameter", FILES)
    yield _parameters("Write", "ssm:PutParameter", ACKNOWLEDGEMENTS)


def _nodes() -> Iterator[dict[str, Any]]:
    yield _parameters("Read", "ssm:GetParameter", NAMES.join, FILES)
    yield _parameters("Write", "ssm:PutParameter", ACKNOWLEDGEMENTS)
    yield from _sessions()


def _control_plane() -> Iterator[dict[str, Any]]:
    yield _parameters("Read", "ssm:GetParameter", NAMES.nodes, FILES)
    written = (
        NAMES.settled,
        NAMES.join,
        NAMES.kubeconfig,
        NAMES.policies,
        ACKNOWLEDGEMENTS,
    )
    yield _parameters("Write", "ssm:PutParameter", *written)
    yield from _sessions()


NAMES = Parameters("*")
FILES = f"{userdata.release.folder('*')}/*"
ACKNOWLEDGEMENTS = acknowledgement.parameter("*", "*")


def _parameters(sid: str, action: str, *names: str) -> dict[str, Any]:
    resources = [f"arn:*:ssm:*:*:parameter{name}" for name in names]
    return {"Sid": sid, "Effect": "Allow", "Action": [action], "Resource": resources}


def _sessions() -> Iterator[dict[str, Any]]:
    for statement in json.loads(SESSIONS_ALONE)["Statement"]:
        yield {"Sid": "Sessions", **statement}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, policy in policies().items():
        (FOLDER / name).write_text(text(policy))
