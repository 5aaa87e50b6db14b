"""Tests name a refusal by its rule; the sentences stand in `tests/golden/refusals.txt`."""

from contextlib import contextmanager

import pytest

from podnet.errors import UserError


@contextmanager
def refused(rule, error=UserError):
    """Expect a `UserError` of this rule; yields what pytest caught."""
    with pytest.raises(error) as caught:
        yield caught
    assert caught.value.rule == rule
