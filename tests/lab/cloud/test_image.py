"""Building the image on a disk that is too small."""

from __future__ import annotations

import pytest

from podnet.lab.images import debian as image
from podnet.system.commands import run
from tests.refusals import refused

pytestmark = pytest.mark.lab


@pytest.fixture
def small_disk(tmp_path):
    run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(tmp_path))
    yield tmp_path
    run("umount", str(tmp_path))


def test_a_disk_that_is_too_small_is_refused_before_anything_is_built(small_disk):
    with refused("build-disk-full") as caught:
        image.ensure(small_disk)

    assert "64 MB free" in str(caught.value)
    assert [path.name for path in small_disk.iterdir()] == ["lock"]


def test_a_disk_that_fills_up_is_reported_and_nothing_incomplete_stays(small_disk, monkeypatch):
    monkeypatch.setattr(image, "NEEDED_MEGABYTES", 0)
    said = []
    with refused("image-disk-full", image.ImageError):
        image.ensure(small_disk, said.append)

    assert [path.name for path in small_disk.iterdir()] == ["lock"]
    assert said[0].startswith("building the instance image")
