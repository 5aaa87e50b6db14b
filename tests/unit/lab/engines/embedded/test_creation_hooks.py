"""Functions of a program that are called before a resource is created, and may prevent it."""

from __future__ import annotations

import pytest

from podnet.lab.engines.embedded import ResourceError
from tests.refusals import refused

PROGRAM = """
    async def look(args):
        import asyncio, sys
        await asyncio.sleep(0)
        sys.looked.append((args.name, dict(args.new_inputs)["size"]))
        if args.new_inputs["size"] == 13:
            raise ValueError("thirteen is taken")

    hook = pulumi.ResourceHook("look", look, pulumi.ResourceHookOptions(on_dry_run={dry}))
    Thing("a", size={size}, opts=Opts(hooks=pulumi.ResourceHookBinding({kind}=[hook])))
"""


def program(size=1, *, dry=True, kind="before_create"):
    return PROGRAM.format(size=size, dry=dry, kind=kind)


@pytest.fixture(autouse=True)
def looked(monkeypatch):
    """What the hook has seen; the program finds it where any module does."""
    seen = []
    monkeypatch.setattr("sys.looked", seen, raising=False)
    return seen


def test_a_creation_is_looked_at_in_the_preview_and_once_more(lab, looked):
    lab.preview(program())
    lab.up(program())

    assert looked == [("a", 1), ("a", 1)]
    assert lab.cloud.names == ["a"]


def test_a_preview_calls_no_hook_that_is_not_for_previews(lab, looked):
    lab.preview(program(dry=False))

    assert looked == []


def test_what_exists_is_not_looked_at(lab, looked):
    lab.up(program())
    lab.up(program())

    assert looked == [("a", 1)]


@pytest.mark.parametrize("run", ["preview", "up"])
def test_a_hook_prevents_a_creation(lab, run):
    with refused("before-hook-failed", ResourceError) as caught:
        getattr(lab, run)(program(13))

    assert 'before hook "look" failed: thirteen is taken' in str(caught.value)
    assert lab.cloud.names == []


def test_other_kinds_of_hooks_are_refused(lab):
    with refused("resource-option-unsupported", ResourceError) as caught:
        lab.up(program(kind="after_update"))

    assert "a hook after_update is not supported" in str(caught.value)
