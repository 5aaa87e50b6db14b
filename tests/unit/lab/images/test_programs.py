"""The builder around Go, with a program of that name that does what a test needs."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest

from podnet.lab.images import programs as build
from podnet.lab.images.programs import golang, pulumi
from tests.refusals import refused

VERSION = 'if [ "$1" = env ]; then echo go1.26.8; exit; fi\n'
BUILDS = VERSION + (
    'while [ $# -gt 2 ]; do [ "$1" = -o ] && target=$2; shift; done\n'
    'echo "k8s.io/api/core/v1" >&2\n'
    'echo "$(basename "$PWD") $CGO_ENABLED $GOTOOLCHAIN $GOFLAGS $GOWORK" >>"$CALLS"\n'
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
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("GOFLAGS", "-mod=mod -race")
    monkeypatch.setattr(build, "NEEDED_MEGABYTES", 1)
    monkeypatch.setattr(golang, "bound", lambda *argv: [*argv])

    def has(**scripts):
        for name, text in scripts.items():
            (folder / name).write_text(f"#!{folder}/sh\n{text}")
            (folder / name).chmod(0o755)

    return has


def test_programs_are_built_once_under_the_names_that_upstream_gives_them(programs, tmp_path):
    programs(go=BUILDS, gcc="")
    notes = []
    first = build.ensure(tmp_path / "image", notes.append)
    again = build.ensure(tmp_path / "image", notes.append)

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
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [line.split()[0] for line in calls] == [module.folder for module in build.MODULES]
    assert notes[0] == "pod (1 of 7): 1 packages, k8s.io/api/core/v1"


def test_kube_router_is_built_apart_from_the_cluster(programs, tmp_path):
    programs(go=BUILDS, gcc="")
    built = build.ensure(tmp_path / "image", modules=build.KUBE_ROUTER, label="kube-router")

    assert [file.name for file in built.iterdir() if "-" in file.name] == ["kube-router"]
    assert built.name == build.recipe(build.KUBE_ROUTER) != build.recipe()


def test_the_tests_of_a_package_become_a_program_too(programs, tmp_path):
    programs(go=VERSION + 'echo "$1 $*" >>"$CALLS"\n')
    build.ensure(tmp_path / "image", modules=build.E2E, label="tests")
    calls = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]

    assert [call[0] for call in calls] == ["build", "test"]
    assert calls[1][-1] == "k8s.io/kubernetes/test/e2e"
    assert calls[1][-2].endswith("/e2e.test")


def test_programs_land_where_they_are_asked_for_from_any_folder(programs, tmp_path, monkeypatch):
    programs(go=BUILDS, gcc="")
    monkeypatch.chdir(tmp_path)
    built = build.ensure(Path("image"))

    assert (built.resolve() / "etcd").is_file()


def test_what_a_user_sets_for_go_does_not_change_the_programs(programs, tmp_path):
    programs(go=BUILDS, gcc="")
    build.ensure(tmp_path / "image")

    calls = dict(line.split(" ", 1) for line in (tmp_path / "calls").read_text().splitlines())
    assert calls == {
        module.folder: f"{int(module.needs_c)} auto -mod=readonly off" for module in build.MODULES
    }
    assert [module.folder for module in build.MODULES if module.needs_c] == ["flannel"]


def test_a_failed_build_shows_the_output_of_go_and_leaves_nothing(programs, tmp_path):
    paths = "i=0; while [ $i -lt 50 ]; do echo k8s.io/api/v$i >&2; i=$((i + 1)); done; "
    go = f"{VERSION}echo 'verifying module: checksum mismatch' >&2; {paths}exit 1"
    programs(go=go, gcc="")
    with refused("go-build-failed", build.BuildError) as caught:
        build.ensure(tmp_path / "image")

    assert "checksum mismatch" in str(caught.value)
    assert [path.name for path in (tmp_path / "image/programs").iterdir()] == ["lock"]


@pytest.mark.parametrize(
    ("scripts", "rule"),
    [
        ({}, "go-missing"),
        ({"go": "echo go1.19.8"}, "go-outdated"),
        ({"go": "echo broken >&2"}, "go-version-unknown"),
        ({"go": VERSION}, "c-compiler-missing"),
    ],
    ids=["none", "Debian's", "broken", "no compiler"],
)
def test_a_machine_that_cannot_build_is_refused(programs, tmp_path, scripts, rule):
    programs(**scripts)
    with refused(rule, build.BuildError):
        build.ensure(tmp_path / "image")


def test_a_newer_go_needs_no_list_of_releases(programs):
    programs(go="echo go2.0rc1")

    assert golang.find("Kubernetes", needs_c=False).endswith("/go")


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
    engines = (*build.KUBE_ROUTER, *build.KUBE_NETWORK_POLICIES)
    modules = (*build.MODULES, *engines, *build.E2E, *pulumi.MODULES)
    for module in modules:
        folder = build.FOLDER / module.folder
        text = (folder / "go.mod").read_text()
        assert "=> ." not in text
        if module.upstream:
            pin = f"{module.upstream} {build.version(module.folder, modules)} h1:"
            assert pin in (folder / "go.sum").read_text()


def test_a_full_disk_is_refused_before_anything_is_built(programs, tmp_path, monkeypatch):
    programs(go=BUILDS, gcc="")
    monkeypatch.setattr(build, "NEEDED_MEGABYTES", sys.maxsize)
    with refused("build-disk-full", build.BuildError):
        build.ensure(tmp_path / "image")

    assert not (tmp_path / "calls").exists()


PULUMI = VERSION + (
    'if [ "$1" = list ]; then echo "$SDK"; exit; fi\n'
    'while [ $# -gt 2 ]; do [ "$1" = -o ] && target=$2; shift; done\n'
    'echo "$(basename "$PWD") $CGO_ENABLED $GOFLAGS" >>"$CALLS"\n'
    'sed -n "s#^tool .*/##p" go.mod | while read name; do echo >"$target$name"; done\n'
)


@pytest.fixture
def sdk(tmp_path, monkeypatch):
    """The unpacked module in which the script of the Python language host lies."""
    script = tmp_path / "sdk/python/cmd/pulumi-language-python-exec"
    script.parent.mkdir(parents=True)
    script.write_text("#!/usr/bin/env python3\n")
    monkeypatch.setenv("SDK", str(tmp_path / "sdk"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(pulumi, "NEEDED_MEGABYTES", 1)
    return script


def test_the_pulumi_cli_is_built_once_a_user_with_its_language_host(
    programs, sdk, tmp_path, capsys
):
    programs(go=PULUMI)

    assert [pulumi.main(), pulumi.main()] == [0, 0]
    first, again = map(Path, capsys.readouterr().out.split())
    assert first == again == tmp_path / "cache/podnet/pulumi" / pulumi.recipe()
    assert {file.name: file.stat().st_mode & 0o111 for file in first.iterdir()}.keys() == {
        "pulumi",
        "pulumi-language-python",
        "pulumi-language-python-exec",
    }
    assert (first / sdk.name).stat().st_mode & 0o111
    assert (tmp_path / "calls").read_text().splitlines() == [
        "pulumi-cli 0 -mod=readonly",
        "pulumi-language-python 0 -mod=readonly",
    ]


def test_without_go_the_cli_is_refused_by_name(programs, sdk):
    programs()
    with refused("go-missing", build.BuildError) as caught:
        pulumi.ensure()

    assert str(caught.value).startswith("the Pulumi CLI is built")


def test_a_module_that_go_did_not_unpack_is_named(programs, sdk):
    programs(go=PULUMI.replace('echo "$SDK"', "true"))
    with refused("go-module-folder-missing", build.BuildError):
        pulumi.ensure()


def test_the_cli_and_the_sdk_are_of_one_release():
    text = (build.FOLDER / "pulumi-cli/go.mod").read_text()

    assert f"{pulumi.SDK} {pulumi.version()} // indirect" in text
