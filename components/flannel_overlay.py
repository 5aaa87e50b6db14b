"""Flannel as a DaemonSet of the cluster, where it routes pods in place of the nodes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from podnet.components import daemon_set
from podnet.plan import flannel

NAME = "kube-flannel"
ACCOUNT = "flannel"
LABELS = {"app": "flannel", "tier": "node"}
CONFIG_VOLUME, RUN_VOLUME = "flannel-cfg", "run"
PLUGIN_VOLUME, CONFLIST_VOLUME = "cni-plugin", "cni"


@dataclass(frozen=True, kw_only=True, slots=True)
class FlannelOverlayArgs:
    """Arguments of `FlannelOverlay`."""

    net_conf: str
    """Configuration of the daemon."""
    conflist: str
    """CNI configuration of the nodes."""
    image: str
    """The daemon's container image, by digest."""
    plugin_image: str
    """The container image of its CNI plugin, likewise."""


class FlannelOverlay(pulumi.ComponentResource):
    """Flannel's daemon on every node, with no more rights than it uses.

    It sets links and routes, and neither masquerades nor touches any firewall: those are the
    node's own, as in every mode.
    """

    def __init__(
        self,
        name: str,
        args: FlannelOverlayArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:FlannelOverlay", name, None, opts)
        self._args = args
        child = pulumi.ResourceOptions(parent=self)
        namespace = daemon_set.namespace(name, flannel.NAMESPACE, LABELS, child)
        account = k8s.core.v1.ServiceAccount(
            name, metadata=_metadata(ACCOUNT, namespace), opts=child
        )
        rules: list[k8s.rbac.v1.PolicyRuleArgsDict] = [
            {"api_groups": [""], "resources": ["pods"], "verbs": ["get"]},
            {"api_groups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
            {"api_groups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
        ]
        rights = daemon_set.rights(name, account, LABELS, rules, child)
        files = {flannel.NET_CONF: args.net_conf, flannel.CNI_CONF: args.conflist}
        config = k8s.core.v1.ConfigMap(
            name, metadata=_metadata("kube-flannel-cfg", namespace), data=files, opts=child
        )
        k8s.apps.v1.DaemonSet(
            name,
            metadata=_metadata("kube-flannel-ds", namespace),
            spec={
                "selector": {"match_labels": LABELS},
                "template": {
                    "metadata": {
                        "labels": LABELS,
                        # The daemon reads its configuration once: another one is another pod.
                        "annotations": {"podnet/told": daemon_set.digest(*files.values())},
                    },
                    "spec": self._pod(account.metadata["name"], config.metadata["name"]),
                },
            },
            # Without its rights the daemon would crash-loop with back-off.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})

    def _pod(
        self, account: pulumi.Output[str], config: pulumi.Output[str]
    ) -> k8s.core.v1.PodSpecArgsDict:
        return {
            **daemon_set.pod(account, [self._daemon()]),
            "init_containers": [
                daemon_set.container(
                    "install-cni-plugin",
                    self._args.plugin_image,
                    ["cp", "-f", "/flannel", f"{flannel.PLUGIN_DIRECTORY}/flannel"],
                    {PLUGIN_VOLUME: flannel.PLUGIN_DIRECTORY},
                ),
                daemon_set.container(
                    "install-cni",
                    self._args.image,
                    [
                        "/opt/bin/install-conf",
                        f"{flannel.CONFIGURATION}/{flannel.CNI_CONF}",
                        flannel.CONFLIST,
                    ],
                    {
                        CONFIG_VOLUME: flannel.CONFIGURATION,
                        CONFLIST_VOLUME: flannel.CONFLIST.rpartition("/")[0],
                    },
                ),
            ],
            "volumes": [
                {"name": CONFIG_VOLUME, "config_map": {"name": config}},
                daemon_set.host_path(RUN_VOLUME, "/run/flannel"),
                daemon_set.host_path(PLUGIN_VOLUME, flannel.PLUGIN_DIRECTORY),
                daemon_set.host_path(CONFLIST_VOLUME, flannel.CONFLIST.rpartition("/")[0]),
            ],
        }

    def _daemon(self) -> k8s.core.v1.ContainerArgsDict:
        command = [
            "/opt/bin/flanneld",
            "--kube-subnet-mgr",
            "--iface=$(NODE_ADDRESS)",
            # Nodes forward everything, so Flannel needs no rules that allow it.
            "--iptables-forward-rules=false",
            "--healthz-ip=127.0.0.1",
            f"--healthz-port={flannel.HEALTH_PORT}",
        ]
        mounts = {CONFIG_VOLUME: flannel.CONFIGURATION, RUN_VOLUME: "/run/flannel"}
        return {
            **daemon_set.container(
                "kube-flannel", self._args.image, command, mounts, capabilities=["NET_ADMIN"]
            ),
            "env": [
                daemon_set.from_field("POD_NAME", "metadata.name"),
                daemon_set.from_field("POD_NAMESPACE", "metadata.namespace"),
                daemon_set.from_field("NODE_ADDRESS", "status.hostIP"),
            ],
            "liveness_probe": {
                **daemon_set.asks("/healthz", flannel.HEALTH_PORT),
                "initial_delay_seconds": 10,
            },
            "readiness_probe": {
                **daemon_set.asks("/readyz", flannel.HEALTH_PORT),
                "period_seconds": 3,
            },
        }


def _metadata(name: str, namespace: pulumi.Output[str]) -> k8s.meta.v1.ObjectMetaArgsDict:
    return {"name": name, "namespace": namespace, "labels": LABELS}
