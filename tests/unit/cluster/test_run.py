"""A probe of a cluster: what is made, what fails with which reason, and that all is removed."""

import os
import signal

import pytest

from podnet.cluster import run, workload
from podnet.cluster.run import Probe, probe_cluster
from tests.refusals import refused
from tests.unit.cluster.fake import FakeCluster, node, pod

ALL = ["create Namespace", "create ConfigMap", *["create DaemonSet"] * 3, "delete Namespace"]


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(run, "POLL", 0.01)
    monkeypatch.setattr(run, "REMOVE_SECONDS", 0.05)


def probe(cluster, note=lambda _: None, **wanted):
    return probe_cluster(cluster, Probe(wait=0.05, **wanted), note, cluster.warnings.append)


def test_every_node_has_two_pods_and_itself_and_all_is_removed():
    cluster = FakeCluster()
    matrix = probe(cluster)

    assert matrix.endpoints == ("daemon-1", "daemon-2", "web-1", "web-2", "node-1", "node-2")
    assert (matrix.pairs, matrix.passed, matrix.failed) == (30, 30, ())
    # Three checks a pair, both ways between the containers of four pods, metadata for each.
    assert len(matrix.results) == 30 * 3 + 4 * 2 + 6
    assert cluster.changes == ALL
    assert cluster.present is None


FAILURES = {
    "image pull": (
        pod(
            "web",
            2,
            containerStatuses=[
                {
                    "name": "a",
                    "state": {"waiting": {"reason": "ErrImagePull", "message": "no host"}},
                }
            ],
        ),
        "web-x2: ErrImagePull: no host",
    ),
    "taint": (
        pod(
            "web",
            2,
            conditions=[
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "message": "1 node had untolerated taint",
                }
            ],
        ),
        "web-x2: 1 node had untolerated taint",
    ),
    "crash": (
        pod(
            "web", 2, containerStatuses=[{"name": "b", "state": {"terminated": {"exitCode": 127}}}]
        ),
        "web-x2: container b ended with code 127",
    ),
    "IPv6": (
        pod("web", 2, podIP="fd00::2"),
        "web-x2 has the address fd00::2; the probe sends over IPv4 alone",
    ),
    "none": (None, "node-2 has no pod of DaemonSet web"),
}


@pytest.mark.parametrize(("broken", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_pod_that_is_not_ready_is_a_failed_row_with_the_reason(broken, reason):
    cluster = FakeCluster()
    others = [(maker, number) for maker in workload.MAKERS for number in (1, 2)]
    cluster.pods_of = [pod(*each) for each in others if each != ("web", 2)]
    cluster.pods_of += [broken] if broken else []
    matrix = probe(cluster)

    assert matrix.missing == {"web-2": reason}
    assert (matrix.pairs, matrix.passed) == (30, 20)
    assert {each.reason for each in matrix.failed} == {reason}


def test_a_node_that_does_not_report_fails_at_once_whatever_its_pods_say():
    cluster = FakeCluster(1)
    cluster.listed.append(node("node-2", "Unknown", "Kubelet stopped posting node status."))
    matrix = probe_cluster(cluster, Probe(wait=60), lambda _: None, cluster.warnings.append)

    reason = "node-2 is NotReady: Kubelet stopped posting node status."
    assert matrix.missing == dict.fromkeys(("daemon-2", "web-2", "node-2"), reason)
    assert matrix.passed == 6


def test_the_reason_of_a_refused_pod_is_in_the_events(monkeypatch):
    cluster = FakeCluster(1)
    cluster.pods_of = [pod("daemon", 1), pod("web", 1)]
    message = 'pods "node-" is forbidden: violates PodSecurity'
    event = {"involvedObject": {"name": "node"}, "reason": "FailedCreate", "message": message}
    monkeypatch.setattr(cluster, "events", lambda: [event])

    assert probe(cluster).missing == {"node-1": f"node-1 has no pod of DaemonSet node: {message}"}


def test_an_agent_that_does_not_answer_is_a_failed_row():
    cluster = FakeCluster()
    cluster.silent["daemon-x2"] = "no answer in 50 s"
    matrix = probe(cluster)

    assert matrix.missing == {"daemon-2": "daemon-x2: no answer in 50 s"}
    assert matrix.passed == 20


def test_nodes_beyond_those_of_the_api_can_be_expected():
    matrix = probe(FakeCluster(), expect=3)

    assert matrix.missing == {"node 3 of 3": "the API lists 2 nodes that take pods"}
    assert (matrix.pairs, matrix.passed) == (42, 30)
    assert probe(FakeCluster(), expect=2).failed == ()


def test_a_cordoned_node_and_one_with_windows_are_not_expected():
    cluster = FakeCluster(2)
    cluster.listed[1]["spec"]["unschedulable"] = True
    windows = node("node-3")
    windows["metadata"]["labels"]["kubernetes.io/os"] = "windows"
    cluster.listed.append(windows)

    assert probe(cluster).endpoints == ("daemon-1", "web-1", "node-1")


def test_a_cluster_without_nodes_is_refused():
    cluster = FakeCluster(0)
    with refused("cluster-without-nodes"):
        probe(cluster)
    assert cluster.changes == []


@pytest.mark.parametrize(
    "right",
    [
        "create daemonsets.apps in namespace podnet-matrix",
        "create pods/exec in namespace podnet-matrix",
        "list nodes in the cluster",
    ],
)
def test_a_right_that_is_lacking_is_named_before_anything_is_made(right):
    cluster = FakeCluster()
    cluster.lacking = {right}
    with refused("cluster-rights-missing") as caught:
        probe(cluster)

    assert f"lacks\n  - {right}\n" in str(caught.value)
    assert cluster.changes == []


def test_what_a_killed_run_has_left_is_removed_first():
    cluster = FakeCluster()
    cluster.present = workload.namespace()
    probe(cluster)

    assert cluster.changes == ["delete Namespace", *ALL]


def test_a_namespace_of_somebody_else_is_left_alone():
    cluster = FakeCluster()
    cluster.present = {"metadata": {"name": workload.NAMESPACE, "labels": {}}}
    with refused("cluster-namespace-not-ours"):
        probe(cluster)

    assert cluster.changes == []


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_all_is_removed_after_an_error_and_after_ctrl_c(error, monkeypatch):
    cluster = FakeCluster()

    def broken(*_):
        raise error

    monkeypatch.setattr(cluster, "execute", broken)
    with pytest.raises(error):
        probe(cluster)

    assert cluster.changes == ALL


def test_all_is_removed_after_sigterm():
    cluster = FakeCluster()
    before = signal.getsignal(signal.SIGTERM)

    def note(text):
        if text == "packets":
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(SystemExit) as caught:
        probe(cluster, note)

    assert caught.value.code == 128 + signal.SIGTERM
    assert cluster.changes == ALL
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_namespace_that_stays_is_a_warning_and_takes_no_verdict_away():
    cluster = FakeCluster()
    cluster.stays = True
    matrix = probe(cluster)

    assert matrix.failed == ()
    (warning,) = cluster.warnings
    assert "kubectl delete namespace podnet-matrix" in warning
