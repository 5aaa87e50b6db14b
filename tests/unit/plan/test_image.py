"""Which image fits an architecture."""

from __future__ import annotations

import pytest

from podnet.plan.image import name_pattern


@pytest.mark.parametrize(
    ("architecture", "pattern"),
    [("x86_64", "debian-12-amd64-*"), ("arm64", "debian-12-arm64-*")],
)
def test_an_image_is_named_as_debian_names_its_architecture(architecture, pattern):
    assert name_pattern(architecture) == pattern
