"""The builder around Go, with a program of that name that does what a test needs."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from lab.kubernetes import build
from lab.kubernetes.build import golang

VERSION = 'if [ "$1" = env ]; then echo go1.26.8; exit; fi\n'
BUILDS = VERSION + (
    'while [ $# -gt 2 ]; do [ "$1" = -o ] && target=$2; shift; done\n'
    'echo "k8s.io/api/core/v1" >&2\n'
    'echo "$(basename "$PWD") $CGO_ENABLED $GOTOOLCHAIN $GOFLAGS $GOWORK" >>"$TOLD"\n'
    'names=$(sed -n "s#^tool .*/##p; s#^\t.*/\\([a-z0-9-]*\\)\\$#\\1#p" go.mod)\n'
    'for name in $names v3 server flannel install_conf pod; do echo >"$target$name"; done\n'
)


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Puts shell scripts in the places of Go and the C compiler, and nothing else on PATH."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("sh", "rm", "sed", "basename", "sleep"):
        (folder / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("GOFLAGS", "-mod=mod -race")
    monkeypatch.setattr(build, "NEEDED_MEGABYTES", 1)

    def has(**scripts):
        for name, text in scripts.items():
            (folder / name).write_text(f"#!{folder}/sh\n{text}")
            (folder / name).chmod(0o755)

    return has


def test_programs_are_built_once_under_the_names_that_upstream_gives_them(programs, tmp_path):
    programs(go=BUILDS, gcc="")
    said = []
    first = build.ensure(tmp_path / "image", said.append)
    again = build.ensure(tmp_path / "image", said.append)

    assert first == again == tmp_path / "image/programs" / build.recipe()
    assert {file.name for file in first.iterdir()} >= {
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kube-proxy",
        "kubelet",
        "kubeadm",
        "kubectl",
        "etcd",
        "containerd",
        "containerd-shim-runc-v2",
        "ctr",
        "coredns",
        "flanneld",
        "install-conf",
        "flannel-cni",
        "pod",
    }
    told = (tmp_path / "told").read_text().splitlines()
    assert [line.split()[0] for line in told] == [module.folder for module in build.MODULES]
    assert said[0] == "pod (1 of 7): 1 packages, k8s.io/api/core/v1"


def test_programs_land_where_they_are_asked_for_from_any_folder(programs, tmp_path, monkeypatch):
    programs(go=BUILDS, gcc="")
    monkeypatch.chdir(tmp_path)
    built = build.ensure(Path("image"))

    assert (built.resolve() / "etcd").is_file()


def test_what_a_user_sets_for_go_does_not_change_the_programs(programs, tmp_path):
    programs(go=BUILDS, gcc="")
    build.ensure(tmp_path / "image")

    told = dict(line.split(" ", 1) for line in (tmp_path / "told").read_text().splitlines())
    assert told == {
        module.folder: f"{int(module.needs_c)} auto -mod=readonly off" for module in build.MODULES
    }
    assert [module.folder for module in build.MODULES if module.needs_c] == ["flannel"]


def test_a_failed_build_tells_what_go_said_and_leaves_nothing(programs, tmp_path):
    programs(go=VERSION + "echo 'verifying module: checksum mismatch' >&2; exit 1", gcc="")
    with pytest.raises(build.BuildError, match=r"`go build` of pod failed.*\n.*checksum mismatch"):
        build.ensure(tmp_path / "image")

    assert [path.name for path in (tmp_path / "image/programs").iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("scripts", "complaint"),
    [
        ({}, "there is no `go` here: put Go 1.21 or newer on PATH"),
        ({"go": "echo go1.19.8"}, "is go1.19.8, which cannot fetch .* put Go 1.21 or newer"),
        ({"go": "echo broken >&2"}, "tells no version: broken"),
        ({"go": VERSION}, "no `gcc` here: apt-get install gcc libc6-dev"),
    ],
    ids=["none", "Debian's", "broken", "no compiler"],
)
def test_a_machine_that_cannot_build_is_told_the_way_out(programs, tmp_path, scripts, complaint):
    programs(**scripts)
    with pytest.raises(build.BuildError, match=complaint):
        build.ensure(tmp_path / "image")


def test_a_newer_go_needs_no_list_of_releases(programs):
    programs(go="echo go2.0rc1")

    assert golang.find(needs_c=False).endswith("/go")


def test_another_pin_is_another_recipe(tmp_path, monkeypatch):
    before = build.recipe()
    shutil.copytree(build.FOLDER, tmp_path / "build")
    monkeypatch.setattr(build, "FOLDER", tmp_path / "build")
    same = build.recipe()
    with (tmp_path / "build/etcd/go.sum").open("a") as file:
        file.write("\n")

    assert before == same != build.recipe()


def test_the_parts_of_kubernetes_are_of_one_release():
    text = (build.FOLDER / "kubernetes/go.mod").read_text()
    pinned = dict(re.findall(r"^\t(k8s\.io/\S+) => \1 v0\.(\S+)$", text, re.MULTILINE))
    asked_for = set(re.findall(r"^\t(k8s\.io/\S+) (?:v0\.36\.\d+|v0\.0\.0) ", text, re.MULTILINE))

    assert set(pinned.values()) == {build.version("kubernetes").removeprefix("v1.")}
    assert asked_for <= pinned.keys()


def test_every_sum_is_pinned_and_nothing_is_taken_from_a_folder_here():
    for module in build.MODULES:
        folder = build.FOLDER / module.folder
        text = (folder / "go.mod").read_text()
        assert "=> ." not in text
        if module.upstream:
            pin = f"{module.upstream} {build.version(module.folder)} h1:"
            assert pin in (folder / "go.sum").read_text()


def test_a_full_disk_is_told_before_anything_is_built(programs, tmp_path, monkeypatch):
    programs(go=BUILDS, gcc="")
    monkeypatch.setattr(build, "NEEDED_MEGABYTES", sys.maxsize)
    with pytest.raises(build.BuildError, match=r"building the programs of Kubernetes needs \d+ MB"):
        build.ensure(tmp_path / "image")

    assert not (tmp_path / "told").exists()
