"""What a probe may do in a cluster: the rights it asks for before it makes anything."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from podnet.cluster.workload import NAMESPACE
from podnet.errors import UserError


@dataclass(frozen=True, slots=True)
class Right:
    """One verb on one kind, as RBAC has it."""

    verb: str
    resource: str
    group: str = ""
    subresource: str = ""
    everywhere: bool = False
    """True for kinds that are in no namespace."""

    def attributes(self) -> dict[str, str]:
        """As a SelfSubjectAccessReview asks for it."""
        found = {
            "verb": self.verb,
            "resource": self.resource,
            "group": self.group,
            "subresource": self.subresource,
            "namespace": "" if self.everywhere else NAMESPACE,
            "name": NAMESPACE if self.resource == "namespaces" and self.verb != "create" else "",
        }
        return {key: value for key, value in found.items() if value}

    def __str__(self) -> str:
        kind = ".".join(filter(None, (self.resource, self.group)))
        where = "in the cluster" if self.everywhere else f"in namespace {NAMESPACE}"
        return f"{self.verb} {'/'.join(filter(None, (kind, self.subresource)))} {where}"


RIGHTS = (
    Right("list", "nodes", everywhere=True),
    *(Right(verb, "namespaces", everywhere=True) for verb in ("get", "create", "delete")),
    Right("create", "configmaps"),
    Right("create", "daemonsets", "apps"),
    Right("list", "pods"),
    Right("list", "events"),
    # A command over a web socket is a GET; since Kubernetes 1.35 the API server asks for `create`
    # too (feature gate AuthorizePodWebsocketUpgradeCreatePermission).
    *(Right(verb, "pods", subresource="exec") for verb in ("get", "create")),
)


def check(allows: Callable[[Right], bool], server: str) -> None:
    """Raise `UserError` that names each right that is lacking."""
    lacking = [right for right in RIGHTS if not allows(right)]
    if lacking:
        lines = "\n".join(f"  - {right}" for right in lacking)
        raise UserError(
            f"the kubeconfig's user may not probe the cluster at {server}; it lacks\n{lines}\n"
            "docs/matrix-cluster.yaml is a ClusterRole with all of them. Nothing was made.",
            rule="cluster-rights-missing",
        )
