"""The API server as it is reached: over TLS, in a namespace, patiently, and without a file."""

from __future__ import annotations

import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.engine.values import ProviderError
from lab.kubernetes.provider import api
from lab.kubernetes.provider.api import Kind, NotServed, Refused, Server, Unreachable
from lab.kubernetes.provider.kubeconfig import Access
from tests.unit.kubernetes.provider.pki import Authority

CONFIG_MAP = Kind("v1", "ConfigMap")
DAEMON_SET = Kind("apps/v1", "DaemonSet")
RESOURCES = {
    "/api/v1": [
        {"name": "configmaps", "kind": "ConfigMap", "namespaced": True, "verbs": []},
        {"name": "pods", "kind": "Pod", "namespaced": True, "verbs": []},
        {"name": "pods/log", "kind": "Pod", "namespaced": True, "verbs": []},
        {"name": "namespaces", "kind": "Namespace", "namespaced": False, "verbs": []},
    ],
    "/apis/apps/v1": [{"name": "daemonsets", "kind": "DaemonSet", "namespaced": True, "verbs": []}],
}


class Handler(BaseHTTPRequestHandler):
    """Tells kinds by the table above, and for the rest what a test has laid out."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self._answer(None)

    def do_PATCH(self):
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    do_DELETE = do_PATCH  # noqa: N815

    def _answer(self, body):
        parts = urlsplit(self.path)
        peer = self.connection.getpeercert() or {}
        self.server.asked.append(
            {
                "method": self.command,
                "path": parts.path,
                "query": parse_qs(parts.query),
                "body": body,
                "type": self.headers.get("Content-Type"),
                "token": self.headers.get("Authorization"),
                "user": [value for rdn in peer.get("subject", ()) for _, value in rdn],
            }
        )
        if parts.path in RESOURCES:
            status, answer = 200, {"kind": "APIResourceList", "resources": RESOURCES[parts.path]}
        elif self.server.answers:
            status, answer = self.server.answers.pop(0)
        else:
            status, answer = 404, {"kind": "Status", "message": "not found"}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture(scope="module")
def listening(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    certificate, key = authority.issue("node-1.internal", "127.0.0.1")
    (folder / "server.pem").write_text(certificate + key)
    (folder / "ca.pem").write_text(authority.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    context.load_verify_locations(folder / "ca.pem")
    context.verify_mode = ssl.CERT_OPTIONAL
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def served(listening):
    listening.asked, listening.answers = [], []
    return listening


@pytest.fixture
def entered(monkeypatch):
    """The namespaces that calls were made in; here they are made where one is anyway."""
    names = []

    def call(namespace, make):
        names.append(namespace)
        return make()

    monkeypatch.setattr(api, "inside", call)
    monkeypatch.setattr(api, "POLL", 0.01)
    monkeypatch.setattr(api, "SETTLING", 0.05)
    return names


@pytest.fixture
def server(served, authority, entered):
    certificate, key = authority.issue("admin")

    def make(patience=0.2, **changes):
        access = {
            "server": f"https://127.0.0.1:{served.server_port}",
            "authority": authority.pem,
            "certificate": certificate,
            "key": key,
            **changes,
        }
        return Server(Access(**access), Path("/run/netns/internet"), patience)

    return make


def test_every_call_is_made_inside_the_namespace(server, served, entered):
    served.answers.append((200, {"kind": "ConfigMap", "data": {"a": "1"}}))

    assert server().get(CONFIG_MAP, "one", "two") == {"kind": "ConfigMap", "data": {"a": "1"}}
    assert entered == ["/run/netns/internet"] * 2
    assert [one["path"] for one in served.asked] == [
        "/api/v1",
        "/api/v1/namespaces/two/configmaps/one",
    ]


def test_kinds_are_asked_for_once_and_say_whether_they_are_in_namespaces(server, served):
    made = server()

    assert made.namespaced(CONFIG_MAP)
    assert made.namespaced(DAEMON_SET)
    assert not made.namespaced(Kind("v1", "Namespace"))
    assert [one["path"] for one in served.asked] == ["/api/v1", "/apis/apps/v1"]


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (Kind("v1", "Thing"), "serves no Thing of v1; of that it serves ConfigMap, Namespace, Pod"),
        (Kind("example.com/v1", "Thing"), "of that it serves nothing"),
    ],
)
def test_a_kind_that_stays_unknown_is_named(server, served, kind, told):
    with pytest.raises(NotServed, match=told):
        server().get(kind, "one", None)
    assert len(served.asked) > 1


def test_what_is_not_there_is_none(server):
    assert server().get(CONFIG_MAP, "one", "two") is None
    server().delete(CONFIG_MAP, "one", "two", "Foreground")


def test_an_object_is_applied_under_the_name_of_one_manager(server, served):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    served.answers += [(200, manifest), (200, manifest)]
    made = server()

    assert made.apply(manifest, "two", force=True) == manifest
    made.apply(manifest, "two", force=False)
    forced, plain = served.asked[1:]
    assert (forced["method"], forced["path"]) == ("PATCH", "/api/v1/namespaces/two/configmaps/one")
    assert forced["query"] == {"fieldManager": ["podnet"], "force": ["True"]}
    assert plain["query"]["force"] == ["False"]
    assert (forced["type"], forced["body"]) == ("application/apply-patch+yaml", manifest)


def test_a_deletion_says_how_dependents_go(server, served):
    served.answers.append((200, {"kind": "Status"}))
    server().delete(CONFIG_MAP, "one", "two", "Background")

    assert served.asked[1]["method"] == "DELETE"
    assert served.asked[1]["query"] == {"propagationPolicy": ["Background"]}


def test_a_list_is_selected_by_the_api_server(server, served):
    served.answers.append((200, {"apiVersion": "v1", "kind": "PodList", "items": [{}]}))

    assert server().listed(Kind("v1", "Pod"), "two", labels="app=x", fields="type=Warning") == [
        {"apiVersion": "v1", "kind": "Pod"}
    ]
    assert served.asked[1]["query"] == {
        "labelSelector": ["app=x"],
        "fieldSelector": ["type=Warning"],
    }


def test_one_is_known_by_the_certificate_of_the_kubeconfig(server, served):
    server().namespaced(CONFIG_MAP)

    assert served.asked[0]["user"] == ["admin"]


def test_or_by_its_token(server, served):
    server(certificate="", key="", token="hush").namespaced(CONFIG_MAP)  # noqa: S106

    assert (served.asked[0]["token"], served.asked[0]["user"]) == ("Bearer hush", [])


def test_neither_certificate_nor_key_nor_token_is_ever_written_to_a_file(
    server, tmp_path, monkeypatch
):
    opened = []
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    watching = True

    def watch(event, arguments):
        # Numbers are descriptors, among them the memory that the key is read from.
        if (
            watching
            and event == "open"
            and isinstance(arguments[0], str)
            and (set(arguments[1] or "r") & set("wax+"))
        ):
            opened.append(arguments[0])

    sys.addaudithook(watch)
    server(token="hush").namespaced(CONFIG_MAP)  # noqa: S106
    watching = False

    assert opened == []
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_not_one_is_refused_without_being_shown(server):
    with pytest.raises(ProviderError, match=r"certificate or key .* cannot be read") as caught:
        server(key="-----BEGIN PRIVATE KEY-----\nhush\n").namespaced(CONFIG_MAP)
    assert "hush" not in str(caught.value)


def test_the_certificate_may_be_for_a_name_that_only_the_kubeconfig_knows(server):
    assert server(name="node-1.internal").namespaced(CONFIG_MAP)
    with pytest.raises(
        Unreachable,
        match=r"is not the cluster of the kubeconfig .*Hostname "
        r"mismatch.*Look up the kubeconfig again",
    ):
        server(name="node-2.internal").namespaced(CONFIG_MAP)


def test_an_api_server_that_somebody_else_vouches_for_is_not_believed(server):
    with pytest.raises(
        Unreachable,
        match=r"is not the cluster of the kubeconfig .*was its "
        r"control plane made anew",
    ):
        server(authority=Authority().pem).namespaced(CONFIG_MAP)


def test_one_that_is_not_ready_yet_is_waited_for(server, served):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    served.answers += [(503, {"message": "starting"}), (429, {"message": "later"}), (200, manifest)]

    assert server(patience=5).apply(manifest, "two", force=False) == manifest


def test_one_that_stays_silent_is_told_with_what_to_look_at(server):
    made = server(server="https://127.0.0.1:9", patience=0.05)
    with pytest.raises(Unreachable) as caught:
        made.namespaced(CONFIG_MAP)

    told = str(caught.value)
    assert told.startswith(
        "the API server at https://127.0.0.1:9 did not answer in 0.05 s "
        "([Errno 111] Connection refused). Look at: "
    )
    assert "podnet exec node-1" in told
    assert "podnet:adminCidrs" in told


def test_who_was_waited_for_once_is_not_waited_for_again(server):
    made = server(server="https://127.0.0.1:9", patience=0.2)
    for _ in range(2):
        with pytest.raises(Unreachable):
            made.namespaced(CONFIG_MAP)

    assert made.patience <= 0.01


def test_a_refusal_is_the_api_servers_own_sentence(server, served):
    served.answers.append((409, {"kind": "Status", "message": "Apply failed with 1 conflict"}))

    with pytest.raises(Refused, match=r"^Apply failed with 1 conflict$") as caught:
        server().apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}},
            "two",
            force=False,
        )
    assert caught.value.status == 409


def test_a_namespace_that_is_not_there_is_told(authority):
    missing = Server(
        Access(server="https://127.0.0.1:9", authority=authority.pem, token="x"),  # noqa: S106
        Path("/run/netns/lab-none"),
        60,
    )

    with pytest.raises(Unreachable, match=r"namespace /run/netns/lab-none is not there.*lab up"):
        missing.get(CONFIG_MAP, "one", "two")
