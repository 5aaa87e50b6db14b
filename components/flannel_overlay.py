"""Flannel as a DaemonSet of the cluster, where it routes pods in place of the nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

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
        namespace = k8s.core.v1.Namespace(
            name,
            metadata={
                "name": flannel.NAMESPACE,
                # It needs the node's network and folders, which no stricter profile grants.
                "labels": {**LABELS, "pod-security.kubernetes.io/enforce": "privileged"},
            },
            opts=child,
        ).metadata["name"]
        account = k8s.core.v1.ServiceAccount(
            name, metadata=_metadata(ACCOUNT, namespace), opts=child
        )
        rights = self._rights(account)
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
                        "annotations": {"podnet/told": _digest(files)},
                    },
                    "spec": self._pod(account.metadata["name"], config.metadata["name"]),
                },
            },
            # Without its rights the daemon would crash-loop with back-off.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rights]),
        )
        self.register_outputs({})

    def _rights(self, account: k8s.core.v1.ServiceAccount) -> pulumi.Resource:
        """Permission to read nodes and its own pod, and to annotate its node."""
        name, child = self.pulumi_resource_name, pulumi.ResourceOptions(parent=self)
        role = k8s.rbac.v1.ClusterRole(
            name,
            metadata={"name": ACCOUNT, "labels": LABELS},
            rules=[
                {"api_groups": [""], "resources": ["pods"], "verbs": ["get"]},
                {"api_groups": [""], "resources": ["nodes"], "verbs": ["get", "list", "watch"]},
                {"api_groups": [""], "resources": ["nodes/status"], "verbs": ["patch"]},
            ],
            opts=child,
        )
        return k8s.rbac.v1.ClusterRoleBinding(
            name,
            metadata={"name": ACCOUNT, "labels": LABELS},
            role_ref={
                "api_group": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role.metadata["name"],
            },
            subjects=[
                {
                    "kind": "ServiceAccount",
                    "name": account.metadata["name"],
                    "namespace": account.metadata["namespace"],
                }
            ],
            opts=child,
        )

    def _pod(
        self, account: pulumi.Output[str], config: pulumi.Output[str]
    ) -> k8s.core.v1.PodSpecArgsDict:
        return {
            "host_network": True,
            "priority_class_name": "system-node-critical",
            "service_account_name": account,
            "node_selector": {"kubernetes.io/os": "linux"},
            # A node without Flannel is not ready, so Flannel must tolerate nodes that are not.
            "tolerations": [{"operator": "Exists"}],
            "security_context": {"seccomp_profile": {"type": "RuntimeDefault"}},
            "init_containers": [
                _container(
                    "install-cni-plugin",
                    self._args.plugin_image,
                    ["cp", "-f", "/flannel", f"{flannel.PLUGIN_DIRECTORY}/flannel"],
                    {PLUGIN_VOLUME: flannel.PLUGIN_DIRECTORY},
                ),
                _container(
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
            "containers": [self._daemon()],
            "volumes": [
                {"name": CONFIG_VOLUME, "config_map": {"name": config}},
                _folder(RUN_VOLUME, "/run/flannel"),
                _folder(PLUGIN_VOLUME, flannel.PLUGIN_DIRECTORY),
                _folder(CONFLIST_VOLUME, flannel.CONFLIST.rpartition("/")[0]),
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
            **_container(
                "kube-flannel", self._args.image, command, mounts, capabilities=["NET_ADMIN"]
            ),
            "env": [
                _field("POD_NAME", "metadata.name"),
                _field("POD_NAMESPACE", "metadata.namespace"),
                _field("NODE_ADDRESS", "status.hostIP"),
            ],
            "liveness_probe": {**_asks("/healthz"), "initial_delay_seconds": 10},
            "readiness_probe": {**_asks("/readyz"), "period_seconds": 3},
        }


def _metadata(name: str, namespace: pulumi.Output[str]) -> k8s.meta.v1.ObjectMetaArgsDict:
    return {"name": name, "namespace": namespace, "labels": LABELS}


def _container(
    name: str,
    image: str,
    command: list[str],
    mounts: Mapping[str, str],
    capabilities: list[str] | None = None,
) -> k8s.core.v1.ContainerArgsDict:
    """A container with these capabilities only, that writes nowhere but in its volumes."""
    return {
        "name": name,
        "image": image,
        "command": command,
        "resources": {
            "requests": {"cpu": "100m", "memory": "50Mi"},
            "limits": {"memory": "256Mi"},
        },
        "security_context": {
            "privileged": False,
            "allow_privilege_escalation": False,
            "read_only_root_filesystem": True,
            "capabilities": {"drop": ["ALL"], "add": capabilities or []},
        },
        "volume_mounts": [{"name": volume, "mount_path": path} for volume, path in mounts.items()],
    }


def _folder(name: str, path: str) -> k8s.core.v1.VolumeArgsDict:
    return {"name": name, "host_path": {"path": path, "type": "DirectoryOrCreate"}}


def _field(name: str, path: str) -> k8s.core.v1.EnvVarArgsDict:
    return {"name": name, "value_from": {"field_ref": {"field_path": path}}}


def _asks(path: str) -> k8s.core.v1.ProbeArgsDict:
    return {"http_get": {"host": "127.0.0.1", "path": path, "port": flannel.HEALTH_PORT}}


def _digest(files: Mapping[str, str]) -> str:
    return hashlib.sha256("\n".join(files.values()).encode()).hexdigest()[:12]
