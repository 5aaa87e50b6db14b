"""The provider as a plugin: its own part of the answers to the Pulumi CLI."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.rpc import UNKNOWN as UNKNOWN_ON_THE_WIRE

from podnet.lab.providers.kubernetes.plugin import NAMESPACE, Servicer, install
from podnet.lab.providers.wire import SECRET, SIGNATURE, encode
from tests.unit.lab.providers.kubernetes.conftest import CONFIG_MAP, kubeconfig


class AbortedError(Exception):
    """What gRPC raises to end a call."""


class Context:
    """Takes what a call ends with."""

    def abort(self, _, message):
        raise AbortedError(message)


@pytest.fixture
def servicer(monkeypatch):
    monkeypatch.setenv(NAMESPACE, "/run/netns/none")
    return Servicer("1")


def configured(servicer, **arguments):
    servicer.Configure(pb.ConfigureRequest(args=encode(arguments)), Context())
    return servicer


def check(servicer, type_):
    return servicer.Check(
        pb.CheckRequest(urn=f"urn:pulumi:lab::podnet::{type_}::one", news=encode({})), Context()
    )


def test_the_kubeconfig_of_a_provider_is_marked_as_a_secret(servicer):
    response = servicer.CheckConfig(
        pb.CheckRequest(news=encode({"kubeconfig": kubeconfig(), "namespace": "a"})), Context()
    )

    assert MessageToDict(response.inputs) == {
        "kubeconfig": {SIGNATURE: SECRET, "value": kubeconfig()},
        "namespace": "a",
    }


def test_a_kubeconfig_that_is_not_known_yet_passes(servicer):
    response = servicer.CheckConfig(
        pb.CheckRequest(news=encode({"kubeconfig": UNKNOWN_ON_THE_WIRE})), Context()
    )

    assert MessageToDict(response.inputs)["kubeconfig"]["value"] == UNKNOWN_ON_THE_WIRE


def test_another_cluster_replaces_the_provider(servicer):
    response = servicer.DiffConfig(
        pb.DiffRequest(
            old_inputs=encode({"kubeconfig": kubeconfig()}),
            news=encode({"kubeconfig": kubeconfig("https://203.0.113.10:6443")}),
        ),
        Context(),
    )

    assert list(response.replaces) == ["kubeconfig"]


def test_without_a_namespace_of_a_lab_no_kubeconfig_is_taken(monkeypatch):
    for value in (None, ""):
        monkeypatch.delenv(NAMESPACE, raising=False)
        if value is not None:
            monkeypatch.setenv(NAMESPACE, value)
        with pytest.raises(AbortedError, match="no network namespace of one was given"):
            configured(Servicer("1"), kubeconfig=kubeconfig())


def test_with_its_cluster_configured_objects_are_checked(servicer):
    response = check(configured(servicer, kubeconfig=kubeconfig()), CONFIG_MAP)

    assert MessageToDict(response.inputs) == {"apiVersion": "v1", "kind": "ConfigMap"}


def test_the_default_provider_serves_nothing(servicer):
    response = check(configured(servicer), CONFIG_MAP)

    assert "explicit provider" in response.failures[0].reason


def test_what_a_cluster_is_reached_by_is_set_by_the_lab_and_never_by_the_user(
    servicer, monkeypatch
):
    monkeypatch.setenv("KUBECONFIG", json.dumps({"hush": "hush"}))

    assert "explicit provider" in check(configured(servicer), CONFIG_MAP).failures[0].reason


def test_the_executable_is_where_the_cli_looks_for_that_of_the_sdk(tmp_path):
    program = install(tmp_path)
    number = version("pulumi_kubernetes")

    assert program.relative_to(tmp_path).as_posix() == (
        f"plugins/resource-kubernetes-v{number}/pulumi-resource-kubernetes"
    )
    assert "podnet.lab.providers.kubernetes.plugin" in program.read_text()
    assert program.stat().st_mode & 0o111
