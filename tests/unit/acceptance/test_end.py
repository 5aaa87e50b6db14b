"""A run always comes to its end, and its evidence says what happened."""

import errno
import json
import os
import signal
import threading
import time

import pytest

from podnet.acceptance import evidence as evidence_module
from podnet.acceptance.leftovers import Left
from podnet.errors import UserError
from tests.unit.acceptance.runs import RUN, results

LEFT = Left("VPC", "vpc-1", RUN)


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
