"""Functions of a program that are asked whether a failed operation is tried again."""

from __future__ import annotations

import logging

import pytest

from podnet.lab.engines.embedded import EngineError, ProviderError, ResourceError, hooks
from tests.refusals import refused

PROGRAM = """
    asked = []

    async def again(args):
        import asyncio
        await asyncio.sleep(0)
        given = [args.new_inputs, args.old_inputs, args.old_outputs]
        asked.append([args.failed_operation, args.name, args.errors, [bool(x) for x in given]])
        return "not yet" in args.errors[0]

    hook = pulumi.ErrorHook("again", again)
    import sys
    sys.asked = asked
"""
BROKEN = """
    def broken(args):
        raise ValueError("no idea")

    hook = pulumi.ErrorHook("again", broken)
"""
TWICE = """
    for _ in range(2):
        hook = pulumi.ErrorHook("again", lambda args: True)
"""
HOOKED = "opts=Opts(hooks=pulumi.ResourceHookBinding(on_error=[hook]))"


@pytest.fixture
def asked():
    """What the hook of the last program was asked."""
    import sys  # noqa: PLC0415  # the program puts it there

    yield lambda: sys.asked
    sys.__dict__.pop("asked", None)


def failing(cloud, verb, *messages):
    """Let the next operations of this kind fail with these messages, one each."""
    left = list(messages)
    method = getattr(cloud, verb)

    def call(*args):
        if left:
            raise ProviderError(left.pop(0), rule="test")
        return method(*args)

    setattr(cloud, verb, call)


def test_a_creation_is_tried_until_it_succeeds(lab, asked, caplog):
    failing(lab.cloud, "create", "not yet", "still not yet")
    with caplog.at_level(logging.WARNING, "podnet.program"):
        lab.up(PROGRAM + f'    Thing("a", {HOOKED})')

    assert lab.cloud.names == ["a"]
    assert asked() == [
        ["create", "a", ["not yet"], [True, False, False]],
        ["create", "a", ["still not yet", "not yet"], [True, False, False]],
    ]
    assert [record.message for record in caplog.records] == [
        f"a: retrying create due to on-error hook request ({tries}/100)" for tries in (1, 2)
    ]


def test_another_error_ends_it(lab, asked):
    failing(lab.cloud, "create", "not yet", "never")

    with refused("test", ResourceError):
        lab.up(PROGRAM + f'    Thing("a", {HOOKED})')
    assert [errors for _, _, errors, _ in asked()] == [["not yet"], ["never", "not yet"]]


def test_an_update_and_a_deletion_are_tried_again_as_well(lab, asked):
    lab.up(PROGRAM + f'    Thing("a", size="s", {HOOKED})\n    Thing("b", {HOOKED})')
    failing(lab.cloud, "update", "not yet")
    failing(lab.cloud, "delete", "not yet")
    lab.up(PROGRAM + f'    Thing("a", size="m", {HOOKED})')

    assert lab.cloud.inputs == [{"name": "a", "size": "m", "colour": "white"}]
    assert asked() == [
        ["update", "a", ["not yet"], [True, True, True]],
        ["delete", "b", ["not yet"], [False, True, True]],
    ]


def test_what_has_no_hook_fails_at_once(lab, asked):
    failing(lab.cloud, "create", "not yet")

    with refused("test", ResourceError):
        lab.up(PROGRAM + '    Thing("a")')
    assert asked() == []


def test_one_hook_of_several_is_enough_and_all_are_asked(lab, asked):
    failing(lab.cloud, "create", "not yet")
    lab.up(
        PROGRAM
        + """
    no = pulumi.ErrorHook("no", lambda args: asked.append("no") or False)
    Thing("a", opts=Opts(hooks=pulumi.ResourceHookBinding(on_error=[hook, no])))
    """
    )

    assert [each if each == "no" else each[0] for each in asked()] == ["create", "no"]


def test_without_its_program_a_hook_hides_what_failed(lab, asked):
    lab.up(PROGRAM + f'    Thing("a", {HOOKED})')
    failing(lab.cloud, "delete", "not yet")

    with refused("error-hook-not-registered", EngineError):
        lab.engine().destroy()


def test_a_hook_that_fails_is_the_error(lab):
    failing(lab.cloud, "create", "not yet")

    with refused("error-hook-failed", ResourceError) as caught:
        lab.up(BROKEN + f'    Thing("a", {HOOKED})')
    assert "no idea" in str(caught.value)


def test_a_second_hook_of_a_name_is_refused(lab):
    with refused("program-failed", EngineError) as caught:
        lab.up(TWICE + f'    Thing("a", {HOOKED})')
    assert "again is registered already" in str(caught.value)


def test_tries_have_an_end(lab, monkeypatch):
    monkeypatch.setattr(hooks, "MOST_TRIES", 3)
    failing(lab.cloud, "create", *["not yet"] * 3)

    with refused("error-hook-tries-over", ResourceError):
        lab.up('hook = pulumi.ErrorHook("again", lambda args: True)\n' + f'Thing("a", {HOOKED})')


def test_a_preview_calls_nothing_and_asks_nothing(lab, asked):
    failing(lab.cloud, "create", "not yet")
    lab.preview(PROGRAM + f'    Thing("a", {HOOKED})')

    assert asked() == []
