"""The image builder around mmdebstrap, with a program of that name that does what a test needs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from podnet.lab.images import debian as image
from tests.refusals import refused

BUILDS = """\
for last in "$@"; do root=$previous previous=$last; done
cat >/dev/null
mkdir -p "$root/etc/apt/apt.conf.d" "$root/etc/systemd/system"
echo "I: extracting archives..." >&2
echo built >>"$COUNT"
"""


@pytest.fixture
def mmdebstrap(tmp_path, monkeypatch):
    """Puts a shell script in the place of mmdebstrap, and of what it needs root for."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    monkeypatch.setattr(image, "sources", "deb {}".format)
    monkeypatch.setattr(image, "settings", list)
    monkeypatch.setattr(image, "bound", lambda *argv: [*argv])

    def does(script):
        (programs / "mmdebstrap").write_text(f"#!/bin/sh\n{script}")
        (programs / "mmdebstrap").chmod(0o755)

    return does


def test_an_image_is_built_once_and_its_folder_named_after_the_recipe(mmdebstrap, tmp_path):
    mmdebstrap(BUILDS)
    notes = []
    first = image.ensure(tmp_path / "image", notes.append)
    again = image.ensure(tmp_path / "image", notes.append)

    assert first == again == tmp_path / "image" / image.recipe() / "root"
    assert (tmp_path / "count").read_text() == "built\n"
    assert notes[1] == "extracting archives..."
    assert (first / "etc/machine-id").read_text() == ""
    assert "datasource_list: [Ec2" in (first / "etc/cloud/cloud.cfg").read_text()


def test_each_suite_has_an_image_of_its_own(mmdebstrap, tmp_path):
    mmdebstrap(BUILDS + 'echo "$@" >"$COUNT"\n')
    first = image.ensure(tmp_path / "image")
    next_one = image.ensure(tmp_path / "image", suite="trixie")

    assert first != next_one
    assert f" trixie {next_one}" in (tmp_path / "count").read_text().replace(".draft", "")


def test_several_builders_at_once_build_one_image(mmdebstrap, tmp_path):
    mmdebstrap(BUILDS + "sleep 0.2\n")
    notes = []
    with ThreadPoolExecutor() as pool:
        roots = set(pool.map(lambda _: image.ensure(tmp_path / "image", notes.append), range(3)))

    assert roots == {tmp_path / "image" / image.recipe() / "root"}
    assert (tmp_path / "count").read_text() == "built\n"
    assert "waiting for another process that builds the instance image" in notes


def test_a_failed_build_shows_its_output_and_leaves_nothing(mmdebstrap, tmp_path):
    mmdebstrap(BUILDS + "echo 'E: no route to mirror' >&2; exit 25\n")
    with refused("image-build-failed", image.ImageError) as caught:
        image.ensure(tmp_path / "image")

    assert "no route to mirror" in str(caught.value)
    assert [path.name for path in (tmp_path / "image").iterdir()] == ["lock"]


def test_the_draft_of_a_killed_builder_is_removed(mmdebstrap, tmp_path):
    mmdebstrap(BUILDS)
    (tmp_path / "image/0123.draft/root").mkdir(parents=True)
    image.ensure(tmp_path / "image")

    assert sorted(path.name for path in (tmp_path / "image").iterdir()) == sorted(
        ["lock", image.recipe()]
    )


def test_another_list_of_packages_is_another_recipe(monkeypatch):
    before = image.recipe()
    monkeypatch.setattr(image, "PACKAGES", (*image.PACKAGES, "tcpdump"))

    assert image.recipe() != before


def test_a_disk_that_fills_up_is_named_as_the_cause(mmdebstrap, tmp_path):
    mmdebstrap(BUILDS + "echo 'E: write failed: No space left on device' >&2; exit 25\n")
    with refused("image-disk-full", image.ImageError):
        image.ensure(tmp_path / "image")
