"""A run always comes to its end, and its evidence says what happened."""

import errno
import json
import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest

from podnet.acceptance import evidence as evidence_module
from podnet.acceptance import run as module
from podnet.acceptance.evidence import Evidence
from podnet.acceptance.leftovers import Left
from podnet.acceptance.names import identity_of
from podnet.acceptance.run import Run
from podnet.acceptance.steps import Wanted, steps
from podnet.errors import UserError
from podnet.plan.tags import NODE

RUN = "eu-central-1-0a1b2c"
WANTED = Wanted(run=RUN, region="eu-central-1", nodes=2, instance_type="t3.small")
GREEN = {"pairs": 30, "passed": 30, "failed": [], "missing": {}, "checks": 90}
RED = {**GREEN, "passed": 29, "failed": [{"from": "pod-1a", "to": "pod-2a"}]}
PROVED = {"holds": True, "absent": [], "unmodelled": [], "beside": [], "verdicts": []}
LEFT = Left("VPC", "vpc-1", RUN)


class Cloud:
    """Two nodes that are deployed and rolled, proofs and matrices by the word, and what is left."""

    identity = identity_of(RUN)

    def __init__(self):
        self.instances, self.deployed, self.destroyed = {}, [], 0
        self.proofs, self.matrices, self.left, self.launches = [], [], [], 0
        self.on_up = self.on_destroy = lambda: None

    def up(self, settings, seconds):
        assert seconds > 0
        self.deployed.append(settings)
        for name in ("node-1", "node-2"):
            if name not in self.instances or name in settings.get("podnet:roll", ""):
                self.launches += 1
                self.instances[name] = f"i-{self.launches}"
        self.on_up()

    def destroy(self, seconds):
        assert seconds > 0
        self.destroyed += 1
        self.on_destroy()

    def versions(self):
        return {}

    def proof(self, _seconds):
        return self.proofs.pop(0) if self.proofs else PROVED

    def matrix(self, _seconds):
        answer = self.matrices.pop(0) if self.matrices else GREEN
        if isinstance(answer, Exception):
            raise answer
        return answer

    def can_paginate(self, _name):
        return False

    def describe_instances(self, Filters):  # noqa: N803  # as boto3 calls them
        assert {"Name": "tag:podnet:stack", "Values": [self.identity]} in Filters
        found = [
            {"InstanceId": id_, "Tags": [{"Key": NODE, "Value": name}]}
            for name, id_ in self.instances.items()
        ]
        return {"Reservations": [{"Instances": found}]}


@pytest.fixture
def cloud(monkeypatch):
    cloud = Cloud()
    monkeypatch.setattr(module, "find", lambda _account, run: [*cloud.left] if run else None)
    monkeypatch.setattr(module, "POLL", 0.01)
    return cloud


@pytest.fixture
def go(cloud, tmp_path):
    """Runs to the end; whether it passed, and the evidence as it is in the file."""

    def going(limit=600.0):
        file = tmp_path / "evidence.json"
        passed = Run(
            wanted=WANTED,
            deployment=cloud,
            podnet=cloud,
            account=SimpleNamespace(ec2=cloud),
            evidence=Evidence(file=file, about={"run": RUN}),
            limit=time.monotonic() + limit,
        ).go()
        return passed, json.loads(file.read_text())

    return going


def results(evidence):
    return {step["name"]: step["result"] for step in evidence["steps"]}


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


def test_a_destruction_that_fails_says_how_to_sweep(cloud, go):
    def fail():
        raise UserError("DependencyViolation", rule="any")

    cloud.on_destroy, cloud.left = fail, [LEFT]
    passed, evidence = go()

    assert (passed, evidence["result"]) == (False, "failed")
    assert "DependencyViolation" in evidence["reason"]
    assert f"sweep --region eu-central-1 --run {RUN} --delete" in evidence["reason"]
    assert evidence["left"] == [{"kind": "VPC", "id": "vpc-1", "run": RUN}]


def test_what_a_good_destruction_leaves_fails_the_run(cloud, go):
    cloud.left = [LEFT]
    passed, evidence = go()

    assert (passed, evidence["result"]) == (False, "failed")
    assert f"--run {RUN} --delete" in evidence["reason"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_destroys_and_the_evidence_says_interrupted(cloud, go, number):
    def interrupted():
        if len(cloud.deployed) == 2:
            threading.Timer(0.05, os.kill, (os.getpid(), number)).start()
            time.sleep(5)

    cloud.on_up = interrupted
    passed, evidence = go()

    assert (passed, evidence["result"], cloud.destroyed) == (False, "interrupted", 1)
    assert results(evidence)["switch from vpc-routes to host-gw"] == "interrupted"
    assert results(evidence)["destroy"] == "passed"


@pytest.mark.parametrize("writes", range(1, 30, 4))
def test_a_full_disk_keeps_nothing_from_being_destroyed(cloud, go, monkeypatch, writes):
    made, write = [], evidence_module.write_atomically

    def once_full(file, text):
        made.append(text)
        if len(made) >= writes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(file, text)

    monkeypatch.setattr(evidence_module, "write_atomically", once_full)
    with pytest.raises(OSError, match="No space left"):
        go()

    assert cloud.destroyed == 1
    assert json.loads(made[-1])["left"] == []


def test_a_destruction_whose_log_cannot_be_written_is_looked_after(cloud, go):
    def full():
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    cloud.on_destroy = full
    passed, evidence = go()

    assert not passed
    assert "No space left" in evidence["reason"]
    assert evidence["left"] == []


def test_a_second_signal_leaves_the_rest_to_the_sweeper(cloud, go):
    def interrupted():
        raise KeyboardInterrupt

    cloud.on_up = cloud.on_destroy = interrupted
    passed, evidence = go()

    assert (passed, evidence["result"]) == (False, "interrupted")
    assert f"--run {RUN} --delete" in evidence["reason"]


def test_a_fault_of_the_program_destroys_too(cloud, go, tmp_path):
    cloud.on_up = lambda: 1 / 0
    with pytest.raises(ZeroDivisionError):
        go()

    evidence = json.loads((tmp_path / "evidence.json").read_text())
    assert (cloud.destroyed, evidence["result"]) == (1, "failed")
