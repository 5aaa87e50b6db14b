"""Waiting until the nodes are the cluster that was asked for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import cast

import pulumi
import pulumi_aws as aws
from pulumi.output import UNKNOWN

from components.cluster import NOTHING
from plan.kubernetes import Parameters

POLL_SECONDS = 3.0
WORD_SECONDS = 6.0
"""How often a wait says that it still waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wait:
    """For what a deployment waits, and for how long."""

    parameters: Parameters
    node_count: int
    seconds: int
    """The most that it waits."""

    def kubeconfig(self, begun: pulumi.Output[object]) -> pulumi.Output[str]:
        """The administrator's kubeconfig, a secret, once the cluster is there and settled.

        `begun` is known when the nodes have been told and made; before, there is nothing to wait
        for. A preview waits for nothing: what is not there yet is unknown to it.
        """
        preview = pulumi.runtime.is_dry_run()

        def find(_: object) -> Awaitable[str] | pulumi.Output[str]:
            return self._as_it_is() if preview else self._until_there()

        found: pulumi.Output[str] = begun.apply(find)
        return pulumi.Output.secret(found)

    def _as_it_is(self) -> pulumi.Output[str]:
        return _read(self.parameters.kubeconfig).apply(_if_there)

    async def _until_there(self) -> str:
        began = said = time.monotonic()
        while True:
            kubeconfig = await _value(self.parameters.kubeconfig)
            missing = (
                f"node-1 has not made the cluster: nothing is in {self.parameters.kubeconfig}"
                if kubeconfig == NOTHING
                else await self._unsettled()
            )
            if not missing:
                return kubeconfig
            now = time.monotonic()
            if now - began >= self.seconds:
                raise pulumi.RunError(self._gave_up(missing))
            if now - said >= WORD_SECONDS or now == began:
                said = now
                pulumi.log.info(
                    f"kubernetes: waiting, {now - began:.0f} of at most {self.seconds} s; {missing}"
                )
            await asyncio.sleep(POLL_SECONDS)

    async def _unsettled(self) -> str:
        """What is still to be done about the number of nodes; nothing where it is done."""
        settled = await _value(self.parameters.settled)
        if settled == str(self.node_count):
            return ""
        return (
            f"the control plane has not settled at {self.node_count} nodes: "
            f"{self.parameters.settled} says {settled}; nodes above that are drained first"
        )

    def _gave_up(self, missing: str) -> str:
        return (
            f"{missing}, and podnet:clusterTimeoutSeconds ({self.seconds} s) is over. Look at "
            "`journalctl -u podnet-kubernetes -u podnet-control-plane` on node-1; at the security "
            "group of the nodes, which must let everything out and the nodes to each other; and "
            "at the role of node-1, which needs ssm:GetParameter and ssm:PutParameter below "
            f"{self.parameters.root}. Nothing was deleted; another deployment goes on waiting"
        )


async def _value(name: str) -> str:
    value: str | None = await _read(name).future()
    return NOTHING if value is None else value


def _read(name: str) -> pulumi.Output[str]:
    """A parameter as it is now; raises `RunError` where it cannot be read."""

    def unreadable(error: Exception) -> str:
        raise pulumi.RunError(
            f"the parameter {name} cannot be read: {error}. Whoever deploys needs ssm:GetParameter "
            "on it; if it is gone, run `pulumi refresh` and deploy again"
        ) from error

    found = aws.ssm.get_parameter_output(name=name, with_decryption=True)
    return found.apply(lambda parameter: parameter.value).recover(unreadable)


def _if_there(kubeconfig: str) -> str:
    return cast("str", UNKNOWN) if kubeconfig == NOTHING else kubeconfig
