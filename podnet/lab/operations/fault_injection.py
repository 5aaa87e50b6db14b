"""How the lab's API treats the deployments of a stack: with faults, and by the policies of docs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.home import PROJECT
from podnet.lab.stack.lab_stack import LabStack

POLICIES = PROJECT / "docs" / "iam"
NONE = "none"
"""The word that ends all faults."""


def deployer_policy() -> dict[str, Any]:
    """The policy of whoever deploys a stack, with a cluster or without."""
    return _read("deployer.json")


def flow_logs_policy() -> dict[str, Any]:
    """What they need besides for flow logs."""
    return _read("flow-logs.json")


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((POLICIES / name).read_text())
    return found


def settings_of(faults: Sequence[str], *, enforce_iam: bool) -> Settings | None:
    """The treatment that options ask for; None where they ask for none."""
    if not faults and not enforce_iam:
        return None
    chosen = [] if NONE in faults else faults
    policies = [deployer_policy(), flow_logs_policy()]
    return Settings.of(chosen, policies=policies if enforce_iam else None)


def treat(stack: LabStack, settings: Settings | None) -> str:
    """Let the API treat deployments so, if at all given; a sentence on what holds, or nothing."""
    if settings is not None:
        control.change(stack.endpoint, settings)
    held = Settings.of_json(control.report(stack.endpoint))
    parts = [str(fault) for fault in held.faults]
    parts += ["permissions of docs/iam alone"] if held.policies is not None else []
    return f"the lab's API injects faults: {', '.join(parts)}" if parts else ""
