"""The API server as it is reached: over TLS, in a namespace, patiently, and without a file."""

from __future__ import annotations

import ssl
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from podnet.lab.providers.kubernetes import server as reaching
from podnet.lab.providers.kubernetes.api import (
    Kind,
    NotServedError,
    RefusedError,
    UnreachableError,
)
from podnet.lab.providers.kubernetes.kubeconfig import Access
from podnet.lab.providers.kubernetes.server import Server
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.kubernetes.api_server import (
    CONFIG_MAP,
    DAEMON_SET,
    Handler,
)
from tests.unit.lab.providers.kubernetes.pki import Authority


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

    monkeypatch.setattr(reaching, "inside", call)
    monkeypatch.setattr(reaching, "POLL", 0.01)
    monkeypatch.setattr(reaching, "DISCOVERY", 0.05)
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
    assert entered == [Path("/run/netns/internet")] * 2
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
    ("kind", "expected"),
    [
        (Kind("v1", "Thing"), "ConfigMap, Namespace, Pod"),
        (Kind("example.com/v1", "Thing"), "nothing"),
    ],
)
def test_a_kind_that_stays_unknown_is_named(server, served, kind, expected):
    with refused("object-kind-not-served", NotServedError) as caught:
        server().get(kind, "one", None)
    assert expected in str(caught.value)
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
    server(certificate="", key="", token="hush").namespaced(CONFIG_MAP)

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
    server(token="hush").namespaced(CONFIG_MAP)
    watching = False

    assert opened == []
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_not_one_is_refused_without_being_shown(server):
    with refused("kubeconfig-certificate-unreadable", ProviderError) as caught:
        server(key="-----BEGIN PRIVATE KEY-----\nhush\n").namespaced(CONFIG_MAP)
    assert "hush" not in str(caught.value)


def test_the_certificate_may_be_for_a_name_that_only_the_kubeconfig_knows(server):
    assert server(name="node-1.internal").namespaced(CONFIG_MAP)
    with refused("api-server-not-trusted", UnreachableError) as caught:
        server(name="node-2.internal").namespaced(CONFIG_MAP)
    assert "Hostname mismatch" in str(caught.value)


def test_an_api_server_that_somebody_else_vouches_for_is_not_believed(server):
    with refused("api-server-not-trusted", UnreachableError):
        server(authority=Authority().pem).namespaced(CONFIG_MAP)


def test_one_that_is_not_ready_yet_is_waited_for(server, served):
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}}
    served.answers += [(503, {"message": "starting"}), (429, {"message": "later"}), (200, manifest)]

    assert server(patience=5).apply(manifest, "two", force=False) == manifest


def test_one_that_stays_silent_is_reported_with_what_to_check(server):
    made = server(server="https://127.0.0.1:9", patience=0.05)
    with refused("api-server-unreachable", UnreachableError) as caught:
        made.namespaced(CONFIG_MAP)

    message = str(caught.value)
    assert message.startswith(
        "the API server at https://127.0.0.1:9 did not answer in 0.05 s "
        "([Errno 111] Connection refused). Look at: "
    )
    assert "podnet exec node-1" in message
    assert "podnet:apiCidrs" in message


def test_who_was_waited_for_once_is_not_waited_for_again(server):
    made = server(server="https://127.0.0.1:9", patience=0.2)
    for _ in range(2):
        with pytest.raises(UnreachableError):
            made.namespaced(CONFIG_MAP)

    assert made.patience <= 0.01


def test_a_refusal_is_the_api_servers_own_sentence(server, served):
    served.answers.append((409, {"kind": "Status", "message": "Apply failed with 1 conflict"}))

    with refused("api-server-refused", RefusedError) as caught:
        server().apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "one"}},
            "two",
            force=False,
        )
    assert str(caught.value) == "Apply failed with 1 conflict"
    assert caught.value.status == 409


def test_a_namespace_that_is_not_there_is_refused(authority):
    missing = Server(
        Access(server="https://127.0.0.1:9", authority=authority.pem, token="x"),
        Path("/run/netns/lab-none"),
        60,
    )

    with refused("lab-namespace-gone", UnreachableError):
        missing.get(CONFIG_MAP, "one", "two")
