"""kube-network-policies as a DaemonSet of the cluster."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from podnet.components import daemon_set
from podnet.plan import network_policy
from podnet.plan.policy_objects import Engine

NAME = str(Engine.KUBE_NETWORK_POLICIES)
LABELS = {"app": NAME, "tier": "node"}


@dataclass(frozen=True, kw_only=True, slots=True)
class KubeNetworkPoliciesArgs:
    """Arguments of `KubeNetworkPolicies`."""

    image: str
    """Its container image, by digest."""


class KubeNetworkPolicies(pulumi.ComponentResource):
    """kube-network-policies on every node, with no more rights than it uses.

    It decides on the first packets of connections in user space, which the kernel hands to it by
    NFQUEUE. It has no socket of containerd, which upstream's manifest mounts: by that a pod could
    change containers, and without it policies hold for a pod once the API knows its address.
    """

    def __init__(
        self,
        name: str,
        args: KubeNetworkPoliciesArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:KubeNetworkPolicies", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        namespace = daemon_set.namespace(name, NAME, LABELS, child)
        account = k8s.core.v1.ServiceAccount(
            name, metadata={"name": NAME, "namespace": namespace, "labels": LABELS}, opts=child
        )
        rules: list[k8s.rbac.v1.PolicyRuleArgsDict] = [
            {"api_groups": [group], "resources": kinds, "verbs": ["list", "watch"]}
            for group, kinds in {
                "": ["namespaces", "pods"],
                "networking.k8s.io": ["networkpolicies"],
            }.items()
        ]
        rights = daemon_set.rights(name, account, LABELS, rules, child)
        k8s.apps.v1.DaemonSet(
            name,
            metadata={"name": NAME, "namespace": namespace, "labels": LABELS},
            spec={
                "selector": {"match_labels": LABELS},
                "template": {
                    "metadata": {"labels": LABELS},
                    "spec": daemon_set.pod(account.metadata["name"], [self._daemon()]),
                },
            },
            # Without its rights the daemon would crash-loop with back-off.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})

    def _daemon(self) -> k8s.core.v1.ContainerArgsDict:
        command = [
            "/bin/netpol",
            "--hostname-override=$(NODE_NAME)",
            f"--nfqueue-id={network_policy.QUEUE}",
            f"--metrics-bind-address=127.0.0.1:{network_policy.METRICS_PORT}",
        ]
        # It has no other path (cmd/main.go@v0.8.0): that a kernel lacks NFQUEUE shows in its log.
        health = daemon_set.asks("/metrics", network_policy.METRICS_PORT)
        return {
            **daemon_set.container(NAME, self._args.image, command, {}, ["NET_ADMIN"]),
            "env": [daemon_set.from_field("NODE_NAME", "spec.nodeName")],
            "liveness_probe": {**health, "initial_delay_seconds": 10},
            "readiness_probe": {**health, "period_seconds": 3},
        }
