"""An interrupted run: what it leaves to the next one, and what a provider is configured with."""

import pytest

from podnet.lab.engines.embedded import EngineError, ProjectError, ProviderError, ResourceError
from podnet.lab.providers.protocol import Created
from tests.refusals import refused

TWO = 'Thing("a")\nThing("b")'


def lose(lab, name):
    """Something takes a thing away that the engine does not know of."""
    lab.cloud.things = {
        id_: thing for id_, thing in lab.cloud.things.items() if thing["inputs"]["name"] != name
    }


def test_after_a_run_that_failed_the_next_one_looks_at_everything_first(lab, ops):
    lab.up(TWO)
    with pytest.raises(ResourceError, match="size huge"):
        lab.up('Thing("a")\nThing("b", size="huge")')
    lose(lab, "a")

    assert ops(lab.preview(TWO)) == {("create", "a")}
    assert ops(lab.up(TWO)) == {("create", "a")}
    assert lab.cloud.names == ["a", "b"]


def test_after_a_run_that_was_killed_too(lab, ops):
    lab.up(TWO)
    lab.program(TWO.replace('"b"', '"b", size="small"'))
    assert lab.killed_at(1, lab.engine().up)
    lose(lab, "a")

    assert ("create", "a") in ops(lab.up())
    assert lab.cloud.names == ["a", "b"]


def test_a_run_that_came_to_its_end_is_believed(lab):
    lab.up(TWO)
    with pytest.raises(EngineError):
        lab.up('Thing("b", size="huge")')
    lab.up(TWO)
    lose(lab, "a")

    assert lab.up(TWO).changes == ()


def test_a_destruction_that_failed_is_looked_at_too(lab, ops):
    lab.up(TWO)

    def fail(when):
        raise ValueError(when)

    lab.cloud.at = fail
    with pytest.raises(EngineError):
        lab.engine().destroy()
    lab.cloud.at = lambda _: None
    lose(lab, "a")

    assert ops(lab.up(TWO)) == {("create", "a")}


def test_what_was_looked_at_is_no_step_of_the_run(lab):
    lab.up(TWO)
    with pytest.raises(EngineError):
        lab.up('Thing("b", size="huge")')

    assert lab.up(TWO).counts == {"same": 3}


def test_a_bad_configuration_begins_nothing(lab):
    lab.up(TWO)
    with pytest.raises(ProjectError):
        lab.up(TWO, **{"test:region": "moon"})
    lose(lab, "a")

    assert lab.up(TWO).changes == ()


def test_a_provider_gets_the_configuration_before_it_is_asked_for_anything(lab):
    lab.yaml("config:\n  test:keys: [a, b]\n", "Pulumi.dev.yaml")
    lab.program(TWO)
    want = {"test:keys": '["a","b"]', "test:region": "earth"}
    engine = lab.engine(config={"test:region": "earth"})
    engine.preview()
    engine.up()
    engine.refresh()

    assert lab.cloud.configured == [want] * 3


def test_a_configuration_that_the_provider_refuses_is_named(lab):
    with refused("provider-configuration-refused", ProjectError):
        lab.up(TWO, **{"test:region": "moon"})
    assert not lab.cloud.things


def half_made(lab, monkeypatch, name):
    """Let a creation fail after it made the thing, of which the white paint is still missing."""
    create = type(lab.cloud).create

    def failing(self, type_, inputs, token, called):
        if inputs["name"] != name:
            return create(self, type_, inputs, token, called)
        id_, outputs = create(self, type_, {**inputs, "colour": "none"}, token, called)
        error = ProviderError(f"{id_}: no paint")
        error.created = Created(id_, {**outputs, **inputs})
        raise error

    monkeypatch.setattr(type(lab.cloud), "create", failing)


def test_what_a_failed_creation_made_is_recorded_as_planned(lab, monkeypatch):
    half_made(lab, monkeypatch, "a")
    with pytest.raises(ResourceError, match="no paint"):
        lab.up(TWO)
    ((id_, thing),) = lab.cloud.things.items()
    content = lab.recorded()

    assert thing["inputs"]["colour"] == "none"
    assert content["pending"] == []
    assert [
        (item["id"], item["outputs"]["colour"])
        for item in content["resources"]
        if item["type"].endswith(":Thing")
    ] == [(id_, "white")]


def test_what_a_failed_creation_left_undone_is_done_by_the_next_up(lab, ops, monkeypatch):
    with monkeypatch.context() as patch:
        half_made(lab, patch, "b")
        with pytest.raises(ResourceError):
            lab.up(TWO)

    assert ops(lab.preview(TWO)) >= {("update", "b")}
    assert ("update", "b") in ops(lab.up(TWO))
    assert {thing["colour"] for thing in lab.cloud.inputs} == {"white"}
    assert lab.cloud.names == ["a", "b"]
    assert lab.up(TWO).changes == ()


def test_what_replaces_another_and_failed_leaves_the_other_to_be_deleted(lab, ops, monkeypatch):
    lab.up(TWO)
    other = TWO.replace('"b"', '"b", kind="new"')
    with monkeypatch.context() as patch:
        half_made(lab, patch, "b")
        with pytest.raises(ResourceError):
            lab.up(other)

    assert lab.cloud.names == ["a", "b", "b"]
    lab.up(other)
    assert lab.cloud.names == ["a", "b"]
    assert lab.up(other).changes == ()
