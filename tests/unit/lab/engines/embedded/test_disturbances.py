"""Ctrl-C, a lab that is removed and an API that falls silent, at any moment of a deployment."""

import itertools
import shutil
from pathlib import Path

import pytest

from podnet.lab.engines.embedded import EngineError, ProviderError
from tests.refusals import refused

BEFORE = """
base = Thing("base", slot=1, kind="one")
Thing("user", pinned=base.arn)
Thing("grows", size="small")
"""
AFTER = """
base = Thing("base", slot=1, kind="two")
Thing("user", pinned=base.arn)
Thing("grows", size="large")
"""


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)


@pytest.fixture
def start(lab):
    """A deployed lab whose program has changed since."""
    lab.up(BEFORE)
    lab.program(AFTER)
    lab.cloud.calls.clear()
    return lab


def at_write(monkeypatch, number, act):
    """Act before the state file is written for the nth time; whether it came to that."""
    writes, acted = itertools.count(), []
    rename = Path.replace

    def replace(self, target):
        if next(writes) == number:
            acted.append(number)
            act()
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    return acted


def raise_interrupt():
    raise KeyboardInterrupt


def test_ctrl_c_at_any_write_of_the_state_leaves_what_the_next_up_finishes(start, monkeypatch):
    for number in itertools.count():
        lab = start.copy(f"interrupted-{number}")
        with monkeypatch.context() as patch:
            acted = at_write(patch, number, raise_interrupt)
            if acted_on := _interrupted(lab):
                assert acted
        lab.up()

        assert lab.cloud.names == ["base", "grows", "user"]
        assert lab.ids() == sorted(lab.cloud.things)
        assert lab.up().changes == ()
        if not acted_on:
            break
    assert number > 6


def _interrupted(lab):
    try:
        lab.engine().up()
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_state_directory_that_vanishes_at_any_call_ends_the_run_in_one_sentence(start, when):
    for number in range(4):
        lab = start.copy(f"removed-{when}-{number}")
        lab.state = lab.directory / "state" / "dev.json"
        lab.state.parent.mkdir()
        shutil.copy(start.state, lab.state)
        moments = itertools.count()

        def remove(moment, lab=lab, moments=moments, number=number):
            if moment == when and next(moments) == number:
                shutil.rmtree(lab.state.parent)

        lab.cloud.at = remove
        with refused("state-directory-gone", EngineError) as caught:
            lab.engine().up()

        assert str(lab.state.parent) in str(caught.value)
        assert not lab.state.parent.exists()
        assert len(lab.cloud.calls) <= number + 1, "nothing more is done once the state is gone"


def test_a_state_that_cannot_be_written_is_named(lab, monkeypatch):
    lab.program('Thing("a")')

    def full():
        raise OSError(28, "No space left on device")

    at_write(monkeypatch, 0, full)
    with refused("state-unwritable", EngineError) as caught:
        lab.engine().up()

    assert str(lab.state) in str(caught.value)
    assert not lab.cloud.things


def test_an_api_that_falls_silent_ends_the_run_and_the_next_one_goes_on(start):
    for number in range(5):
        lab = start.copy(f"silent-{number}")
        moments = itertools.count()

        def fall_silent(moment, moments=moments, number=number):
            if moment == "before" and next(moments) >= number:
                raise ProviderError("the API does not answer", rule="lab-api-unreachable")

        lab.cloud.at = fall_silent
        with refused("lab-api-unreachable", EngineError):
            lab.engine().up()
        assert len(lab.cloud.calls) == number
        lab.cloud.at = lambda _: None
        lab.up()

        assert lab.cloud.names == ["base", "grows", "user"]
        assert lab.up().changes == ()
