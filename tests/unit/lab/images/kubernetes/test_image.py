"""The builder of the Kubernetes image, with a program in the place of what needs root."""

from __future__ import annotations

import pytest

from podnet.lab.host import certificates as authority
from podnet.lab.images import debian as base
from podnet.lab.images import kubernetes as image
from podnet.lab.images import programs as build
from podnet.lab.images.catalogue import KUBERNETES
from podnet.lab.images.root import Root
from podnet.lab.images.selection import root_of
from tests.refusals import refused


@pytest.fixture
def unshare(tmp_path, monkeypatch):
    """Puts a shell script in the place of `unshare`, and of what is built before."""
    under, programs = tmp_path / base.recipe() / "root", tmp_path / "programs"
    bundle = under / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True)
    bundle.write_text("Debian's\n")
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr(build, "ensure", lambda *_: programs)
    monkeypatch.setattr(image, "bound", lambda *argv: ["unshare", *argv])
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
    notes = []
    nothing = image.find(tmp_path)
    built = image.ensure(tmp_path, notes.append)

    assert nothing is None
    place = tmp_path / "kubernetes" / image.recipe(tmp_path)
    assert (
        built
        == image.find(tmp_path)
        == Root(layers=(place / "layer", tmp_path / base.recipe() / "root"), kubelet=True)
    )
    assert [path.name for path in place.iterdir()] == ["layer"]
    assert notes[:2] == ["building the Kubernetes image", "packages"]


def test_a_failed_build_shows_its_output_and_leaves_nothing(unshare, tmp_path):
    unshare('echo "I: packages"; echo "no route to mirror"; exit 1')
    with refused("kubernetes-image-build-failed", image.KubernetesImageError) as caught:
        image.ensure(tmp_path)

    assert "no route to mirror" in str(caught.value)
    assert [path.name for path in (tmp_path / "kubernetes").iterdir()] == ["lock"]


def test_another_authority_is_another_recipe(tmp_path):
    before = image.recipe(tmp_path)

    assert before == image.recipe(tmp_path) != image.recipe(tmp_path / "other")
    assert authority.ensure(tmp_path).certificate.is_file()


def test_the_machine_image_bears_the_version_that_is_built():
    assert KUBERNETES.name == f"podnet-kubernetes-{build.version('kubernetes').removeprefix('v')}"


def test_instances_of_it_boot_its_root_and_all_others_that_of_debian(unshare, tmp_path):
    unshare('mkdir "$draft/layer"')
    with refused("machine-image-not-built"):
        root_of(tmp_path, KUBERNETES.image_id)
    built = image.ensure(tmp_path)

    assert root_of(tmp_path, KUBERNETES.image_id) == built
    of_debian = tmp_path / base.recipe()
    assert root_of(tmp_path, "ami-1") == Root(layers=(of_debian / "trusted", of_debian / "root"))


def test_an_instance_trusts_the_labs_authority_beside_all_of_its_image(unshare, tmp_path):
    trusted, under = root_of(tmp_path, "ami-1").layers

    bundle = "etc/ssl/certs/ca-certificates.crt"
    authority = (tmp_path / "authority" / "ca.crt").read_text()
    assert (trusted / bundle).read_text() == (under / bundle).read_text() + authority
    assert [path for path in trusted.rglob("*") if path.is_file()] == [trusted / bundle]
