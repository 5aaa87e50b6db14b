"""An API server with controllers in a network namespace of its own; its nodes are on paper."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml

from lab.cloud.netns import NAMESPACES
from lab.engine.values import ProviderError
from lab.home import Home
from lab.kubernetes import build
from lab.kubernetes.provider import KubernetesProvider, configuration
from lab.kubernetes.provider.api import Kind, Server
from lab.kubernetes.provider.kubeconfig import read
from tests.unit.kubernetes.provider.pki import Authority

NODE, POD = Kind("v1", "Node"), Kind("v1", "Pod")
ADDRESS, PORT = "127.0.0.1", 6443
CONTROLLERS = (
    "namespace-controller",
    "serviceaccount-controller",
    "daemonset-controller",
    "deployment-controller",
    "replicaset-controller",
    "garbage-collector-controller",
)


class Cluster:
    """Etcd, API server and controllers; nothing outside of the namespace can reach them."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        self.programs = programs
        self.name = f"lab-api-{secrets.token_hex(3)}"
        self.namespace = NAMESPACES / self.name
        self.running: list[subprocess.Popen[bytes]] = []
        self.authority = Authority()
        self.kubeconfig = self.kubeconfig_of("admin", group="system:masters")

    def begin(self) -> None:
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)
        files = self._files()
        self._run(
            "etcd",
            "--data-dir",
            str(self.folder / "etcd"),
            "--log-level",
            "error",
            "--unsafe-no-fsync",
        )
        self._run(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            f"--bind-address={ADDRESS}",
            f"--advertise-address={ADDRESS}",
            f"--secure-port={PORT}",
            f"--tls-cert-file={files['api.crt']}",
            f"--tls-private-key-file={files['api.key']}",
            f"--client-ca-file={files['ca.crt']}",
            f"--service-account-key-file={files['api.key']}",
            f"--service-account-signing-key-file={files['api.key']}",
            "--service-account-issuer=https://kubernetes.default.svc",
            "--service-cluster-ip-range=10.96.0.0/24",
            "--authorization-mode=RBAC",
        )
        self.server().namespaced(POD)  # waits; the controllers themselves would give up
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={files['kubeconfig']}",
            "--leader-elect=false",
            f"--controllers={','.join(CONTROLLERS)}",
        )

    def end(self) -> None:
        # One after the other: an API server does not end well without its etcd.
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        subprocess.run(["ip", "netns", "del", self.name], check=True)

    def server(self, patience: float = 60) -> Server:
        """One's own way to the API server: what somebody does behind the provider's back."""
        return Server(read(self.kubeconfig), self.namespace, patience)

    def provider(self, limit: float = 60, **settings: str) -> KubernetesProvider:
        return KubernetesProvider(self.namespace, limit=limit).under(
            configuration.TYPE, {"kubeconfig": self.kubeconfig, **settings}
        )

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        done = subprocess.run(
            [
                "ip",
                "netns",
                "exec",
                self.name,
                str(self.programs / "kubectl"),
                f"--kubeconfig={self.folder / 'kubeconfig'}",
                *arguments,
            ],
            input=stdin,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    def _run(self, program: str, *arguments: str) -> None:
        log = (self.folder / f"{program}.log").open("wb")
        self.running.append(
            subprocess.Popen(
                ["ip", "netns", "exec", self.name, str(self.programs / program), *arguments],
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"]},
            )
        )
        log.close()

    def _files(self) -> dict[str, Path]:
        certificate, key = self.authority.issue("kube-apiserver", ADDRESS)
        content = {
            "ca.crt": self.authority.pem,
            "api.crt": certificate,
            "api.key": key,
            "kubeconfig": self.kubeconfig,
        }
        for name, text in content.items():
            (self.folder / name).write_text(text)
        return {name: self.folder / name for name in content}

    def kubeconfig_of(
        self, user: str, authority: Authority | None = None, *, group: str = ""
    ) -> str:
        """A kubeconfig for a user, as the one who signs for this cluster gives it, or another."""
        authority = authority or self.authority
        certificate, key, pem = (
            base64.b64encode(text.encode()).decode()
            for text in (*authority.issue(user, group=group), authority.pem)
        )
        return yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "lab",
                "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": user}}],
                "clusters": [
                    {
                        "name": "lab",
                        "cluster": {
                            "server": f"https://{ADDRESS}:{PORT}",
                            "certificate-authority-data": pem,
                        },
                    }
                ],
                "users": [
                    {
                        "name": user,
                        "user": {"client-certificate-data": certificate, "client-key-data": key},
                    }
                ],
            }
        )


@pytest.fixture(scope="session")
def cluster(tmp_path_factory):
    made = Cluster(tmp_path_factory.mktemp("cluster"), build.ensure(Home.open().image))
    try:
        made.begin()
        yield made
    finally:
        made.end()


class Nodes:
    """Plays the kubelets: what is scheduled runs, or not, as a test wants it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.good = True
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._play)

    def __enter__(self):
        self.server.apply(
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": "node-1", "labels": {"kubernetes.io/os": "linux"}},
            },
            None,
            force=True,
        )
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._done.set()
        self._thread.join()
        self.server.delete(NODE, "node-1", None, "Background")

    def _play(self) -> None:
        while not self._done.wait(0.1):
            # A pod may go between two calls.
            with contextlib.suppress(ProviderError):
                for pod in self.server.listed(POD, None):
                    self._keep(pod)

    def _keep(self, pod) -> None:
        name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
        if "deletionTimestamp" in pod["metadata"]:
            self._call(
                "delete", POD, name=name, namespace=namespace, body={"gracePeriodSeconds": 0}
            )
            return
        wanted = _running(pod) if self.good else _waiting(pod)
        if pod["status"].get("containerStatuses") != wanted["containerStatuses"]:
            self._call(
                "patch",
                POD,
                name=name,
                namespace=namespace,
                subresource="status",
                body={"status": wanted},
                content_type="application/merge-patch+json",
            )

    def _call(self, verb: str, kind: Kind, *, subresource: str = "", **given) -> None:
        resource = self.server._resource(kind)  # noqa: SLF001
        path = resource.path(name=given["name"], namespace=given["namespace"])
        client = self.server._client  # noqa: SLF001
        self.server._call(
            lambda: client.request(  # noqa: SLF001
                verb,
                f"{path}/{subresource}".rstrip("/"),
                body=given["body"],
                content_type=given.get("content_type", "application/json"),
            )
        )


def _running(pod):
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
        "containerStatuses": [_status(pod, ready=True, state={"running": {"startedAt": now}})],
    }


def _waiting(pod):
    return {
        "phase": "Pending",
        "conditions": [
            {
                "type": "Ready",
                "status": "False",
                "reason": "ContainersNotReady",
                "message": "containers with unready status: [main]",
            }
        ],
        "containerStatuses": [
            _status(
                pod,
                ready=False,
                state={"waiting": {"reason": "ErrImagePull", "message": "no such image"}},
            )
        ],
    }


def _status(pod, *, ready, state):
    container = pod["spec"]["containers"][0]
    # Without a time of its own, so that what is kept compares equal.
    state = {"running": {}} if "running" in state else state
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": "",
        "ready": ready,
        "restartCount": 0,
        "state": state,
        "started": ready,
        "lastState": {},
    }


@pytest.fixture
def nodes(cluster):
    with Nodes(cluster.server()) as playing:
        yield playing
