"""Each step of a run is proved and probed, and what fails ends it."""

import json

from podnet.acceptance import run as module
from podnet.acceptance.steps import steps
from podnet.errors import UserError
from tests.unit.acceptance.runs import GREEN, PROVED, WANTED, results

RED = {**GREEN, "passed": 29, "failed": [{"from": "pod-1a", "to": "pod-2a"}]}


def test_a_run_deploys_every_step_and_destroys(cloud, go):
    passed, evidence = go()

    wanted = [dict(step.settings) for step in steps(WANTED)]
    assert (passed, evidence["result"], evidence["reason"]) == (True, "passed", None)
    assert [dict(each) for each in cloud.deployed] == wanted
    assert cloud.destroyed == 1
    names = [step["name"] for step in evidence["steps"]]
    assert len({*names}) == len(names)
    assert names[:3] == [
        "up in vpc-routes",
        "proof after up in vpc-routes",
        "matrix after up in vpc-routes",
    ]
    assert names[-2:] == ["destroy", "look for what is left"]
    assert len(names) == 3 * len(wanted) + 2
    assert {*results(evidence).values()} == {"passed"}
    assert all(step["seconds"] >= 0 and step["began"] for step in evidence["steps"])
    assert evidence["steps"][2]["matrix"] == GREEN
    assert evidence["left"] == []
    assert evidence["ended"]


def test_a_deployment_that_fails_ends_in_its_destruction(cloud, go):
    def fail():
        if len(cloud.deployed) == 2:
            raise UserError("no capacity", rule="any")

    cloud.on_up = fail
    passed, evidence = go()

    assert (passed, evidence["result"], evidence["reason"]) == (False, "failed", "no capacity")
    assert (len(cloud.deployed), cloud.destroyed) == (2, 1)
    assert results(evidence)["switch from vpc-routes to host-gw"] == "failed"
    assert results(evidence)["destroy"] == "passed"


def test_the_evidence_has_no_number_of_an_account(cloud, go):
    def fail():
        raise UserError("User: arn:aws:iam::123456789012:user/me is not authorized", rule="any")

    cloud.on_up = fail
    _, evidence = go()

    assert "123456789012" not in json.dumps(evidence)
    assert evidence["reason"] == "User: arn:aws:iam::ACCOUNT:user/me is not authorized"
    assert evidence["steps"][0]["reason"] == evidence["reason"]


def test_a_proof_that_fails_ends_the_run(cloud, go):
    failing = {"promised": True, "failure": "dropped"}
    cloud.proofs = [{**PROVED, "holds": False, "verdicts": [failing]}]
    passed, evidence = go()

    assert (passed, evidence["result"], cloud.destroyed) == (False, "failed", 1)
    assert evidence["steps"][1]["proof"]["failed"] == [failing]


def test_nodes_that_boot_are_asked_until_they_pass(cloud, go):
    cloud.matrices = [UserError("no agent has registered", rule="any"), RED, GREEN]
    passed, evidence = go()

    assert passed
    assert evidence["steps"][2]["attempts"] == 3


def test_nodes_that_never_pass_fail_the_run(cloud, go, monkeypatch):
    monkeypatch.setattr(module, "READY", 0.05)
    cloud.matrices = [RED] * 100
    passed, evidence = go()

    assert (passed, cloud.destroyed) == (False, 1)
    assert "29 of 30 pairs pass" in evidence["reason"]
    assert evidence["steps"][2]["matrix"] == RED


def test_after_a_switch_there_is_no_second_attempt(cloud, go):
    cloud.matrices = [GREEN, RED, GREEN]
    passed, evidence = go()

    assert (passed, cloud.destroyed, len(cloud.deployed)) == (False, 1, 2)
    assert "switch from vpc-routes to host-gw" in evidence["reason"]


def test_a_missing_endpoint_is_a_failure(cloud, go):
    cloud.matrices = [GREEN, {**GREEN, "missing": {"pod-1a": "gone"}}]

    assert go()[0] is False


def test_a_switch_that_replaces_a_node_fails(cloud, go):
    def replace():
        if len(cloud.deployed) == 2:
            cloud.instances["node-2"] = "i-other"

    cloud.on_up = replace
    passed, evidence = go()

    assert (passed, cloud.destroyed) == (False, 1)
    assert evidence["reason"].endswith("has replaced node-2, and was to replace no node")


def test_a_roll_that_replaces_nothing_fails(cloud, go, monkeypatch):
    before = dict.fromkeys(("node-1", "node-2"), "i-1")
    cloud.on_up = lambda: cloud.instances.update(before)
    passed, evidence = go()

    assert not passed
    assert evidence["reason"] == "roll node-1 has replaced no node, and was to replace node-1"


def test_a_node_without_an_instance_fails(cloud, go):
    cloud.on_up = lambda: cloud.instances.pop("node-2")
    passed, evidence = go()

    assert not passed
    assert "no instance of node-2" in evidence["reason"]


def test_the_time_of_the_ceiling_ends_the_run(cloud, go):
    passed, evidence = go(limit=-1)

    assert (passed, cloud.deployed, cloud.destroyed) == (False, [], 1)
    assert "--ceiling" in evidence["reason"]
