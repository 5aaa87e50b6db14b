"""What the commands do differently where a stack has a cluster."""

import json

import pytest

from lab.cli import kept, kubernetes_commands, roll_commands, runtimes
from lab.cli.deploy import EngineKind
from lab.cli.proof import Target
from lab.cli.runtimes import Bare, Clustered
from lab.errors import LabError
from lab.home import Home
from lab.kubernetes.image import IMAGE_ID
from lab.kubernetes.nodes import Member


@pytest.fixture
def home(tmp_path):
    return Home.open(tmp_path)


@pytest.fixture
def target(home):
    return Target(home, "kubernetes", EngineKind.EMBEDDED, "http://127.0.0.1:1")


@pytest.mark.parametrize(("stack", "given", "image"), [
    ("kubernetes", {}, IMAGE_ID),
    ("kubernetes", {"podnet:imageId": "ami-1234"}, "ami-1234"),
    ("lab", {}, None),
    ("lab", {"podnet:kubernetes": "kubeadm"}, IMAGE_ID),
], ids=["a cluster", "a cluster of another image", "no cluster", "a cluster for this once"])
def test_nodes_of_a_cluster_start_from_the_image_that_has_one(home, stack, given, image):
    assert kept.over(home, stack, given).get("podnet:imageId") == image


def test_what_is_chosen_for_the_nodes_is_not_kept(home):
    kept.keep(home, "kubernetes", {"podnet:routing": "overlay"})

    assert kept.load(home, "kubernetes") == {"podnet:routing": "overlay"}
    assert kept.settings(home, "kubernetes").image_id == IMAGE_ID


def test_another_version_than_the_labs_is_refused_before_anything_is_built(target, monkeypatch):
    monkeypatch.setattr("lab.kubernetes.image.ensure", lambda *_: pytest.fail("it was built"))

    with pytest.raises(LabError, match=r"kubernetesVersion 1\.36\.9: the lab's programs are of v1"):
        target.up({"podnet:kubernetesVersion": "1.36.9"})


def rolled(target, monkeypatch, kind, *named):
    monkeypatch.setattr(roll_commands, "runtime", lambda *_: kind)
    older = {"node-1": ["files"], "node-2": ["image"]}
    return roll_commands.spared(target, older, named)


def test_a_roll_leaves_the_control_plane_as_it_is_and_says_so(target, home, monkeypatch, capsys):
    clustered = Clustered(home, None)

    assert rolled(target, monkeypatch, clustered) == {"node-2": ["image"]}
    assert "node-1 is older too, and is left" in capsys.readouterr().out
    with pytest.raises(LabError, match="it is the control plane"):
        rolled(target, monkeypatch, clustered, "node-1")


def test_where_there_is_no_cluster_every_node_is_rolled(target, home, monkeypatch):
    assert set(rolled(target, monkeypatch, Bare(home), "node-1")) == {"node-1", "node-2"}


@pytest.mark.parametrize(("clustered", "said"), [
    ([], "no stack of this lab has Kubernetes"),
    (["flannel", "kubernetes"], "flannel, kubernetes have a cluster each; name one by --stack"),
], ids=["none", "two"])
def test_kubectl_asks_which_cluster_is_meant(home, monkeypatch, clustered, said):
    deployed(home, monkeypatch, "flannel", "kubernetes", "lab", clustered=clustered)

    with pytest.raises(LabError, match=said):
        kubernetes_commands._only_one(home, "")  # noqa: SLF001  # what the command begins with


def test_kubectl_takes_the_one_cluster_there_is(home, monkeypatch):
    deployed(home, monkeypatch, "kubernetes", "lab", clustered=["kubernetes"])

    assert kubernetes_commands._only_one(home, "") == "kubernetes"  # noqa: SLF001


def deployed(home, monkeypatch, *stacks, clustered):
    (home.directory / "engines").mkdir()
    for stack in stacks:
        (home.directory / "engines" / stack).touch()
    monkeypatch.setattr(runtimes, "cluster", lambda _home, stack, _: stack in clustered)


class FakeCluster:
    """A cluster with these nodes."""

    def __init__(self, *members, pods=()):
        self._members = {member.name: member for member in members}
        self._pods = pods

    def members(self):
        return self._members

    def pods(self):
        return self._pods


class Rows(list):
    """A table that remembers its rows."""

    def add_row(self, *cells):
        self.append(cells)


def member(name, block, reason=None, *, schedulable=True):
    return Member(name=name, version="v1.36.0", block=block, why_not_ready=reason,
                  schedulable=schedulable)


def test_status_tells_of_each_node_whether_it_is_as_the_rule_says(home):
    rows = Rows()
    kubernetes_commands.members_table(FakeCluster(
        member("node-1", "10.1.1.0/24"), member("node-3", "10.1.9.0/24", "no network"),
        member("stranger", "", schedulable=False)), kept.settings(home, "kubernetes"), rows)

    assert rows == [
        ("node-1", "Ready", "v1.36.0", "10.1.1.0/24 (by the rule)"),
        ("node-2", "[yellow]has not joined[/]", "", ""),
        ("node-3", "no network", "v1.36.0", "10.1.9.0/24 [yellow]the rule says 10.1.3.0/24[/]"),
        ("stranger", "Ready, drained", "v1.36.0", " [yellow]no node of this stack[/]"),
    ]


def test_pods_are_told_by_node_and_those_in_its_network_are_not_told():
    def pod(name, node, address, **spec):
        return {"metadata": {"namespace": "default", "name": name},
                "spec": {"nodeName": node, **spec},
                "status": {"phase": "Pending", **({"podIP": address} if address else {})}}

    found = kubernetes_commands.pods_by_node(FakeCluster(pods=[
        pod("b", "node-1", "10.1.1.3"), pod("a", "node-1", None),
        pod("proxy", "node-1", "192.168.1.11", hostNetwork=True)]))

    assert json.loads(json.dumps(found)) == {
        "node-1": ["default/a Pending", "default/b 10.1.1.3"]}
