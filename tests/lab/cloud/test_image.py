"""Building the image on a disk that is too small."""

from __future__ import annotations

import pytest

from lab import image
from lab.shell import run

pytestmark = pytest.mark.lab


@pytest.fixture
def small_disk(tmp_path):
    run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(tmp_path))
    yield tmp_path
    run("umount", str(tmp_path))


def test_a_disk_that_is_too_small_is_told_before_anything_is_built(small_disk):
    with pytest.raises(image.ImageError, match=r"64 MB free.*needs \d+ MB"):
        image.ensure(small_disk)

    assert [path.name for path in small_disk.iterdir()] == ["lock"]


def test_a_disk_that_fills_up_is_told_and_nothing_half_is_left(small_disk, monkeypatch):
    monkeypatch.setattr(image, "NEEDED_MEGABYTES", 0)
    said = []
    with pytest.raises(image.ImageError, match="the disk filled up"):
        image.ensure(small_disk, said.append)

    assert [path.name for path in small_disk.iterdir()] == ["lock"]
    assert said[0].startswith("building the instance image")
