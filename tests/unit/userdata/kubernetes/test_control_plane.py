import json

import control_plane
import drain
import join
import pytest
from control_plane import ControlPlane

ROOT = "/podnet/dev/kubernetes"
ENDPOINT = "ip-192-168-1-11.eu-central-1.compute.internal:6443"
ADMIN = f"""\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Q0E=
    server: https://{ENDPOINT}
  name: dev
"""


class Api:
    """A cluster's Node objects, and kubectl for them."""

    def __init__(self, *names):
        self.blocks = dict.fromkeys(names)
        self.calls = []
        self.refusal = ""
        self.objects = []
        self.looks = 0

    def __call__(self, verb, *argv):
        if verb == "get":
            if self.refusal:
                raise OSError(self.refusal)
            if "networkpolicies" in argv[0]:
                self.looks += 1
                return json.dumps({"items": self.objects})
            items = [
                {"metadata": {"name": name}, "spec": {"podCIDR": block} if block else {}}
                for name, block in self.blocks.items()
            ]
            return json.dumps({"items": items})
        self.calls.append((verb, *argv))
        if verb == "patch":
            self.blocks[argv[1]] = json.loads(argv[-1])["spec"]["podCIDR"]
        if verb == "delete":
            del self.blocks[argv[1]]
        return ""

    def verbs(self):
        return [call[0] for call in self.calls]


@pytest.fixture
def api():
    return Api("node-1", "node-2", "node-3")


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands until a test moves it."""
    now = [1000.0]
    monkeypatch.setattr(control_plane.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def tokens(monkeypatch):
    """Tokens as kubeadm makes them, one after the other."""
    made = []

    def run(*argv):
        assert argv[:3] == ("kubeadm", "token", "create")
        made.append(f"abcdef.{len(made):016}")
        return (
            f"kubeadm join {ENDPOINT} --token {made[-1]} "
            f"--discovery-token-ca-cert-hash sha256:{'0' * 64} \n"
        )

    monkeypatch.setattr(control_plane, "run", run)
    return made


@pytest.fixture
def admin(monkeypatch, tmp_path, clock):
    """The control plane's own kubeconfig, and its address on the internet."""
    monkeypatch.setattr(control_plane, "ADMIN", file := tmp_path / "admin.conf")
    monkeypatch.setattr(control_plane, "instance", lambda _: "198.51.100.7")
    file.write_text(ADMIN)


@pytest.fixture
def subject(cluster, store, api, tokens, admin):
    store.values[f"{ROOT}/nodes"] = "3"
    return ControlPlane(cluster, store, api)


def test_every_node_gets_the_block_of_the_rule_once(subject, api, capsys):
    subject.reconcile()
    subject.reconcile()

    assert api.blocks == {"node-1": "10.1.1.0/24", "node-2": "10.1.2.0/24", "node-3": "10.1.3.0/24"}
    assert api.verbs() == ["patch"] * 3
    assert "blocks: node-1 has 10.1.1.0/24, node-2 has" in capsys.readouterr().out


def test_a_node_that_joins_later_gets_its_block_at_the_next_poll(subject, api, store):
    subject.reconcile()
    store.values[f"{ROOT}/nodes"] = "4"
    api.blocks["node-4"] = None

    subject.reconcile()

    assert api.blocks["node-4"] == "10.1.4.0/24"


def test_other_nodes_learn_how_to_join_from_a_secret(subject, store, tokens):
    subject.reconcile()

    assert json.loads(store.values[f"{ROOT}/join"]) == {
        "endpoint": ENDPOINT,
        "token": tokens[0],
        "caCertHash": f"sha256:{'0' * 64}",
    }
    assert store.kinds == {
        f"{ROOT}/join": True,
        f"{ROOT}/kubeconfig": True,
        f"{ROOT}/settled": False,
        f"{ROOT}/network-policies/found": False,
    }


def test_a_token_is_renewed_before_it_ends_and_not_earlier(subject, store, tokens, clock):
    subject.reconcile()
    clock[0] += control_plane.RENEWAL - 1
    subject.reconcile()
    assert len(tokens) == 1
    clock[0] += 1

    subject.reconcile()

    assert json.loads(store.values[f"{ROOT}/join"])["token"] == tokens[1]
    assert control_plane.RENEWAL + 60 < control_plane.LIFETIME


def thing(kind, namespace, name):
    return {"kind": kind, "metadata": {"namespace": namespace, "name": name}}


def test_policies_and_their_engine_are_published_when_they_change(subject, api, store, clock):
    found = f"{ROOT}/network-policies/found"
    subject.reconcile()
    before = json.loads(store.values[found])
    policies = [thing("NetworkPolicy", *each) for each in (("shop", "all"), ("default", "web"))]
    api.objects = [*policies, thing("DaemonSet", "kube-router", "kube-router")]
    subject.reconcile()
    at_once = store.writes.count(found)
    for _ in range(3):
        clock[0] += control_plane.POLICY_PERIOD
        subject.reconcile()

    assert before == {"engine": "none", "policies": []}
    after = json.loads(store.values[found])
    assert after == {"engine": "kube-router", "policies": ["default/web", "shop/all"]}
    assert (at_once, store.writes.count(found), api.looks) == (1, 2, 4)


def test_more_policies_than_a_parameter_holds_are_counted(subject, api, store):
    api.objects = [thing("NetworkPolicy", "shop", f"policy-{i:04}") for i in range(1000)]
    subject.reconcile()
    text = store.values[f"{ROOT}/network-policies/found"]
    *named, rest = json.loads(text)["policies"]

    assert len(text) <= 4096
    assert named[0] == "shop/policy-0000"
    assert rest == f"{1000 - len(named)} more"


def test_no_secret_is_in_the_log(subject, tokens, capsys):
    subject.reconcile()

    logged = capsys.readouterr().out
    assert tokens[0] not in logged
    assert "Q0E=" not in logged


def test_a_parameter_that_may_not_be_written_holds_nothing_else_up(subject, store, api, capsys):
    store.failing[f"{ROOT}/join"] = f"SSM parameter {ROOT}/join: this node's role lacks it"
    for _ in range(2):
        subject.reconcile()

    assert f"{ROOT}/kubeconfig" in store.values
    assert store.values[f"{ROOT}/settled"] == "3"
    assert capsys.readouterr().out.count("lacks it") == 1


def test_an_api_server_that_does_not_answer_is_logged_once(subject, api, store, capsys):
    api.refusal = "`kubectl get nodes` ended with 1: connection refused"
    for _ in range(3):
        subject.reconcile()
    assert store.writes == []
    api.refusal = ""
    subject.reconcile()

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("nodes of the cluster: `")] == [
        "nodes of the cluster: `kubectl get nodes` ended with 1: connection refused"
    ]
    assert "nodes of the cluster: works again" in lines
    assert store.values[f"{ROOT}/settled"] == "3"


def test_the_deployers_kubeconfig_is_for_the_internet_and_checks_the_private_name(subject, store):
    subject.reconcile()

    assert store.values[f"{ROOT}/kubeconfig"] == ADMIN.replace(
        f"server: https://{ENDPOINT}",
        "server: https://198.51.100.7:6443\n"
        "    tls-server-name: ip-192-168-1-11.eu-central-1.compute.internal",
    )


def test_without_a_public_address_the_kubeconfig_has_the_private_name(subject, store, monkeypatch):
    def none(_):
        raise LookupError("the metadata service has no public-ipv4")

    monkeypatch.setattr(control_plane, "instance", none)

    subject.reconcile()

    assert store.values[f"{ROOT}/kubeconfig"] == ADMIN


def test_a_kubeconfig_of_another_endpoint_is_not_handed_out():
    with pytest.raises(ValueError, match="does not contain `server: https://other:6443`"):
        control_plane.for_deployer(ADMIN, "other:6443", "198.51.100.7")


def test_a_join_command_of_another_form_is_not_guessed_at():
    with pytest.raises(ValueError, match="printed no join command"):
        join.from_command("kubeadm join --token x")


def test_nodes_above_the_count_are_drained_deleted_and_then_the_count_is_applied(
    subject, api, store, capsys
):
    subject.reconcile()
    store.values[f"{ROOT}/nodes"] = "1"
    api.calls.clear()

    subject.reconcile()

    assert [call[:2] if call[0] == "drain" else call[:3] for call in api.calls] == [
        ("drain", "node-3"),
        ("delete", "node", "node-3"),
        ("drain", "node-2"),
        ("delete", "node", "node-2"),
    ]
    assert list(api.blocks) == ["node-1"]
    assert store.values[f"{ROOT}/settled"] == "1"
    assert "nodes: node-3 is removed from the cluster" in capsys.readouterr().out


def test_the_count_is_not_applied_while_a_drain_continues(subject, api, store, monkeypatch):
    subject.reconcile()
    store.values[f"{ROOT}/nodes"] = "2"
    monkeypatch.setattr(drain.Drain, "attempt", lambda *_: False)

    subject.reconcile()

    assert list(api.blocks) == ["node-1", "node-2", "node-3"]
    assert store.values[f"{ROOT}/settled"] == "3"


@pytest.mark.parametrize("count", ["0", "none", "many"])
def test_a_count_that_is_none_removes_nobody(subject, api, store, count, capsys):
    store.values[f"{ROOT}/nodes"] = count

    subject.reconcile()

    assert len(api.blocks) == 3
    assert f"{ROOT}/settled" not in store.values
    assert f"nodes: {count!r} are no counts of nodes" in capsys.readouterr().out


def test_an_applied_count_is_written_once(subject, store):
    for _ in range(3):
        subject.reconcile()

    assert store.writes.count(f"{ROOT}/settled") == 1


def test_an_applied_count_that_was_reset_is_written_again(subject, store, clock, capsys):
    subject.reconcile()
    store.values[f"{ROOT}/settled"] = "0"
    clock[0] += control_plane.COUNT_RENEWAL
    subject.reconcile()

    assert store.values[f"{ROOT}/settled"] == "3"
    assert capsys.readouterr().out.count("no node is left above the wanted count, 3") == 1
