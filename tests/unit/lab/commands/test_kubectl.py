import pytest

from podnet.lab.commands import kubectl
from podnet.lab.home import Home
from podnet.lab.stack import stacks
from podnet.lab.stack.engine import EngineKind, record
from podnet.lab.stack.lab_stack import LabStack
from tests.refusals import refused


@pytest.fixture
def lab_with(tmp_path, monkeypatch):
    """A lab with these stacks, of which the first is the current one and some have a cluster."""

    def make(*names, clusters):
        home = Home.open(tmp_path)
        for name in names:
            record(home, name, EngineKind.EMBEDDED)
        stacks.select(home, names[0])
        monkeypatch.setattr(LabStack, "cluster", lambda stack: stack.name in clusters)
        return home

    return make


def test_kubectl_without_any_cluster_says_how_to_make_one(lab_with):
    with refused("cluster-missing"):
        kubectl.with_cluster(lab_with("lab", clusters=()), "")


def test_kubectl_asks_which_of_two_clusters_is_meant(lab_with):
    home = lab_with("lab", "flannel", "kubernetes", clusters=("flannel", "kubernetes"))

    with refused("cluster-ambiguous") as caught:
        kubectl.with_cluster(home, "")

    assert "flannel, kubernetes" in str(caught.value)


@pytest.mark.parametrize(
    ("names", "clusters", "expected"),
    [
        (("lab", "kubernetes"), ("kubernetes",), "kubernetes"),
        (("flannel", "kubernetes"), ("flannel", "kubernetes"), "flannel"),
        (("kubernetes", "flannel"), ("flannel",), "flannel"),
    ],
    ids=["the only one", "the current one of two", "the current one has none"],
)
def test_kubectl_takes_the_current_cluster_or_the_only_one(lab_with, names, clusters, expected):
    assert kubectl.with_cluster(lab_with(*names, clusters=clusters), "") == expected
