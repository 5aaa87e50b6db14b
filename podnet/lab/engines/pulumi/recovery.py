"""Puts into the state of the Pulumi CLI what a killed deployment made and did not record."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from pulumi import automation

from podnet.lab.engines.adoption import Account, Recorded
from podnet.lab.engines.adoption.leftovers import in_another_state
from podnet.lab.providers.urns import name_of
from podnet.plan.tags import STACK

LOG = logging.getLogger("podnet.program")
Item = dict[str, Any]
"""A resource of a state, as `pulumi stack export` writes it."""


class Recovery:
    """One stack of the CLI and the account it is deployed to.

    The CLI writes down a creation with all its inputs before the call. That record becomes a
    resource of the state once its id is known, with what was to be as its outputs; a refresh then
    reads what is. `pulumi refresh --import-pending-creates` only drops the record (pulumi/pulumi
    v3.274.1, pkg/backend/snapshot.go: of the pending operations, a run takes over creations alone).
    """

    def __init__(self, stack: automation.Stack, account: Account) -> None:
        self._stack = stack
        self._account = account

    def adopt(self) -> list[str]:
        """Take over what the open creations made; the names of these resources."""
        state = self._stack.export_stack()
        deployment = dict(state.deployment or {})
        resources: list[Item] = list(deployment.get("resources") or ())
        adopted: list[str] = []
        for pending in _open_creations(deployment):
            found = self._account.find(
                pending["type"],
                name_of(pending["urn"]),
                pending.get("inputs") or {},
                _recorded(resources).get(pending["type"], ()),
            )
            if found is None:
                continue
            self._account.finish(pending["type"], found)
            for item in resources:
                if item["urn"] == pending["urn"]:
                    item["delete"] = True  # it was to be replaced by this one
            outputs = {**(pending.get("inputs") or {}), **found.outputs}
            resources.append({**pending, "id": found.id, "outputs": outputs})
            adopted.append(name_of(pending["urn"]))
        if deployment.get("pending_operations"):
            deployment |= {"resources": resources, "pending_operations": []}
            self._stack.import_stack(automation.Deployment(state.version, deployment))
        return adopted

    def resources(self) -> list[Item]:
        """The resources of the state; each call runs the CLI, which takes a second."""
        deployment = self._stack.export_stack().deployment or {}
        return list(deployment.get("resources") or ())

    def refuse_occupied(self, tag: str, state: list[Item]) -> None:
        """Raise `EngineError` where the state has nothing, and another state has this stack."""
        if _recorded(state):
            return
        found = self._account.leftovers({tag}, {})
        if in_use := [each.id for each in found if not each.unused]:
            raise in_another_state(in_use)

    def clear_leftovers(self, before: list[Item]) -> None:
        """Delete what a repeated call made twice; name what else bears the tag of the stack.

        The tags are those of the state as it is, and as it was `before` the run.
        """
        now = self.resources()
        for leftover in self._account.leftovers(stack_tags([*before, *now]), _recorded(now)):
            if leftover.unused:
                self._account.delete(leftover)
            else:
                LOG.warning(leftover.text)


def stack_tags(resources: list[Item]) -> set[str]:
    """The stacks of which resources bear the tag."""
    found = [(item.get("inputs") or {}).get("tags") or {} for item in resources]
    return {each[STACK] for each in found if STACK in each}


def _open_creations(deployment: Item) -> Iterator[Item]:
    """The resources of the account of which nobody knows whether they were made."""
    for operation in deployment.get("pending_operations") or ():
        resource = operation["resource"]
        if operation["type"] == "creating" and Account.serves(resource["type"]):
            yield resource


def _recorded(resources: list[Item]) -> Recorded:
    found: dict[str, set[str]] = {}
    for item in resources:
        if Account.serves(item["type"]):
            found.setdefault(item["type"], set()).add(item["id"])
    return found
