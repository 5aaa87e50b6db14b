import dataclasses
import json

import bootstrap
import pytest
from bootstrap import Bootstrap, WrongCaError

JOIN = "/podnet/dev/kubernetes/join"
FIELDS = json.dumps(
    {
        "endpoint": "ip-192-168-1-11.eu-central-1.compute.internal:6443",
        "token": "abcdef.0123456789abcdef",
        "caCertHash": f"sha256:{'0' * 64}",
    }
)


class Programs:
    """Stands for every program of a node; records calls, and the drafts that kubeadm read."""

    def __init__(self, root):
        self.root = root
        self.calls = []
        self.drafts = []
        self.answers = {}

    def run(self, *argv):
        self.calls.append(argv)
        return ""

    def stream(self, *argv):
        self.calls.append(argv)
        if "--config" in argv:
            draft = self.root / "run/podnet-kubernetes.yaml"
            self.drafts.append((draft.read_text(), draft.stat().st_mode & 0o777))
        verb = " ".join(argv[:2])
        status, output = self.answers.get(verb, (0, ""))
        if status == 0 and verb in ("kubeadm init", "kubeadm join"):
            self.touch("etc/kubernetes/kubelet.conf")
        return status, output

    def touch(self, name):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def named(self, *begin):
        return [call for call in self.calls if call[: len(begin)] == begin]


@pytest.fixture
def programs(monkeypatch, tmp_path):
    subject = Programs(tmp_path)
    own = tmp_path / "etc/podnet/containerd.toml"
    own.parent.mkdir(parents=True)
    own.write_text("version = 3\n")
    monkeypatch.setattr(bootstrap, "run", subject.run)
    monkeypatch.setattr(bootstrap, "stream", subject.stream)
    monkeypatch.setattr(bootstrap, "protect", lambda _: None)
    monkeypatch.setattr(bootstrap, "instance", lambda _: "198.51.100.7")
    return subject


@pytest.fixture
def on(cluster, node, store, programs, tmp_path):
    """The bootstrap of the node with this number."""
    store.values[JOIN] = FIELDS
    return lambda number: Bootstrap(cluster, node(number), store, tmp_path)


def test_the_first_node_makes_the_control_plane_and_starts_its_service(on, programs):
    assert on(1).work() == "node-1 is in the cluster"

    draft = str(programs.root / "run/podnet-kubernetes.yaml")
    assert programs.named("kubeadm") == [
        ("kubeadm", "config", "validate", "--config", draft),
        ("kubeadm", "init", "--config", draft, "--skip-token-print"),
    ]
    assert programs.named("systemctl", "start")[-1][-1] == "podnet-control-plane"
    assert '"198.51.100.7"' in programs.drafts[0][0]


def test_another_node_joins_and_runs_nothing_of_the_control_plane(on, programs):
    assert on(2).work() == "node-2 is in the cluster"

    assert [call[1] for call in programs.named("kubeadm")] == ["config", "join"]
    assert "podnet-control-plane" not in str(programs.calls)


def test_the_token_is_readable_by_root_alone_and_does_not_stay(on, programs):
    on(2).work()

    assert [("abcdef.0123456789abcdef" in text, mode) for text, mode in programs.drafts] == [
        (True, 0o600)
    ]
    assert not (programs.root / "run/podnet-kubernetes.yaml").exists()


def test_a_second_run_changes_nothing(on, programs):
    on(2).work()
    files = {path: path.stat().st_mtime_ns for path in programs.root.rglob("*") if path.is_file()}
    programs.calls.clear()

    assert on(2).work() == ""
    assert programs.named("kubeadm") == []
    assert {
        path: path.stat().st_mtime_ns for path in programs.root.rglob("*") if path.is_file()
    } == files


def test_an_attempt_that_was_cut_short_is_undone_first(on, programs):
    programs.answers["kubeadm join"] = (1, "error: timed out")
    with pytest.raises(OSError, match="`kubeadm join` ended with 1: error: timed out"):
        on(2).work()
    programs.touch("etc/kubernetes/kubelet.conf")
    programs.answers.clear()
    programs.calls.clear()

    on(2).work()

    assert [call[1] for call in programs.named("kubeadm")] == ["reset", "config", "join"]


def test_a_failure_that_left_nothing_needs_no_undoing(on, programs):
    programs.answers["kubeadm join"] = (1, "error: timed out")
    for _ in range(2):
        with pytest.raises(OSError, match="timed out"):
            on(2).work()

    assert "reset" not in [call[1] for call in programs.named("kubeadm")]


def test_a_cluster_of_somebody_else_is_not_undone(on, programs):
    programs.touch("etc/kubernetes/admin.conf")

    with pytest.raises(ValueError, match=r"admin.conf exists and podnet did not create it"):
        on(1).work()

    assert programs.named("kubeadm") == []


def test_a_node_waits_for_the_control_planes_parameter(on, programs, store):
    store.values[JOIN] = "none"

    with pytest.raises(LookupError, match=f"waiting for the control plane to write {JOIN}"):
        on(2).work()

    assert programs.named("kubeadm") == []


def test_a_parameter_that_cannot_be_read_says_so(on, programs, store):
    store.failing[JOIN] = f"SSM parameter {JOIN}: this node's role lacks ssm:GetParameter"

    with pytest.raises(OSError, match="lacks ssm:GetParameter"):
        on(2).work()


def test_another_ca_is_refused_and_never_trusted_all_the_same(on, programs):
    error = "error: the cluster CA is invalid: none of the public keys are pinned\n"
    programs.answers["kubeadm join"] = (1, error)

    with pytest.raises(WrongCaError, match=f"has another CA than the one pinned in {JOIN}"):
        on(2).work()

    assert "unsafe" not in str(programs.calls) + str(programs.drafts)


def test_an_unsupported_version_is_refused_before_anything_is_done(on, programs, cluster):
    subject = on(2)
    subject.cluster = dataclasses.replace(cluster, version="1.29.0")

    with pytest.raises(ValueError, match=r"Kubernetes 1.29.0 is not supported, since"):
        subject.work()

    assert programs.calls == []


def test_packages_that_cannot_be_installed_are_reported(on, programs):
    programs.answers["/bin/sh /usr/local/lib/podnet/packages.sh"] = (100, "E: Unable to fetch\n")

    with pytest.raises(OSError, match="not all packages are installed: E: Unable to fetch"):
        on(2).work()


def test_the_firewall_is_on_disk_before_a_package_may_start_a_kubelet(on, programs, monkeypatch):
    seen = []

    def stream(*argv):
        seen.append((programs.root / "etc/podnet/kubernetes.nft").exists())
        return 1, "stop here"

    monkeypatch.setattr(bootstrap, "stream", stream)
    with pytest.raises(OSError, match="stop here"):
        on(2).work()

    assert seen == [True]


@pytest.mark.parametrize("there", [True, False], ids=["of the image", "none"])
def test_the_images_containerd_configuration_is_left_alone(on, programs, there):
    file = programs.root / "etc/containerd/config.toml"
    if there:
        programs.touch("etc/containerd/config.toml")

    on(2).work()

    assert file.read_text() == ("" if there else "version = 3\n")


def test_a_node_without_a_public_address_makes_a_control_plane_too(on, programs, monkeypatch):
    def none(_):
        raise LookupError("the metadata service has no public-ipv4")

    monkeypatch.setattr(bootstrap, "instance", none)

    on(1).work()

    assert "null" not in programs.drafts[0][0]
