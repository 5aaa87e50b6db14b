"""Runs kubectl in the lab's internet, with the administrator's kubeconfig.

The kubeconfig is read from SSM for each run and handed over in memory: it is on no disk.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

from podnet.errors import UserError
from podnet.lab.clients import Client
from podnet.lab.home import Home
from podnet.lab.images import programs as build
from podnet.plan.kubernetes import UNWRITTEN, Parameters
from podnet.plan.tags import short
from podnet.system.commands import CommandError


class NoClusterError(UserError):
    """The stack has no cluster, or none yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kubectl:
    """The program and what it needs to reach one stack's cluster."""

    program: Path
    namespace: str
    """The network namespace it runs in."""
    cache: Path
    kubeconfig: str

    @classmethod
    def of(cls, home: Home, stack: str, ssm: Client) -> Kubectl:
        """For the cluster of this stack; raises `NoClusterError` where there is none."""
        kubeconfig = read_kubeconfig(ssm, stack)
        return cls(
            program=build.ensure(home.image) / "kubectl",
            kubeconfig=kubeconfig,
            namespace=home.internet_namespace,
            cache=home.kubectl_cache,
        )

    def run(self, *arguments: str, stdin: str | None = None, timeout: float | None = None) -> str:
        """Run it to its end and return its standard output; raises `CommandError` if it fails."""
        with self._file() as file:
            done = subprocess.run(
                self._argv(arguments),
                input=stdin,
                capture_output=True,
                text=True,
                check=False,
                env=self._environment(file),
                pass_fds=[file],
                timeout=timeout,
            )
        if done.returncode:
            raise CommandError(["kubectl", *arguments], done.returncode, done.stderr or done.stdout)
        return done.stdout

    def run_other(self, program: Path, arguments: Sequence[str], output: TextIO) -> int:
        """Run another program where kubectl runs, with the same kubeconfig; its exit code."""
        with self._file() as file:
            environment = self._environment(file)
            option = f"--kubeconfig={environment['KUBECONFIG']}"
            return subprocess.run(
                [*self._argv((option, *arguments), program)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
                env=environment,
                pass_fds=[file],
            ).returncode

    def become(self, arguments: Sequence[str]) -> NoReturn:
        """Replace this process by kubectl, which keeps its streams and gives its exit code."""
        with self._file() as file:
            os.set_inheritable(file, True)  # noqa: FBT003  # its one parameter
            argv = self._argv(arguments)
            os.execvpe(argv[0], argv, self._environment(file))

    @contextmanager
    def _file(self) -> Iterator[int]:
        file = os.memfd_create("kubeconfig")
        try:
            os.write(file, self.kubeconfig.encode())
            yield file
        finally:
            os.close(file)

    def _argv(self, arguments: Sequence[str], program: Path | None = None) -> list[str]:
        ran = str(program or self.program)
        return ["nsenter", f"--net=/run/netns/{self.namespace}", ran, *arguments]

    def _environment(self, file: int) -> Mapping[str, str]:
        # No proxy of this machine is in that network.
        passed = {
            name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
        }
        return {**passed, "KUBECONFIG": f"/proc/self/fd/{file}", "KUBECACHEDIR": str(self.cache)}


def read_kubeconfig(ssm: Client, stack: str) -> str:
    """The administrator's kubeconfig of this stack; raises `NoClusterError` where there is none."""
    name, own = Parameters(stack).kubeconfig, short(stack)
    try:
        value = str(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    except ssm.exceptions.ParameterNotFound:
        raise NoClusterError(
            f"stack {own} has no Kubernetes here (there is no {name}): its settings want none, "
            f"or it is not deployed; `podnet up --stack {own}` deploys it",
            rule="stack-without-cluster",
        ) from None
    if value == UNWRITTEN:
        raise NoClusterError(
            f"the cluster of stack {own} does not exist yet: its control plane has not written "
            f"{name}; `podnet exec --stack {own} node-1 -- journalctl -u podnet-kubernetes` "
            "shows how far it is",
            rule="cluster-not-created",
        )
    return value


def has_cluster(ssm: Client, stack: str) -> bool:
    """True if this stack was deployed with Kubernetes, ready or not."""
    try:
        ssm.get_parameter(Name=Parameters(stack).kubeconfig)
    except ssm.exceptions.ParameterNotFound:
        return False
    return True
