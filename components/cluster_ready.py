"""Wait until the nodes form the cluster that the settings ask for."""

from __future__ import annotations

from asyncio import sleep
from collections.abc import Awaitable
from dataclasses import dataclass
from time import monotonic
from typing import cast

import pulumi
import pulumi_aws as aws
from pulumi.output import UNKNOWN

from podnet.plan.kubernetes import CONTROL_PLANE_NODE, UNWRITTEN, Parameters

POLL_SECONDS = 3.0
PROGRESS_SECONDS = 6.0
"""Seconds between progress messages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ClusterReady:
    """A wait for the kubeconfig and the right number of nodes, with a timeout."""

    parameters: Parameters
    node_counts: str
    """Wanted number of nodes in each zone, as in 3,1,1."""
    timeout_seconds: int

    def kubeconfig(self, begun: pulumi.Output[object]) -> pulumi.Output[str]:
        """The administrator's kubeconfig, a secret, once the cluster is ready.

        The wait starts when `begun` is known. A preview does not wait: what is not written yet is
        unknown to it.
        """
        preview = pulumi.runtime.is_dry_run()

        def find(_: object) -> Awaitable[str] | pulumi.Output[str]:
            return self._present() if preview else self._wait()

        found: pulumi.Output[str] = begun.apply(find)
        return pulumi.Output.secret(found)

    def _present(self) -> pulumi.Output[str]:
        return _read(self.parameters.kubeconfig).apply(_unknown_unless_written)

    async def _wait(self) -> str:
        started = reported = monotonic()
        while True:
            kubeconfig = await _value(self.parameters.kubeconfig)
            missing = (
                f"{CONTROL_PLANE_NODE} has not created the cluster: nothing is in "
                f"{self.parameters.kubeconfig}"
                if kubeconfig == UNWRITTEN
                else await self._surplus_nodes()
            )
            if not missing:
                return kubeconfig
            now = monotonic()
            if now - started >= self.timeout_seconds:
                raise pulumi.RunError(self._timeout(missing))
            if now - reported >= PROGRESS_SECONDS or now == started:
                reported = now
                pulumi.log.info(
                    f"kubernetes: waiting, {now - started:.0f} of at most "
                    f"{self.timeout_seconds} s; {missing}"
                )
            await sleep(POLL_SECONDS)

    async def _surplus_nodes(self) -> str | None:
        """Why the number of nodes is not the wanted one yet; None where it is."""
        settled = await _value(self.parameters.settled)
        if settled == self.node_counts:
            return None
        return (
            f"the control plane has not settled at {self.node_counts} nodes: "
            f"{self.parameters.settled} says {settled}; nodes above that are drained first"
        )

    def _timeout(self, missing: str) -> str:
        return (
            f"{missing}, and podnet:clusterTimeoutSeconds ({self.timeout_seconds} s) is over. Look "
            "at `journalctl -u podnet-kubernetes -u podnet-control-plane` on "
            f"{CONTROL_PLANE_NODE}; where there is no such unit, the node's console (`aws ec2 "
            "get-console-output`) names an image that podnet does not run on, or cloud-init could "
            "not read the metadata service as the node booted, and so no user data: reboot the "
            "node (`aws ec2 reboot-instances`), which makes it try again; at the security group of "
            "the nodes, which must let everything out and the nodes to each other; and at the role "
            f"of {CONTROL_PLANE_NODE}, which needs ssm:GetParameter and ssm:PutParameter below "
            f"{self.parameters.root}. Nothing was deleted; another deployment goes on waiting"
        )


async def _value(name: str) -> str:
    return await _read(name).future() or UNWRITTEN


def _read(name: str) -> pulumi.Output[str]:
    """The present value of a parameter; raises `RunError` where it cannot be read."""

    def unreadable(error: Exception) -> str:
        raise pulumi.RunError(
            f"the parameter {name} cannot be read: {error}. Whoever deploys needs ssm:GetParameter "
            "on it; if it is gone, run `pulumi refresh` and deploy again"
        ) from error

    found = aws.ssm.get_parameter_output(name=name, with_decryption=True)
    return found.apply(lambda parameter: parameter.value or UNWRITTEN).recover(unreadable)


def _unknown_unless_written(kubeconfig: str) -> str:
    return cast("str", UNKNOWN) if kubeconfig == UNWRITTEN else kubeconfig
