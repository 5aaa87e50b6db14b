"""Container images of another CNI, made of programs that the user has built.

They lie in a layer of the lab's own over the image of a cluster's nodes, whose containerd imports
them when it starts.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.images.kubernetes import archive, contents
from podnet.lab.images.kubernetes.archive import ContainerImage
from podnet.lab.images.root import Root
from podnet.plan.cni import Cni
from podnet.plan.cni.calico import PROGRAM
from podnet.system.commands import run

PACKED = "usr/local/lib/podnet-lab/cni.tar"
UNIT = "etc/systemd/system/containerd.service.d/cni.conf"
IMPORT = f"""\
[Service]
ExecStartPost=/usr/bin/ctr --namespace=k8s.io images import --local --snapshotter=native /{PACKED}
"""
LINKED = """\
mount -t overlay -o "lowerdir=$1" lower "$2"
shift
root=$1
shift
exec chroot "$root" ldd "$@"
"""
INTERPRETER = 3
"""PT_INTERP: the type of an ELF segment that names the linker of a dynamic program (elf(5))."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """What a folder must hold for one CNI, and what its image has beside that."""

    programs: Mapping[str, str]
    """Path in the image, by the name of a program in the folder."""
    tools: Sequence[str] = ()
    """Programs of the nodes' own system that it calls."""
    iptables: Sequence[str] = ()
    """The names under which it calls iptables."""


RECIPES = {
    Cni.CALICO: Recipe(
        programs={"calico": PROGRAM},
        tools=("/usr/sbin/nft", "/usr/sbin/ipset", "/usr/sbin/conntrack"),
        # It asks which back end others use, whichever it uses itself (DetectBackend,
        # felix/environment/feature_detect_linux.go@87c15906).
        iptables=(*contents.IPTABLES_NAMES, *contents.IP6TABLES_NAMES),
    )
}


def image_name(cni: Cni, folder: Path) -> str:
    """The name of the image, with a digest of the programs; refuses a folder that lacks some."""
    recipe = _recipe(cni)
    if problems := [*_problems(recipe, folder)]:
        raise UserError(
            f"--cni-programs {folder} does not hold the programs of {cni}: {'; '.join(problems)}. "
            f"It must hold {', '.join(recipe.programs)}, each a static program",
            rule="cni-programs-unfit",
        )
    digest = hashlib.sha256()
    for name in sorted(recipe.programs):
        with (folder / name).open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"podnet.local/{cni}:programs@sha256:{digest.hexdigest()}"


def write_layer(layer: Path, cni: Cni, folder: Path, name: str, nodes: Root) -> None:
    """Write the layer with the image of this name, above the system of a cluster's nodes."""
    recipe = _recipe(cni)
    files = {path: folder / program for program, path in recipe.programs.items()}
    files |= {each: _find(nodes, each) for each in contents.BASE}
    files |= _with_libraries(nodes, *recipe.tools)
    files |= contents.iptables(nodes.layers[-1], *recipe.iptables)
    draft = layer.with_name(f"{layer.name}.draft")
    shutil.rmtree(draft, ignore_errors=True)
    for each in (PACKED, UNIT):
        (draft / each).parent.mkdir(parents=True)
    image = ContainerImage(names=contents.names_of(name), files=files)
    archive.write(draft / PACKED, [image])
    (draft / UNIT).write_text(IMPORT)
    shutil.rmtree(layer, ignore_errors=True)
    draft.rename(layer)


def _with_libraries(nodes: Root, *programs: str) -> dict[str, Path]:
    """Programs of the nodes' packages, and what they are linked with."""
    with tempfile.TemporaryDirectory() as place:
        lower = ":".join(map(str, nodes.layers))
        said = run("unshare", "--mount", "sh", "-ec", LINKED, "sh", lower, place, *programs)
    return {path: _find(nodes, path) for path in contents.with_linked(programs, said)}


def _find(nodes: Root, path: str) -> Path:
    """The file of a node in the uppermost layer that holds it; /lib leads into /usr (usrmerge)."""
    below = path.removeprefix("/")
    for layer in nodes.layers:
        for place in (layer / below, layer / "usr" / below):
            if place.exists():
                return place
    raise FileNotFoundError(f"no layer of the nodes' image holds {path}")


def _recipe(cni: Cni) -> Recipe:
    if recipe := RECIPES.get(cni):
        return recipe
    raise UserError(
        f"--cni-programs is for cni {' or '.join(RECIPES)}, got cni {cni}; leave it out, or set "
        "podnet:cni, as in -c cni=calico",
        rule="cni-programs-for-none",
    )


def _problems(recipe: Recipe, folder: Path) -> Iterator[str]:
    for name in recipe.programs:
        file = folder / name
        if not file.is_file():
            yield f"{name} is missing"
        elif not os.access(file, os.X_OK):
            yield f"{name} is not executable"
        elif (dynamic := _is_dynamic(file)) is None:
            yield f"{name} is no program (ELF of 64 bits)"
        elif dynamic:
            yield f"{name} is linked dynamically, and its libraries are not in the image"


def _is_dynamic(file: Path) -> bool | None:
    """Whether a program needs a linker at its start; None for what is no program of 64 bits."""
    with file.open("rb") as opened:
        head = opened.read(64)
        # e_ident, e_phoff, e_phentsize and e_phnum (elf(5)).
        if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":  # noqa: PLR2004  # size of the header
            return None
        (offset,) = struct.unpack_from("<Q", head, 32)
        size, count = struct.unpack_from("<HH", head, 54)
        opened.seek(offset)
        table = opened.read(size * count)
    return any(
        struct.unpack_from("<I", table, at)[0] == INTERPRETER for at in range(0, len(table), size)
    )
