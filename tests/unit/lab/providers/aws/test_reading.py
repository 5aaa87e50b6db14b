"""Every resource type as it is created and read: its outputs, and what is no change."""

from __future__ import annotations

import pytest

from podnet.lab.providers.aws import TYPES
from tests.unit.lab.providers.aws.conftest import Stack
from tests.unit.lab.providers.aws.samples import SAMPLES


@pytest.fixture(scope="module", params=SAMPLES, ids=lambda sample: sample.type.split(":")[-1])
def sample(request):
    return request.param


@pytest.fixture(scope="module")
def made(sample, world, provider):
    """One resource of the type, which these tests only look at."""
    stack = Stack(provider)
    yield stack.make(sample.type, **sample.inputs(world))
    stack.clear()


def test_every_type_served_has_a_sample():
    assert {sample.type for sample in SAMPLES} == set(TYPES)


def test_an_untouched_resource_reads_back_what_was_recorded(made):
    assert made.read() == (made.inputs, made.outputs)


def test_outputs_hold_the_inputs_and_what_users_read(made, sample):
    reported = {name for name, value in made.outputs.items() if value != ""}

    assert made.inputs.keys() | sample.outputs <= reported


def test_the_same_inputs_are_no_change(made, sample, world):
    again = made.provider.check(sample.type, sample.inputs(world))
    diff = made.provider.diff(made.type, made.id, made.inputs, made.outputs, again)

    assert diff.changed == ()


def test_what_cannot_change_in_place_replaces(made, sample, world):
    changes = sample.replaces(world)

    assert {name: made.diff(**{name: value}).replaces for name, value in changes.items()} == {
        name: (name,) for name in changes
    }
