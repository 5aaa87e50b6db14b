import errno
import os

import pytest

from podnet.lab.engines.report import Summary
from podnet.lab.stack import engine, stacks
from podnet.lab.stack.engine import EngineKind
from tests.refusals import refused


def summary(**counts):
    return Summary(steps=(), counts=counts, outputs={}, seconds=0.0)


def test_a_stack_stays_with_the_engine_that_deployed_it(home, monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda _: None)
    assert engine.choose(home, "lab", EngineKind.AUTO) is EngineKind.EMBEDDED
    engine.record(home, "lab", EngineKind.EMBEDDED)
    monkeypatch.setattr(engine.shutil, "which", lambda _: "/somewhere/pulumi")

    assert engine.choose(home, "lab", EngineKind.AUTO) is EngineKind.EMBEDDED
    with refused("engine-fixed"):
        engine.choose(home, "lab", EngineKind.PULUMI)


def test_a_full_disk_leaves_the_record_of_an_engine_and_of_no_other_stack(home, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(engine.shutil, "which", lambda _: "/somewhere/pulumi")
    engine.record(home, "lab", EngineKind.EMBEDDED)
    monkeypatch.setattr("os.fdopen", full)

    engine.record(home, "lab", EngineKind.EMBEDDED)
    with pytest.raises(OSError, match="No space left"):
        engine.record(home, "dev", EngineKind.EMBEDDED)

    assert engine.recorded(home, "lab") is EngineKind.EMBEDDED
    assert stacks.deployed(home) == ["lab"]


def test_what_a_killed_write_leaves_is_no_stack(home):
    engine.record(home, "lab", EngineKind.EMBEDDED)
    (home.engines / ".dev.0a1b2c3d").write_text("")

    assert stacks.deployed(home) == ["lab"]


def test_the_pulumi_engine_needs_pulumi(home, monkeypatch):
    monkeypatch.setattr(engine.shutil, "which", lambda _: None)

    with refused("pulumi-missing"):
        engine.choose(home, "lab", EngineKind.PULUMI)


def test_a_summary_without_changes_says_so():
    assert engine.summary_line(summary(same=27)) == (
        "nothing to change, 27 resources are as they should be"
    )


def test_a_summary_counts_each_kind_of_change():
    assert engine.summary_line(summary(create=2, delete=1, same=24)) == (
        "2 create, 1 delete, 24 unchanged"
    )
