"""An API server with controllers in a network namespace of its own; its nodes are on paper."""

from __future__ import annotations

import base64
import os
import secrets
import subprocess
from pathlib import Path

import pytest
import yaml
from moto.core.base_backend import BackendDict

from podnet.lab.home import Home
from podnet.lab.images import programs as build
from podnet.lab.providers.kubernetes import KubernetesProvider, configuration
from podnet.lab.providers.kubernetes.api import Kind
from podnet.lab.providers.kubernetes.kubeconfig import read
from podnet.lab.providers.kubernetes.server import Server
from podnet.system.netns import NAMESPACES
from podnet.system.waiting import wait_until
from tests.api import served
from tests.kubernetes.provider.kubelets import POD, Nodes
from tests.unit.lab.providers.kubernetes.pki import Authority

ADDRESS, PORT = "192.0.2.10", 6443
"""Of TEST-NET-1 (RFC 5737): Go's HTTP client takes no proxy to loopback."""
MADE_BY_ITSELF = {
    Kind("v1", "Namespace"): "default",
    Kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): "system:discovery",
}
"""What an API server creates some time after it answers."""
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
        subprocess.run(
            ["ip", "-n", self.name, "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True
        )
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
        server = self.server()
        for kind, name in MADE_BY_ITSELF.items():
            assert wait_until(lambda kind=kind, name=name: server.get(kind, name, None), 60)

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
        return KubernetesProvider(self.namespace, limit=limit).with_configuration(
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


@pytest.fixture
def endpoint():
    """Of an API with nothing in it."""
    with served() as url:
        yield url
        BackendDict.reset()


@pytest.fixture
def nodes(cluster):
    with Nodes(cluster.server()) as playing:
        yield playing


@pytest.fixture
def made(cluster):
    """Makes objects, and deletes them at the end, the newest first."""
    provider = cluster.provider()
    objects = []

    def make(type_, metadata, served=provider, **inputs):
        checked = served.check(type_, {"metadata": metadata, **inputs})
        token = secrets.token_hex(16)
        id_, outputs = served.create(type_, checked, token, "one")
        objects.append((type_, id_, outputs))
        return id_, checked, outputs, token

    yield make
    for type_, id_, outputs in reversed(objects):
        provider.delete(type_, id_, outputs)
