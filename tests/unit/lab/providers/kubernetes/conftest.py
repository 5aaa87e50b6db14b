"""An API server that holds what is applied, and lets rollouts take the steps a test gives."""

from __future__ import annotations

import base64
import copy
import itertools
import secrets
from pathlib import Path

import pytest
import yaml

from podnet.lab.providers.kubernetes import KubernetesProvider, configuration
from podnet.lab.providers.kubernetes.api import MANAGER, Kind, NotServedError, UnreachableError
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused as expect_refusal

NAMESPACE = "kubernetes:core/v1:Namespace"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
SECRET = "kubernetes:core/v1:Secret"  # a type token
DAEMON_SET = "kubernetes:apps/v1:DaemonSet"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CLUSTER_ROLE = "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole"
SCOPED = {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition"}
POD = Kind("v1", "Pod")
LABELS = {"app": "flannel"}
SPEC = {"selector": {"matchLabels": LABELS}}


def text(value):
    return base64.b64encode(value.encode()).decode()


def kubeconfig(server="https://203.0.113.9:6443", **changes):
    """A kubeconfig as kubeadm writes it; `changes` go over its cluster and user."""
    cluster = {"server": server, "certificate-authority-data": text("an authority")}
    user = {"client-certificate-data": text("a certificate"), "client-key-data": text("a key")}
    for name, value in changes.items():
        part = user if name.startswith(("client", "token", "exec", "user")) else cluster
        part[name.replace("_", "-")] = value
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "admin@kubernetes",
            "clusters": [
                {
                    "name": "kubernetes",
                    "cluster": {
                        name: value for name, value in cluster.items() if value is not None
                    },
                }
            ],
            "users": [
                {
                    "name": "admin",
                    "user": {name: value for name, value in user.items() if value is not None},
                }
            ],
            "contexts": [
                {"name": "admin@kubernetes", "context": {"cluster": "kubernetes", "user": "admin"}}
            ],
        }
    )


class FakeApi:
    """Objects by kind, namespace and name, with what an API server adds to them."""

    def __init__(self):
        self.objects = {}
        self.steps = {}
        """By kind: statuses that its objects get, one a look; the last one stays."""
        self.lasting = 0
        """How many looks an object outlives its deletion."""
        self.unserved = set()
        self.down = False
        self.calls = []
        self.uids = itertools.count(1)

    def namespaced(self, kind):
        self._reached(kind)
        return kind.kind not in SCOPED

    def get(self, kind, name, namespace):
        self._reached(kind)
        key = (kind, namespace, name)
        live = self.objects.get(key)
        if live is None:
            return None
        if "deletionTimestamp" in live["metadata"]:
            live["left"] -= 1
            if live["left"] < 0:
                del self.objects[key]
                return None
        steps = self.steps.get(kind.kind)
        if steps and live["looked"]:
            live["status"] = steps.pop(0) if len(steps) > 1 else steps[0]
        live["looked"] = True
        return self._shown(live)

    def listed(self, kind, namespace, *, labels="", fields=""):
        self._reached(kind)
        self.calls.append(("list", kind.kind, labels or fields))
        uid = fields.partition("involvedObject.uid=")[2].partition(",")[0]
        return [
            self._shown(one)
            for (found, space, _), one in self.objects.items()
            if found == kind
            and space == namespace
            and (not uid or one["involvedObject"]["uid"] == uid)
        ]

    def apply(self, manifest, namespace, *, force):
        kind = Kind(manifest["apiVersion"], manifest["kind"])
        self._reached(kind)
        name = manifest["metadata"]["name"]
        self.calls.append(("apply", kind.kind, force))
        values = {
            key: value
            for key, value in copy.deepcopy(manifest).items()
            if key not in ("apiVersion", "kind")
        }
        return self._shown(self.put(kind, namespace, name, **values))

    def delete(self, kind, name, namespace, propagation):
        self._reached(kind)
        self.calls.append(("delete", kind.kind, propagation))
        live = self.objects.get((kind, namespace, name))
        if live is not None:
            live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
            live["left"] = self.lasting

    def put(self, kind, namespace, name, *, manager=MANAGER, **values):
        """Make an object, or change it."""
        old = self.objects.get((kind, namespace, name), {}).get("metadata", {})
        metadata = {
            "uid": f"uid-{next(self.uids)}",
            **old,
            **values.pop("metadata", {}),
            "name": name,
            "generation": old.get("generation", 0) + 1,
            "managedFields": [{"manager": manager, "operation": "Apply"}],
            **({"namespace": namespace} if namespace else {}),
        }
        status = values.pop("status", self.objects.get((kind, namespace, name), {}).get("status"))
        if kind == Kind("v1", "Namespace"):
            status = {"phase": "Active"}
        self.objects[kind, namespace, name] = {
            **values,
            "apiVersion": kind.api_version,
            "kind": kind.kind,
            "metadata": metadata,
            **({"status": status} if status else {}),
            "looked": False,
            "left": 0,
        }
        return self.objects[kind, namespace, name]

    def _reached(self, kind):
        if self.down:
            raise UnreachableError("the API server did not answer", rule="api-server-unreachable")
        if kind.kind in self.unserved:
            raise NotServedError(f"serves no {kind.kind}")

    def _shown(self, live):
        return copy.deepcopy(
            {name: value for name, value in live.items() if name not in ("looked", "left")}
        )


@pytest.fixture
def api():
    return FakeApi()


@pytest.fixture
def provider(api):
    """A provider of this API server; keywords are its configuration."""

    def make(limit=0.2, **settings):
        root = KubernetesProvider(
            Path("/run/netns/none"), limit=limit, poll=0.01, connect=lambda *_: api
        )
        return root.with_configuration(configuration.TYPE, {"kubeconfig": kubeconfig(), **settings})

    return make


@pytest.fixture
def make(provider):
    """Checks and creates, as an engine does; the type, the id, the inputs and the outputs."""

    def create(type_, metadata=None, served=None, **inputs):
        served = served or provider()
        checked = served.check(type_, {"metadata": metadata or {"name": "one"}, **inputs})
        id_, outputs = served.create(type_, checked, secrets.token_hex(16), "one")
        return id_, checked, outputs

    return create


@pytest.fixture
def refused():
    """Expects a refusal by this rule; its message."""

    def call(rule, function, *arguments):
        with expect_refusal(rule, ProviderError) as caught:
            function(*arguments)
        return str(caught.value)

    return call
