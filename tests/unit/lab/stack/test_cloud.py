import itertools
import os
import shutil
from contextlib import suppress

import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.images import debian
from podnet.lab.stack.cloud import declare_fabric, running_cloud
from podnet.lab.stack.engine import EngineKind, record
from podnet.lab.stack.start import require_cloud, start_cloud
from podnet.plan.settings import Fabric
from tests.refusals import refused


def test_plain_switches_are_declared_before_anything_is_deployed(home, stack_named):
    declare_fabric(home, None)
    assert home.fabric == Fabric.VPC
    declare_fabric(home, Fabric.SWITCH)
    record(home, "lab", EngineKind.EMBEDDED)

    assert home.fabric == Fabric.SWITCH
    assert stack_named("lab").config()["podnet:fabric"] == "switch"
    declare_fabric(home, Fabric.SWITCH)
    with refused("fabric-fixed"):
        declare_fabric(home, Fabric.VPC)


def test_what_only_looks_is_refused_where_the_cloud_has_died(home):
    record(home, "lab", EngineKind.EMBEDDED)

    with refused("cloud-dead"):
        require_cloud(home)
    with refused("cloud-dead"):
        running_cloud(home)


@pytest.mark.parametrize("left", ["engines", "states", "pulumi"])
def test_a_deployment_starts_again_where_the_cloud_has_died_and_says_so(
    home, monkeypatch, capsys, left
):
    """Whatever is left: a removal that was killed has removed some of it."""
    record(home, "lab", EngineKind.EMBEDDED)
    home.overrides("lab").write_text("{}")
    for place in (home.states, home.pulumi):
        place.mkdir()
        (place / "lab.json").write_text("of a cloud that is gone")
    for place in {home.engines, home.states, home.pulumi} - {getattr(home, left)}:
        shutil.rmtree(place)
    monkeypatch.setattr(debian, "ensure", lambda *_: None)
    monkeypatch.setattr(lifecycle, "ensure", lambda *_: None)
    monkeypatch.setattr(lifecycle, "_end", lambda _: None)
    monkeypatch.setattr(lifecycle, "_spawn", lambda *_: os.open(os.devnull, os.O_RDONLY))
    monkeypatch.setattr(lifecycle, "_await", lambda *_: "http://127.0.0.1:1")

    assert start_cloud(home) == "http://127.0.0.1:1"
    said = capsys.readouterr().err
    assert "the lab's cloud has ended" in said
    assert "this deployment starts again" in said
    assert not any(place.exists() for place in home.deployments)
    assert home.overrides("lab").exists()

    assert start_cloud(home) == "http://127.0.0.1:1"
    assert "has ended" not in capsys.readouterr().err


@pytest.mark.parametrize("killed_after", range(6))
def test_a_removal_that_is_killed_leaves_no_state_to_believe(home, monkeypatch, killed_after):
    record(home, "lab", EngineKind.EMBEDDED)
    home.state("lab").parent.mkdir()
    home.state("lab").write_text("{}")
    home.current_stack.write_text("lab")
    (home.directory / "aaa").mkdir()
    steps = itertools.count()

    def dying(work):
        def step(*arguments, **options):
            if next(steps) == killed_after:
                raise SystemExit("killed")
            return work(*arguments, **options)

        return step

    monkeypatch.setattr(lifecycle, "_end", lambda _: None)
    monkeypatch.setattr("os.unlink", dying(os.unlink))
    monkeypatch.setattr("os.rmdir", dying(os.rmdir))
    with suppress(SystemExit):
        lifecycle.down(home)
    monkeypatch.undo()

    # The states go first; the list of stacks, by which the next deployment sees the rest, last.
    assert home.engines.exists() or not home.states.exists()


def test_nodes_of_the_lab_are_waited_for_less_long(home, stack_named):
    assert stack_named("prod").config()["podnet:settleTimeout"] == "120"


def test_a_wait_chosen_for_a_lab_is_kept(home, stack_named):
    once = {"podnet:settleTimeout": "30"}

    assert stack_named("lab").config(once).items() >= once.items()


def test_a_control_plane_of_the_lab_may_be_destroyed(stack_named):
    assert not stack_named("kubernetes").settings().protects_control_plane
