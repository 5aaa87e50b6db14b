"""The builder of the Kubernetes image, with a program in the place of what needs root."""

from __future__ import annotations

import json

import pytest

from lab import authority
from lab import image as base
from lab.cloud import roots
from lab.cloud.backend import IMAGES
from lab.errors import LabError
from lab.instances.root import Root
from lab.kubernetes import build, image


@pytest.fixture
def unshare(tmp_path, monkeypatch):
    """Puts a shell script in the place of `unshare`, and of what is built before."""
    under, programs = tmp_path / base.recipe() / "root", tmp_path / "programs"
    under.mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(build, "ensure", lambda *_: programs)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")

    def does(script):
        file = tmp_path / "bin/unshare"
        file.write_text(
            f'#!/bin/sh\nfor draft in "$@"; do case $draft in *.draft) break; esac; done\n{script}'
        )
        file.chmod(0o755)

    return does


def test_an_image_is_a_layer_over_the_one_of_all_instances(unshare, tmp_path):
    unshare('echo "I: packages"; mkdir "$draft/layer" "$draft/work"; echo "$@" >"$draft/said"')
    said = []
    nothing = image.find(tmp_path)
    built = image.ensure(tmp_path, said.append)

    assert nothing is None
    place = tmp_path / "kubernetes" / image.recipe(tmp_path)
    assert (
        built
        == image.find(tmp_path)
        == Root(layers=(place / "layer", tmp_path / base.recipe() / "root"), kubelet=True)
    )
    assert [path.name for path in place.iterdir()] == ["layer"]
    assert said[:2] == ["building the Kubernetes image", "packages"]


def test_a_failed_build_tells_what_was_said_and_leaves_nothing(unshare, tmp_path):
    unshare('echo "I: packages"; echo "no route to mirror"; exit 1')
    with pytest.raises(image.KubernetesImageError, match="no route to mirror"):
        image.ensure(tmp_path)

    assert [path.name for path in (tmp_path / "kubernetes").iterdir()] == ["lock"]


def test_another_authority_is_another_recipe(tmp_path):
    before = image.recipe(tmp_path)

    assert before == image.recipe(tmp_path) != image.recipe(tmp_path / "other")
    assert authority.ensure(tmp_path).certificate.is_file()


def test_the_machine_image_bears_the_version_that_is_built():
    name = next(
        one["name"] for one in json.loads(IMAGES.read_text()) if one["ami_id"] == image.IMAGE_ID
    )

    assert name == f"podnet-kubernetes-{build.version('kubernetes').removeprefix('v')}"


def test_instances_of_it_boot_its_root_and_all_others_that_of_debian(unshare, tmp_path):
    unshare('mkdir "$draft/layer"')
    with pytest.raises(LabError, match=f"{image.IMAGE_ID} has not been built"):
        roots.of(tmp_path, image.IMAGE_ID)
    built = image.ensure(tmp_path)

    assert roots.of(tmp_path, image.IMAGE_ID) == built
    assert roots.of(tmp_path, "ami-1") == Root(layers=(tmp_path / base.recipe() / "root",))
