"""Kubeconfigs that lead nowhere, and API servers that refuse, answer oddly or do not answer."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from podnet.cluster.api import ClusterError, connect
from podnet.cluster.rights import RIGHTS, check
from tests.refusals import refused


class Handler(BaseHTTPRequestHandler):
    """Answers every request with what the server holds for its path."""

    def _answer(self):
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        status, answer = self.server.answer(self.command, self.path, body)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)


def kubeconfig(folder, port):
    content = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
        "users": [{"name": "u", "user": {"token": "secret-word"}}],
    }
    file = folder / "kubeconfig"
    file.write_text(json.dumps(content))
    return file


def cluster(folder, server, status, answer):
    server.answer = lambda *_: (status, answer)
    return connect(kubeconfig(folder, server.server_port), None)


def test_a_kubeconfig_that_is_not_there_is_named(tmp_path):
    with refused("kubeconfig-file-missing", ClusterError) as caught:
        connect(tmp_path / "none", None)
    assert str(tmp_path / "none") in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "{", "just words", "[]", "clusters: []", "current-context: it\ncontexts: []", "a: b: c"],
)
def test_a_kubeconfig_that_leads_nowhere_is_refused_and_not_quoted(tmp_path, text):
    file = tmp_path / "kubeconfig"
    file.write_text(text + "\n# secret-word" if text else text)
    with refused("kubeconfig-invalid", ClusterError) as caught:
        connect(file, None)
    assert "secret-word" not in str(caught.value)


def test_a_context_that_is_not_there_is_named(tmp_path):
    with refused("kubeconfig-invalid", ClusterError) as caught:
        connect(kubeconfig(tmp_path, 1), "other")
    assert "other" in str(caught.value)


def test_a_cluster_where_nobody_listens_is_unreachable(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with refused("cluster-unreachable", ClusterError) as caught:
        connect(kubeconfig(tmp_path, port), None).nodes()
    assert f"http://127.0.0.1:{port}: [Errno 111] Connection refused" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "answer", "rule"),
    [
        (401, {"message": "Unauthorized"}, "cluster-unauthorized"),
        (403, {"message": "u cannot list nodes"}, "cluster-forbidden"),
        (500, {"message": "etcd is away"}, "cluster-refused"),
        (502, b"<html>", "cluster-refused"),
        (404, {"message": "not found"}, "cluster-without-object"),
        (200, b"<html>a login page</html>", "cluster-answer-not-kubernetes"),
    ],
)
def test_what_a_server_answers_is_in_the_error(tmp_path, server, status, answer, rule):
    with refused(rule, ClusterError) as caught:
        cluster(tmp_path, server, status, answer).nodes()
    assert f"http://127.0.0.1:{server.server_port}" in str(caught.value)
    assert "secret-word" not in str(caught.value)


def test_a_namespace_that_is_not_there_is_none(tmp_path, server):
    assert cluster(tmp_path, server, 404, {"message": "not found"}).namespace() is None


def test_rights_are_asked_of_the_cluster_by_the_attributes_that_rbac_knows(tmp_path, server):
    asked = []

    def answer(method, path, body):
        attributes = body["spec"]["resourceAttributes"]
        asked.append((method, path, attributes))
        return 201, {"status": {"allowed": attributes["resource"] != "daemonsets"}}

    server.answer = answer
    connected = connect(kubeconfig(tmp_path, server.server_port), None)
    with refused("cluster-rights-missing") as caught:
        check(connected.allows, connected.server)

    assert "lacks\n  - create daemonsets.apps in namespace podnet-matrix\n" in str(caught.value)
    assert {each[:2] for each in asked} == {
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
    }
    assert len(asked) == len(RIGHTS)
    found = {"verb": "create", "resource": "daemonsets", "group": "apps"}
    assert {**found, "namespace": "podnet-matrix"} in [each[2] for each in asked]
