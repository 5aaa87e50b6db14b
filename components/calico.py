"""Calico as a DaemonSet of the cluster, where it routes pods in place of the nodes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from podnet.components import daemon_set
from podnet.plan.cni import calico

ACCOUNT, PLUGIN_ACCOUNT = "calico-node", "calico-cni-plugin"
LABELS = {"app": "calico", "tier": "node"}
PLUGINS, CONFLISTS, STATE = "plugins", "conflists", "state"
NAMES = ("NODENAME", "KUBERNETES_NODE_NAME", "FELIX_FELIXHOSTNAME")
"""Variables that all hold the name of the node, each for another part of Calico."""
HOST = "/host"
"""Where its installer expects folders of the node (cni-plugin/pkg/install/install.go)."""
WRITTEN_KINDS = [
    "bgpconfigurations",
    "clusterinformations",
    "felixconfigurations",
    "ipamconfigs",
    "tiers",
]
READ, WRITTEN = ["get", "list", "watch"], ["create", "get", "list", "update", "watch"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalicoArgs:
    """Arguments of `Calico`."""

    image: str
    """Its container image, by digest."""
    pool: Mapping[str, object]
    """The addresses of pods, as the specification of an IPPool."""
    conflist: str
    """CNI configuration of the nodes, which Calico's installer completes."""
    environment: Mapping[str, str]
    """Variables of all its containers."""


class Calico(pulumi.ComponentResource):
    """Calico's daemon on every node, and the kinds of objects in which it keeps its state.

    The daemon sets sysctls of each pod's link, for which Kubernetes knows no less than a privileged
    container; all else of it runs without privileges.
    """

    def __init__(
        self,
        name: str,
        args: CalicoArgs,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("podnet:index:Calico", name, None, opts)
        self._args = args
        self._name = name
        child = pulumi.ResourceOptions(parent=self)
        namespace = daemon_set.namespace(name, calico.NAMESPACE, LABELS, child)
        accounts = {
            one: k8s.core.v1.ServiceAccount(
                f"{name}-{one}",
                metadata={"name": one, "namespace": namespace, "labels": LABELS},
                opts=child,
            )
            for one in (ACCOUNT, PLUGIN_ACCOUNT)
        }
        needed = [
            *self._kinds(),
            daemon_set.rights(f"{name}-{ACCOUNT}", accounts[ACCOUNT], LABELS, _node(), child),
            daemon_set.rights(
                f"{name}-{PLUGIN_ACCOUNT}", accounts[PLUGIN_ACCOUNT], LABELS, _plugin(), child
            ),
        ]
        texts = [args.conflist, *(f"{one}" for one in args.environment.items())]
        k8s.apps.v1.DaemonSet(
            name,
            metadata={"name": ACCOUNT, "namespace": namespace, "labels": LABELS},
            spec={
                "selector": {"match_labels": LABELS},
                "template": {
                    "metadata": {
                        "labels": LABELS,
                        "annotations": {"podnet/configuration": daemon_set.digest(*texts)},
                    },
                    "spec": self._pod(accounts[ACCOUNT].metadata["name"]),
                },
            },
            # Without its rights and kinds the daemon would crash-loop with back-off.
            opts=pulumi.ResourceOptions(parent=self, depends_on=needed),
        )
        self.register_outputs({})

    def _kinds(self) -> list[pulumi.Resource]:
        """The kinds of its objects, with podnet's own text, and the pool of pods' addresses."""
        child = pulumi.ResourceOptions(parent=self)
        # What a specification may hold, Calico checks when it reads it.
        schema: k8s.apiextensions.v1.JSONSchemaPropsArgsDict = {
            "type": "object",
            "x_kubernetes_preserve_unknown_fields": True,
        }
        made: dict[str, pulumi.Resource] = {
            kind: k8s.apiextensions.v1.CustomResourceDefinition(
                f"{self._name}-{plural}",
                metadata={"name": f"{plural}.{calico.GROUP}", "labels": LABELS},
                spec={
                    "group": calico.GROUP,
                    "names": {
                        "kind": kind,
                        "list_kind": f"{kind}List",
                        "plural": plural,
                        "singular": kind.lower(),
                    },
                    "scope": scope,
                    "versions": [
                        {
                            "name": calico.VERSION,
                            "served": True,
                            "storage": True,
                            "schema": {"open_apiv3_schema": schema},
                        }
                    ],
                },
                opts=child,
            )
            for kind, (plural, scope) in calico.KINDS.items()
        }
        pool = k8s.apiextensions.CustomResource(
            self._name,
            api_version=f"{calico.GROUP}/{calico.VERSION}",
            kind="IPPool",
            metadata={"name": "pods", "labels": LABELS},
            spec={**self._args.pool},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made["IPPool"]]),
        )
        return [*made.values(), pool]

    def _pod(self, account: pulumi.Output[str]) -> k8s.core.v1.PodSpecArgsDict:
        install = {PLUGINS: f"{HOST}{calico.PLUGINS}", CONFLISTS: f"{HOST}{calico.CONFLISTS}"}
        containers = [
            self._daemon(),
            # The plugin's token ends, and this renews it.
            self._container("token", ["node", "monitor-token"], {CONFLISTS: install[CONFLISTS]}),
        ]
        return {
            **daemon_set.pod(account, containers),
            "init_containers": [
                self._container("install-cni", ["cni", "install"], install),
                self._container("startup", ["node", "startup"], {STATE: calico.STATE}),
            ],
            "volumes": [
                daemon_set.host_path(PLUGINS, calico.PLUGINS),
                daemon_set.host_path(CONFLISTS, calico.CONFLISTS),
                daemon_set.host_path(STATE, calico.STATE),
                daemon_set.host_path("run", "/var/run/calico"),
                daemon_set.host_path("modules", "/lib/modules"),
            ],
        }

    def _daemon(self) -> k8s.core.v1.ContainerArgsDict:
        mounts = {STATE: calico.STATE, "run": "/var/run/calico", "modules": "/lib/modules"}
        return {
            **self._container("felix", ["felix"], mounts),
            "security_context": {"privileged": True, "read_only_root_filesystem": True},
            "liveness_probe": {
                **daemon_set.asks("/liveness", calico.HEALTH_PORT),
                "initial_delay_seconds": 10,
                "failure_threshold": 6,
            },
            "readiness_probe": {
                **daemon_set.asks("/readiness", calico.HEALTH_PORT),
                "period_seconds": 3,
            },
        }

    def _container(
        self, name: str, component: list[str], mounts: Mapping[str, str]
    ) -> k8s.core.v1.ContainerArgsDict:
        values = {
            **self._args.environment,
            "CNI_CONF_NAME": calico.CONFLIST,
            "CNI_NETWORK_CONFIG": self._args.conflist,
            "CALICO_CNI_SERVICE_ACCOUNT": PLUGIN_ACCOUNT,
            "SLEEP": "false",
        }
        return {
            **daemon_set.container(
                name, self._args.image, [calico.PROGRAM, "component", *component], mounts
            ),
            "env": [*map(_named, NAMES), *(_variable(*each) for each in values.items())],
        }


def _named(variable: str) -> k8s.core.v1.EnvVarArgsDict:
    return daemon_set.from_field(variable, "spec.nodeName")


def _variable(name: str, value: str) -> k8s.core.v1.EnvVarArgsDict:
    return {"name": name, "value": value}


def _rule(group: str, kinds: list[str], verbs: list[str]) -> k8s.rbac.v1.PolicyRuleArgsDict:
    return {"api_groups": [group], "resources": kinds, "verbs": verbs}


def _node() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """What the daemon, and what prepares it, read and write."""
    plurals = [plural for plural, _ in calico.KINDS.values()]
    return [
        {
            **_rule("", ["serviceaccounts/token"], ["create"]),
            "resource_names": [PLUGIN_ACCOUNT],
        },
        _rule(
            "", ["endpoints", "namespaces", "nodes", "pods", "serviceaccounts", "services"], READ
        ),
        _rule("", ["configmaps"], ["get"]),
        _rule("", ["nodes/status"], ["patch", "update"]),
        _rule("", ["pods/status"], ["patch"]),
        _rule("discovery.k8s.io", ["endpointslices"], READ),
        _rule("networking.k8s.io", ["networkpolicies"], READ),
        _rule(calico.GROUP, plurals, READ),
        _rule(calico.GROUP, WRITTEN_KINDS, WRITTEN),
        *(
            _rule(group, [*kinds], ["list", "watch"])
            for group, kinds in calico.ABSENT_KINDS.items()
        ),
    ]


def _plugin() -> list[k8s.rbac.v1.PolicyRuleArgsDict]:
    """What the CNI plugin reads, and writes of the pod that it connects."""
    return [
        _rule("", ["namespaces", "nodes", "pods"], ["get"]),
        _rule("", ["pods/status"], ["patch"]),
        _rule(calico.GROUP, ["clusterinformations", "ippools"], ["get", "list"]),
    ]
