"""The provider as a plugin of the Pulumi CLI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from podnet.lab.providers import plugin
from podnet.lab.providers.kubernetes import KubernetesProvider, configuration
from podnet.lab.providers.protocol import Diff, Values

NAMESPACE = "PODNET_LAB_NAMESPACE"
"""Names the file of the network namespace that clusters are reached from."""


class Servicer(plugin.Servicer):
    """Serves objects of the cluster that a kubeconfig names, from inside the lab."""

    type_ = configuration.TYPE

    def __init__(self, version: str) -> None:
        super().__init__(version)
        path = os.environ.get(NAMESPACE)
        self._served = KubernetesProvider(Path(path) if path else None)

    def checked(self, given: Values) -> Values:
        return self._served.check(self.type_, given)

    def connected(self, given: Values) -> KubernetesProvider:
        return self._served.with_configuration(self.type_, given)

    def compared(self, old: Values, new: Values) -> Diff:
        return self._served.diff(self.type_, "", old, {}, new)

    def unready(self, type_: str, outputs: Values) -> tuple[str, ...]:
        return cast("KubernetesProvider", self.provider).unready(type_, outputs)

    def secret(self, token: str) -> frozenset[str]:
        return self._served.secret(token)


def install(pulumi_home: Path) -> Path:
    """Write the executable for the installed `pulumi_kubernetes`; its path."""
    return plugin.install(pulumi_home, "kubernetes", "podnet.lab.providers.kubernetes.plugin")


def main(version: str) -> None:
    """Serve until the engine is done."""
    plugin.serve(Servicer(version))
