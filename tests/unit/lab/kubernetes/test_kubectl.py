"""kubectl as the lab runs it: with a kubeconfig that is on no disk."""

import subprocess
import sys

import pytest

from podnet.lab.home import PROJECT
from podnet.lab.kubernetes.kubectl import Kubectl, NoClusterError, has_cluster, read_kubeconfig
from podnet.plan.kubernetes import UNWRITTEN
from podnet.system.commands import CommandError
from tests.refusals import refused

NAME = "/podnet/mine/kubernetes/kubeconfig"


class NotFoundError(Exception):
    """As SSM's client raises it."""


class FakeSsm:
    """SSM with these parameters."""

    class exceptions:  # noqa: N801  # as boto3 calls it
        ParameterNotFound = NotFoundError

    def __init__(self, **held):
        self.held = held

    def get_parameter(self, *, Name, WithDecryption=False):  # noqa: N803  # as boto3 calls them
        if Name not in self.held:
            raise NotFoundError
        return {"Parameter": {"Value": self.held[Name] if WithDecryption else "sealed"}}


def test_the_kubeconfig_is_read_decrypted():
    assert read_kubeconfig(FakeSsm(**{NAME: "apiVersion: v1"}), "mine") == "apiVersion: v1"


def test_before_the_control_plane_has_written_it_there_is_no_cluster_yet():
    ssm = FakeSsm(**{NAME: "none"})

    with refused("cluster-not-created", NoClusterError):
        read_kubeconfig(ssm, "mine")
    assert has_cluster(ssm, "mine")


def test_a_stack_without_kubernetes_has_none():
    with refused("stack-without-cluster", NoClusterError):
        read_kubeconfig(FakeSsm(), "mine")
    assert not has_cluster(FakeSsm(), "mine")


@pytest.fixture
def program(tmp_path, monkeypatch):
    """A kubectl that is this shell script, in the network of the test."""

    def make(script):
        file = tmp_path / "kubectl"
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
        monkeypatch.setattr(Kubectl, "_argv", lambda self, words: [str(self.program), *words])
        return Kubectl(
            program=file, namespace="none", cache=tmp_path / "cache", kubeconfig="a secret"
        )

    return make


def test_it_is_given_the_kubeconfig_in_memory_and_leaves_no_file(program, tmp_path):
    made = program('readlink "$KUBECONFIG"; cat "$KUBECONFIG" "$KUBECONFIG"; echo; echo "$@"')
    before = sorted(tmp_path.iterdir())

    link, twice, words = made.run("get", "pods").splitlines()
    assert link.startswith("/memfd:")
    assert twice == "a secreta secret"
    assert words == "get pods"
    assert sorted(tmp_path.iterdir()) == before


def test_a_failure_is_reported_as_one_could_paste_it_and_without_the_secret(program):
    made = program('echo "the server could not find it" >&2; exit 3')

    with refused("command-failed", CommandError) as caught:
        made.run("get", "it")
    assert str(caught.value).startswith("`kubectl get it` ended with 3: the server")
    assert (caught.value.code, "a secret" in str(caught.value)) == (3, False)


def test_no_proxy_of_this_machine_is_asked(program, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com")
    monkeypatch.setenv("no_proxy", "localhost")

    assert program("env | grep -ci '^[a-z]*_proxy=' || true").run() == "0\n"


def test_it_takes_the_place_of_the_command_with_streams_and_exit_code(program, tmp_path):
    made = program('cat; echo "said" >&2; cat "$KUBECONFIG"; exit 3')
    begun = f"""
from pathlib import Path
from podnet.lab.kubernetes.kubectl import Kubectl
Kubectl._argv = lambda self, words: [str(self.program), *words]
Kubectl(program=Path({str(made.program)!r}), namespace="none", cache=Path({str(tmp_path)!r}),
        kubeconfig="a secret").become(["get", "pods"])
"""
    done = subprocess.run(
        [sys.executable, "-c", begun],
        input="asked ",
        capture_output=True,
        text=True,
        check=False,
        cwd=PROJECT,
    )

    assert (done.returncode, done.stdout, done.stderr) == (3, "asked a secret", "said\n")


def test_it_runs_in_the_network_that_it_is_given(tmp_path):
    made = Kubectl(
        program=tmp_path / "kubectl", namespace="lab-internet-abc", cache=tmp_path, kubeconfig=""
    )

    assert made._argv(["get"]) == [  # noqa: SLF001  # what it hands to the kernel
        "nsenter",
        "--net=/run/netns/lab-internet-abc",
        str(tmp_path / "kubectl"),
        "get",
    ]


def test_the_mark_of_an_unwritten_parameter_is_the_one_of_deployed_stacks():
    # Stacks that were deployed before hold it, and another would be taken for a kubeconfig.
    assert UNWRITTEN == "none"
