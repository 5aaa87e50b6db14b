"""kube-router as a DaemonSet of the cluster: its firewall, its router, or both."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from podnet.components import daemon_set
from podnet.plan import kube_router
from podnet.plan.cni import kube_router as router

ACCOUNT = "kube-router"
LABELS = {"app": "kube-router", "tier": "node"}
LOCK = "/run/xtables.lock"
XTABLES = daemon_set.host_path("xtables-lock", LOCK, "FileOrCreate")
KINDS = {
    "": ["endpoints", "namespaces", "nodes", "pods", "services"],
    "discovery.k8s.io": ["endpointslices"],
    "networking.k8s.io": ["networkpolicies"],
}
"""What it watches, by group: all of it, whichever part runs (cmd/kube-router.go@v2.1.0, Run)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KubeRouterArgs:
    """Arguments of `KubeRouter`."""

    image: str
    """Its container image."""
    service_cidr: str
    """The range of Services' addresses."""
    firewall: bool = True
    """Whether it enforces NetworkPolicy."""
    router: bool = False
    """Whether it routes pods, in place of the nodes."""
    conflist: str = ""
    """CNI configuration of the nodes, which the router completes."""
    options: tuple[str, ...] = ()
    """Further flags."""
    environment: tuple[k8s.core.v1.EnvVarArgsDict, ...] = ()
    """Further variables."""


class KubeRouter(pulumi.ComponentResource):
    """kube-router on every node, with no more rights than the parts that run use.

    It is no service proxy: kube-proxy is.
    """

    def __init__(
        self,
        name: str,
        args: KubeRouterArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:KubeRouter", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        namespace = daemon_set.namespace(name, kube_router.NAMESPACE, LABELS, child)
        account = k8s.core.v1.ServiceAccount(
            name,
            metadata={"name": ACCOUNT, "namespace": namespace, "labels": LABELS},
            opts=child,
        )
        rules: list[k8s.rbac.v1.PolicyRuleArgsDict] = [
            {"api_groups": [group], "resources": kinds, "verbs": ["list", "watch"]}
            for group, kinds in KINDS.items()
        ]
        rules.append({"api_groups": [""], "resources": ["nodes"], "verbs": ["get"]})
        rights = daemon_set.rights(name, account, LABELS, rules, child)
        spec = self._pod(account.metadata["name"])
        if args.router:
            config = k8s.core.v1.ConfigMap(
                name,
                metadata={"name": ACCOUNT, "namespace": namespace, "labels": LABELS},
                data={router.TEXT: args.conflist},
                opts=child,
            )
            spec = self._routing(spec, config.metadata["name"])
        k8s.apps.v1.DaemonSet(
            name,
            metadata={"name": "kube-router", "namespace": namespace, "labels": LABELS},
            spec={
                "selector": {"match_labels": LABELS},
                "template": {
                    "metadata": {
                        "labels": LABELS,
                        "annotations": {"podnet/configuration": daemon_set.digest(args.conflist)},
                    },
                    "spec": spec,
                },
            },
            # Without its rights the daemon would crash-loop with back-off.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})

    def _pod(self, account: pulumi.Output[str]) -> k8s.core.v1.PodSpecArgsDict:
        return {
            **daemon_set.pod(account, [self._daemon()]),
            # iptables of the legacy back end takes turns by it with the node's own.
            "volumes": [XTABLES],
        }

    def _routing(
        self, pod: k8s.core.v1.PodSpecArgsDict, config: pulumi.Output[str]
    ) -> k8s.core.v1.PodSpecArgsDict:
        """The pod with the conflist, which it installs and completes."""
        folder = router.CONFLIST.rpartition("/")[0]
        install = daemon_set.container(
            "install-cni",
            self._args.image,
            ["/bin/cp", "-f", f"{router.CONFIGURATION}/{router.TEXT}", router.CONFLIST],
            {"configuration": router.CONFIGURATION, "conflists": folder},
        )
        return {
            **pod,
            "init_containers": [install],
            "volumes": [
                XTABLES,
                {"name": "configuration", "config_map": {"name": config}},
                daemon_set.host_path("conflists", folder),
            ],
        }

    def _daemon(self) -> k8s.core.v1.ContainerArgsDict:
        command = [
            "/usr/local/bin/kube-router",
            f"--run-firewall={_flag(self._args.firewall)}",
            f"--run-router={_flag(self._args.router)}",
            "--run-service-proxy=false",
            f"--service-cluster-ip-range={self._args.service_cidr}",
            f"--health-port={kube_router.HEALTH_PORT}",
            f"--iptables-sync-period={kube_router.SYNC_SECONDS}s",
            *self._args.options,
        ]
        mounts = {"xtables-lock": LOCK}
        environment = [*self._args.environment]
        if self._args.router:
            mounts["conflists"] = router.CONFLIST.rpartition("/")[0]
            environment.append({"name": "KUBE_ROUTER_CNI_CONF_FILE", "value": router.CONFLIST})
        health = daemon_set.asks("/healthz", kube_router.HEALTH_PORT)
        return {
            **daemon_set.container("kube-router", self._args.image, command, mounts),
            # Of routes the router sets sysctls too, for which Kubernetes knows no less than a
            # privileged container.
            "security_context": {"privileged": True}
            if self._args.router
            else daemon_set.confined(
                # Sets that rules match, and iptables' legacy back end, are asked by raw sockets.
                ["NET_ADMIN", "NET_RAW"],
                # Upstream's image links iptables to the node's back end when it first runs
                # (build/image-assets/iptables-wrapper-installer.sh@v2.1.0).
                read_only=False,
            ),
            "env": [
                daemon_set.from_field("NODE_NAME", "spec.nodeName"),
                *environment,
            ],
            "liveness_probe": {**health, "initial_delay_seconds": 10, "period_seconds": 10},
            "readiness_probe": {**health, "period_seconds": 3},
        }


def _flag(value: bool) -> str:  # noqa: FBT001  # the value itself
    return "true" if value else "false"
