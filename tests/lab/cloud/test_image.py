"""Building the image on a disk that is too small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from podnet.lab.home import PROJECT
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


WRITES_FOR_EVER = """\
for last in "$@"; do root=$previous previous=$last; done
mkdir -p "$root"
writes() { while :; do n=$((n + 1)); : >"$1/$n"; done; }
writes "$root" & (trap '' TERM INT HUP; writes "$TMPDIR") & mount -t tmpfs tmpfs "$root/.." &
echo "I: begun" >&2
wait
"""
BUILDS = """\
for last in "$@"; do root=$previous previous=$last; done
mkdir -p "$root/etc/apt/apt.conf.d" "$root/etc/systemd/system"
"""
BUILDER = """
import sys
from pathlib import Path
from podnet.lab.images import debian
debian.ensure(Path(sys.argv[1]), lambda text: print(text, flush=True))
"""


def test_a_build_dies_with_who_started_it_and_the_next_one_finds_no_rest(tmp_path, monkeypatch):
    """In the place of mmdebstrap is what never ends, and writes as fast as it can."""
    program = tmp_path / "programs" / "mmdebstrap"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    place = tmp_path / "image"
    program.write_text(f"#!/bin/sh\n{WRITES_FOR_EVER}")
    program.chmod(0o755)
    for _ in range(3):
        builder = subprocess.Popen(
            [sys.executable, "-c", BUILDER, str(place)],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert any("begun" in line for line in builder.stdout)
        builder.kill()
        builder.communicate()
    program.write_text(f"#!/bin/sh\n{BUILDS}")

    root = image.ensure(place)

    assert {path.name for path in place.iterdir()} == {"lock", image.recipe()}
    assert {path.name for path in root.parent.iterdir()} == {"root"}
    assert str(place) not in Path("/proc/mounts").read_text()
