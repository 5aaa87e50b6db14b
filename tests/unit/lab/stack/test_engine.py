from podnet.lab.engines.report import Summary
from podnet.lab.stack import engine
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
