"""Which failures of AWS are waited out."""

from __future__ import annotations

import asyncio

import pulumi
import pytest

from podnet.components import retries

EMPTY = "reading EC2 resource (i-0123) tag (podnet:routing): empty result"


@pytest.fixture
def slept(monkeypatch):
    """For how long it was waited."""
    seconds = []

    async def sleep(duration):
        seconds.append(duration)

    monkeypatch.setattr(retries, "sleep", sleep)
    return seconds


class Hook:
    """A hook that no engine knows."""

    def __init__(self, name, function):
        self.name, self.function = name, function


@pytest.fixture
def asked(monkeypatch, slept):
    """What the hook of tags says to these errors, the newest first."""
    monkeypatch.setattr(pulumi, "ErrorHook", Hook)

    def ask(*errors):
        (hook,) = retries.of_tags("x").on_error
        args = pulumi.ErrorHookArgs(
            urn="", id="", name="x", type="", failed_operation="create", errors=list(errors)
        )
        return asyncio.run(hook.function(args))

    return ask


def test_a_tag_that_ec2_does_not_list_yet_is_tried_again_after_a_while(asked, slept):
    assert asked(f"1 error occurred:\n\t* {EMPTY}\n", "another error")
    assert slept == [2.0]


def test_another_error_is_one(asked, slept):
    assert not asked("UnauthorizedOperation: ...", EMPTY)
    assert slept == []


def test_tries_have_an_end_after_half_a_minute(asked, slept):
    assert asked(*[EMPTY] * 14)
    assert not asked(*[EMPTY] * 15)
    assert slept == [2.0]
