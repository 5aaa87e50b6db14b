"""What daemons of a cluster have in common: how their pods are written down, and their rights."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s


def namespace(
    name: str, of: str, labels: Mapping[str, str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """The name of a namespace of its own, which admits pods on the node's network."""
    made = k8s.core.v1.Namespace(
        name,
        metadata={
            "name": of,
            # Daemons need the node's network and folders, which no stricter profile grants.
            "labels": {**labels, "pod-security.kubernetes.io/enforce": "privileged"},
        },
        opts=opts,
    )
    found: pulumi.Output[str] = made.metadata["name"]
    return found


def rights(
    name: str,
    account: k8s.core.v1.ServiceAccount,
    labels: Mapping[str, str],
    rules: Sequence[k8s.rbac.v1.PolicyRuleArgsDict],
    opts: pulumi.ResourceOptions,
) -> pulumi.Resource:
    """These rights in the whole cluster for an account, by a role of the account's name."""
    role = k8s.rbac.v1.ClusterRole(
        name,
        metadata={"name": account.metadata["name"], "labels": labels},
        rules=[*rules],
        opts=opts,
    )
    return k8s.rbac.v1.ClusterRoleBinding(
        name,
        metadata={"name": account.metadata["name"], "labels": labels},
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
        opts=opts,
    )


def pod(
    account: pulumi.Input[str], containers: Sequence[k8s.core.v1.ContainerArgsDict]
) -> k8s.core.v1.PodSpecArgsDict:
    """A pod on every node and on its network, whatever is wrong with the node."""
    return {
        "containers": [*containers],
        "host_network": True,
        "priority_class_name": "system-node-critical",
        "service_account_name": account,
        "node_selector": {"kubernetes.io/os": "linux"},
        # A node is not ready without some of them, so they must tolerate nodes that are not.
        "tolerations": [{"operator": "Exists"}],
        "security_context": {"seccomp_profile": {"type": "RuntimeDefault"}},
    }


def container(
    name: str,
    image: str,
    command: list[str],
    mounts: Mapping[str, str],
    capabilities: Sequence[str] = (),
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
        "security_context": confined(capabilities),
        "volume_mounts": [{"name": volume, "mount_path": path} for volume, path in mounts.items()],
    }


def confined(
    capabilities: Sequence[str] = (), *, read_only: bool = True
) -> k8s.core.v1.SecurityContextArgsDict:
    """These capabilities only, and by default no right to write into its own image."""
    return {
        "privileged": False,
        "allow_privilege_escalation": False,
        "read_only_root_filesystem": read_only,
        "capabilities": {"drop": ["ALL"], "add": [*capabilities]},
    }


def digest(*texts: str) -> str:
    """Twelve digits for an annotation of pods whose program reads these texts once."""
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:12]


def host_path(name: str, path: str, kind: str = "DirectoryOrCreate") -> k8s.core.v1.VolumeArgsDict:
    """A folder or file of the node."""
    return {"name": name, "host_path": {"path": path, "type": kind}}


def from_field(name: str, path: str) -> k8s.core.v1.EnvVarArgsDict:
    """A variable that has the value of a field of the pod."""
    return {"name": name, "value_from": {"field_ref": {"field_path": path}}}


def asks(path: str, port: int) -> k8s.core.v1.ProbeArgsDict:
    """A probe of a path on the loopback address of the node."""
    return {"http_get": {"host": "127.0.0.1", "path": path, "port": port}}
