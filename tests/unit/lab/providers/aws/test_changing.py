"""Every resource type as it changes: in place, by the API's own account, until it is gone."""

from __future__ import annotations

import pytest

from tests.unit.lab.providers.aws.samples import SAMPLES

EACH = pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type.split(":")[-1])


@EACH
def test_what_can_change_in_place_does_and_twice_is_as_good_as_once(sample, world, stack):
    made = stack.make(sample.type, **sample.inputs(world))
    for name, value in sample.updates(world).items():
        diff = made.diff(**{name: value})
        first = made.update(**{name: value})
        found, outputs = made.read()

        assert (diff.changed, diff.replaces) == ((name,), ()), name
        assert found == made.inputs
        assert found[name] == value
        assert outputs == first == made.update(**{name: value})


@EACH
def test_what_is_deleted_reads_as_gone_and_may_be_deleted_again(sample, world, stack):
    made = stack.make(sample.type, **sample.inputs(world))
    made.delete()

    assert (made.read() is None) is not sample.outlives
    made.delete()
