"""Programs that are built once from the Go modules that upstream publishes: those of a cluster.

Each folder here is a Go module that names the programs it builds (`tool`) and pins all of what they
are made of (`go.sum`). What is built together shares a folder; what upstream builds apart has its
own, since modules in one folder would raise the versions of each other's dependencies.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.host.build_once import Product, build_once
from podnet.lab.images.programs import golang
from podnet.lab.images.programs.golang import BuildError, Job

__all__ = ["BuildError", "Module", "build", "ensure", "recipe", "version"]

FOLDER = Path(__file__).parent
CLUSTER = "Kubernetes"
NEEDED_MEGABYTES = 9000
"""Sources, compiled packages and programs; all but the programs stay in Go's own caches."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Module:
    """One folder and how it is built."""

    folder: str
    upstream: str = ""
    """The module that holds the programs; none where they are the lab's own."""
    version_in: tuple[str, ...] = ()
    """Variables that upstream's release sets to its version, as `package.variable`."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Upstream's name of a program, by the name that Go gives it, which is its folder's."""
    needs_c: bool = False
    tests: str = ""
    """The package whose tests are built as a program, too."""


MODULES = (
    Module(folder="pod"),
    Module(folder="etcd", upstream="go.etcd.io/etcd/server/v3", renamed={"server": "etcd"}),
    # The plugin moved to flannel-io/cni-plugin, of which the module proxy offers no version; this
    # is the last release that has it, and it speaks the specification up to 0.4.0.
    Module(
        folder="flannel-cni-plugin",
        upstream="github.com/containernetworking/plugins",
        renamed={"flannel": "flannel-cni"},
    ),
    # Its udp back end is written in C, and no build without it is offered.
    Module(
        folder="flannel",
        upstream="github.com/flannel-io/flannel",
        needs_c=True,
        version_in=("github.com/flannel-io/flannel/pkg/version.Version",),
        renamed={"flannel": "flanneld", "install_conf": "install-conf"},
    ),
    Module(folder="coredns", upstream="github.com/coredns/coredns"),
    Module(
        folder="containerd",
        upstream="github.com/containerd/containerd/v2",
        version_in=("github.com/containerd/containerd/v2/version.Version",),
    ),
    Module(
        folder="kubernetes",
        upstream="k8s.io/kubernetes",
        version_in=(
            "k8s.io/component-base/version.gitVersion",
            "k8s.io/client-go/pkg/version.gitVersion",
        ),
    ),
)

KUBE_ROUTER = (
    Module(
        folder="kube-router",
        upstream="github.com/cloudnativelabs/kube-router/v2",
        version_in=("github.com/cloudnativelabs/kube-router/v2/pkg/version.Version",),
    ),
)
"""Apart from the cluster's own, so that another version of it builds nothing else again."""
KUBE_NETWORK_POLICIES = (
    Module(
        folder="kube-network-policies",
        upstream="sigs.k8s.io/kube-network-policies",
        renamed={"cmd": "netpol"},
    ),
)
"""Needs a kernel with NFQUEUE for nftables, so it is built where a lab has one."""
E2E = (
    Module(
        folder="kubernetes-e2e",
        upstream="k8s.io/kubernetes",
        version_in=("k8s.io/component-base/version.gitVersion",),
        tests="k8s.io/kubernetes/test/e2e",
    ),
)
"""Kubernetes' own end-to-end tests, and the program of the image that their pods run."""


def version(folder: str, modules: Sequence[Module] = MODULES) -> str:
    """The version that a folder pins, such as `v1.36.0`."""
    module = next(module for module in modules if module.folder == folder)
    return _version(module)


def recipe(modules: Sequence[Module] = MODULES) -> str:
    """Sixteen digits that change with anything that decides what the programs are."""
    parts: list[object] = [
        (module.folder, _flags(module), dict(module.renamed), *filter(None, [module.tests]))
        for module in modules
    ]
    parts += [(str(file.relative_to(FOLDER)), file.read_text()) for file in _files(modules)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def ensure(
    directory: Path,
    on_progress: Callable[[str], None] = lambda _: None,
    modules: Sequence[Module] = MODULES,
    label: str = CLUSTER,
) -> Path:
    """The folder of these programs in `directory`, built if this recipe has none yet."""
    product = Product(
        label=f"the programs of {label}", needed_megabytes=NEEDED_MEGABYTES, error=BuildError
    )
    return build_once(
        directory / "programs" / recipe(modules),
        product,
        lambda draft: build(draft, modules, label, on_progress),
        on_progress,
    )


def build(
    draft: Path, modules: Sequence[Module], label: str, on_progress: Callable[[str], None]
) -> None:
    """Build the programs of these modules, which together are `label`, into a folder."""
    begun = time.monotonic()
    go = golang.find(label, needs_c=any(module.needs_c for module in modules))
    for number, module in enumerate(modules, start=1):
        note = partial(_note, on_progress, f"{module.folder} ({number} of {len(modules)})")
        golang.build(
            go,
            Job(
                folder=FOLDER / module.folder,
                flags=tuple(_flags(module)),
                needs_c=module.needs_c,
                tests=module.tests,
            ),
            draft,
            note,
        )
        for built, name in module.renamed.items():
            (draft / built).rename(draft / name)
    on_progress(f"built in {time.monotonic() - begun:.0f} s")


def _note(on_progress: Callable[[str], None], title: str, text: str) -> None:
    on_progress(f"{title}: {text}")


def _flags(module: Module) -> list[str]:
    linker = ["-s", "-w"]
    for variable in module.version_in:
        linker += ["-X", f"{variable}={_version(module)}"]
        if variable.endswith(".gitVersion"):
            package = variable.removesuffix(".gitVersion")
            major, minor, _ = _version(module).removeprefix("v").split(".", 2)
            # kubeadm derives from these which versions it may deploy.
            linker += ["-X", f"{package}.gitMajor={major}", "-X", f"{package}.gitMinor={minor}"]
    if module.needs_c:
        linker += ["-extldflags", "-static"]
    flags = ["-trimpath", "-ldflags", " ".join(linker)]
    # A static program cannot load the C library's modules that look up names and users.
    return [*flags, "-tags", "netgo,osusergo"] if module.needs_c else flags


def _version(module: Module) -> str:
    text = (FOLDER / module.folder / "go.mod").read_text()
    found = re.search(rf"^(?:require|\t) ?{re.escape(module.upstream)} (v\S+)", text, re.MULTILINE)
    if found is None:
        raise UserError(
            f"{FOLDER / module.folder / 'go.mod'} pins no version of {module.upstream}",
            rule="go-module-unpinned",
        )
    return found[1]


def _files(modules: Sequence[Module]) -> list[Path]:
    return sorted(
        file for module in modules for file in (FOLDER / module.folder).iterdir() if file.is_file()
    )
