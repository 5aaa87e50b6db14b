"""What the commands do differently where a stack has a cluster."""

import json

import pytest

from lab.cli import kept, kubernetes_commands, proof, roll_commands, runtimes
from lab.cli.deploy import EngineKind
from lab.cli.proof import Target
from lab.cli.runtimes import Bare, Clustered
from lab.engine import Step, Summary
from lab.errors import LabError
from lab.home import Home
from lab.kubernetes.image import IMAGE_ID
from lab.kubernetes.nodes import Member
from lab.probe import Check, Matrix, Result


@pytest.fixture
def home(tmp_path):
    return Home.open(tmp_path)


@pytest.fixture
def target(home):
    return Target(home, "kubernetes", EngineKind.EMBEDDED, "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("stack", "given", "image"),
    [
        ("kubernetes", {}, IMAGE_ID),
        ("kubernetes", {"podnet:imageId": "ami-1234"}, "ami-1234"),
        ("lab", {}, None),
        ("lab", {"podnet:kubernetes": "kubeadm"}, IMAGE_ID),
    ],
    ids=["a cluster", "a cluster of another image", "no cluster", "a cluster for this once"],
)
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


@pytest.mark.parametrize(
    ("clustered", "said"),
    [
        ([], "no stack of this lab has Kubernetes"),
        (["flannel", "kubernetes"], "flannel, kubernetes have a cluster each; name one by --stack"),
    ],
    ids=["none", "two"],
)
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


def pod(name, node, address, **spec):
    return {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"nodeName": node, **spec},
        "status": {"phase": "Pending", **({"podIP": address} if address else {})},
    }


def member(name, block, reason=None, *, schedulable=True):
    return Member(
        name=name,
        version="v1.36.0",
        block=block,
        why_not_ready=reason,
        schedulable=schedulable,
        boot_id="",
    )


def test_status_tells_of_each_node_whether_it_is_as_the_rule_says(home):
    rows = Rows()
    cluster = FakeCluster(
        member("node-1", "10.1.1.0/24"),
        member("node-3", "10.1.9.0/24", "no network"),
        member("stranger", "", schedulable=False),
        pods=[pod("a", "node-3", "10.1.3.2")],
    )
    kubernetes_commands.members_table(cluster, kept.settings(home, "kubernetes"), rows)

    assert rows == [
        ("node-1", "Ready", "v1.36.0", "10.1.1.0/24 (by the rule)", "none"),
        ("node-2", "[yellow]has not joined[/]", "", "", ""),
        (
            "node-3",
            "no network",
            "v1.36.0",
            "10.1.9.0/24 [yellow]the rule says 10.1.3.0/24[/]",
            "default/a 10.1.3.2",
        ),
        ("stranger", "Ready, drained", "v1.36.0", " [yellow]no node of this stack[/]", "none"),
    ]


def test_pods_are_told_by_node_and_those_in_its_network_are_not_told():
    found = kubernetes_commands.pods_by_node(
        FakeCluster(
            pods=[
                pod("b", "node-1", "10.1.1.3"),
                pod("a", "node-1", None),
                pod("proxy", "node-1", "192.168.1.11", hostNetwork=True),
            ]
        )
    )

    assert json.loads(json.dumps(found)) == {"node-1": ["default/a Pending", "default/b 10.1.1.3"]}


def checked(*results):
    return Matrix(("a", "b"), tuple(results), 0.1)


GREEN = Result("a", "b", Check.TCP, None)
RED = Result("a", "b", Check.TCP, "refused")
SERVICE = Result("a", "service", Check.SERVICE, "refused")
NEW_NODE = Summary(
    steps=(
        Step(
            "create",
            "urn:pulumi:s::p::aws:ec2/instance:Instance::node-1",
            "aws:ec2/instance:Instance",
            "node-1",
        ),
    ),
    counts={},
    outputs={},
    seconds=0.0,
)
NOTHING_NEW = Summary(steps=(), counts={}, outputs={}, seconds=0.0)


@pytest.mark.parametrize(
    ("matrix", "summary", "seconds", "why"),
    [
        (checked(GREEN), NEW_NODE, 0, None),
        (checked(RED), NOTHING_NEW, 0, None),
        (
            checked(RED),
            NEW_NODE,
            14,
            "peers may still believe the MAC of a node that was here before",
        ),
        (checked(RED), NEW_NODE, 16, None),
        (checked(GREEN, SERVICE), NOTHING_NEW, 59, "Services follow their pods a while later"),
        (checked(GREEN, SERVICE), NOTHING_NEW, 61, None),
        (checked(RED, SERVICE), NOTHING_NEW, 1, None),
    ],
    ids=[
        "green",
        "red",
        "red and new",
        "red and not so new",
        "Services",
        "Services for long",
        "Services and more",
    ],
)
def test_only_what_comes_right_by_itself_is_asked_again(matrix, summary, seconds, why):
    assert proof._why_again(matrix, summary, seconds) == why  # noqa: SLF001  # pure, and worth it


@pytest.mark.parametrize(
    ("op", "kind", "name", "replaces"),
    [
        ("replace", "aws:ec2/instance:Instance", "nodes-node-3", True),
        ("update", "aws:ec2/instance:Instance", "nodes-node-3", False),
        ("replace", "aws:ec2/instance:Instance", "nodes-node-13", False),
        ("replace", "aws:ec2/route:Route", "pod-routes-a-node-3", False),
    ],
    ids=["it", "not anew", "another node", "no node"],
)
def test_a_node_leaves_its_cluster_only_for_a_deployment_that_makes_it_anew(
    op, kind, name, replaces
):
    summary = Summary(steps=(Step(op, "urn", kind, name),), counts={}, outputs={}, seconds=0.0)

    assert roll_commands._replaces(summary, "node-3") is replaces  # noqa: SLF001  # pure
