"""Which container images a node of the lab has, under which names, and what is in them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from podnet.cluster.workload import IMAGE as PYTHON_IMAGE
from podnet.errors import UserError
from podnet.lab.images.catalogue import POD_IMAGE
from podnet.lab.images.kubernetes.archive import ContainerImage
from podnet.plan import flannel, kube_router
from podnet.system.commands import run

PATHS = {
    "kube-apiserver": "/usr/local/bin/kube-apiserver",
    "kube-controller-manager": "/usr/local/bin/kube-controller-manager",
    "kube-scheduler": "/usr/local/bin/kube-scheduler",
    "kube-proxy": "/usr/local/bin/kube-proxy",
    "etcd": "/usr/local/bin/etcd",
    "coredns": "/coredns",
    "pause": "/pause",
}
"""The path at which kubeadm's manifests expect a program, by the last part of its image's name."""
NOBODY = "65532:65532"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
BASE = (
    CERTIFICATES,
    "/etc/ethertypes",
    "/etc/nsswitch.conf",
    "/etc/protocols",
    "/etc/rpc",
    "/etc/services",
)
"""Files that upstream's images of these programs have from their base, distroless' "static", and
the programs may read (GoogleContainerTools/distroless, static/static.bzl: ca-certificates, netbase,
nsswitch.conf). Flannel's daemon has most of them from Alpine (alpine-baselayout-data).
Without the names of protocols, kube-proxy's `nft` prints numbers, and every second full sync
deletes the Services that it takes for left over."""
FROM_SCRATCH = "pause"
IPTABLES = "/usr/sbin/xtables-nft-multi"
IPTABLES_NAMES = ("iptables", "iptables-restore", "iptables-save")
IP6TABLES_NAMES = ("ip6tables", "ip6tables-restore", "ip6tables-save")
EXTENSIONS = "usr/lib/*/xtables/lib*t_*.so"
"""Of iptables, one a match or target."""
UNUSED = {"__pycache__", "ensurepip", "idlelib", "lib2to3", "pydoc_data", "test", "tkinter"}
"""Folders of Python's library that the lab's image of it lacks."""


def cluster_images(names: list[str], programs: Path, root: Path) -> list[ContainerImage]:
    """The images of these names, as kubeadm lists them.

    `root` is the file system of the instance, from which kube-proxy's tools are taken.
    """
    images = []
    for name in names:
        last = name.rpartition("/")[2].partition(":")[0]
        if last not in PATHS:
            raise UserError(
                f"kubeadm asks for the image {name}, of which the lab has no program",
                rule="container-image-unknown",
            )
        path = PATHS[last]
        files = {path: programs / ("pod" if last == "pause" else last)}
        if last != FROM_SCRATCH:
            files |= {each: Path(f"{root}{each}") for each in BASE}
        if last == "kube-proxy":
            for tool in ("/usr/sbin/nft", "/usr/sbin/conntrack"):
                files |= with_libraries(root, tool)
        # As upstream's: its manifest asks for a user that is not root, and names none.
        images.append(
            ContainerImage(
                names=(name,),
                files=files,
                entrypoint=(path,),
                user=NOBODY if last == "coredns" else "",
            )
        )
    return images


def other_images(programs: Path, root: Path) -> list[ContainerImage]:
    """Flannel's images, Python's, and the one of pods that are there to be reached."""
    return [
        ContainerImage(
            names=names_of(flannel.IMAGE),
            entrypoint=("/opt/bin/flanneld",),
            files={f"/opt/bin/{name}": programs / name for name in ("flanneld", "install-conf")}
            | {each: Path(f"{root}{each}") for each in BASE},
        ),
        ContainerImage(
            names=names_of(flannel.PLUGIN_IMAGE),
            files={"/flannel": programs / "flannel-cni"} | with_libraries(root, "/bin/cp"),
        ),
        ContainerImage(names=names_of(PYTHON_IMAGE), files=_python(root)),
        ContainerImage(names=(POD_IMAGE,), files={"/pod": programs / "pod"}, entrypoint=("/pod",)),
    ]


def kube_router_image(programs: Path, root: Path) -> ContainerImage:
    """kube-router with what it calls: iptables (of nftables), ipset and ip; cp is for its conflist.

    Under a name of the lab's own: no digest of upstream's image of this version is known.
    """
    return ContainerImage(
        names=(kube_router.LAB_IMAGE,),
        files={"/usr/local/bin/kube-router": programs / "kube-router"}
        | {each: Path(f"{root}{each}") for each in BASE}
        | with_libraries(root, "/usr/sbin/ipset", "/bin/cp", "/sbin/ip")
        | iptables(root, *IPTABLES_NAMES),
        entrypoint=("/usr/local/bin/kube-router",),
    )


def iptables(root: Path, *names: str) -> dict[str, Path]:
    """The iptables of nftables under these names, with its extensions and libraries."""
    extensions = [f"/{path.relative_to(root)}" for path in sorted(root.glob(EXTENSIONS))]
    files = with_libraries(root, IPTABLES, *extensions)
    # One program that does what its own name says.
    multi = files.pop(IPTABLES)
    return {f"/usr/sbin/{name}": multi for name in names} | files


def kubeadm_names(programs: Path, version: str) -> list[str]:
    """The images that kubeadm of this version starts a cluster with."""
    return run(
        str(programs / "kubeadm"), "config", "images", "list", f"--kubernetes-version={version}"
    ).split()


def names_of(pinned: str) -> tuple[str, ...]:
    """The names under which containerd looks for `name:tag@digest`, and for `name:tag`.

    The digest is that of upstream's image, which this one stands for.
    """
    tagged, _, digest = pinned.partition("@")
    return (f"{tagged.rpartition(':')[0]}@{digest}", tagged)


def _python(root: Path) -> dict[str, Path]:
    """The interpreter of the instance with its standard library, as `python3`.

    Without links, which lead out of the library, and without what nobody runs in a container.
    """
    program = (root / "usr/bin/python3").readlink().name
    library = root / "usr/lib" / program
    files = {
        f"/{file.relative_to(root)}": file
        for file in library.rglob("*")
        if file.is_file() and not file.is_symlink() and not UNUSED & {*file.parts}
    }
    modules = [path for path in files if path.endswith(".so")]
    return {
        "/usr/bin/python3": root / "usr/bin" / program,
        **files,
        **with_libraries(root, f"/usr/bin/{program}", *modules),
    }


def with_libraries(root: Path, *programs: str) -> dict[str, Path]:
    """Programs of the instance's packages, and what they are linked with."""
    said = run("chroot", str(root), "ldd", *programs)
    return {path: Path(f"{root}{path}") for path in with_linked(programs, said)}


def with_linked(programs: Sequence[str], said: str) -> list[str]:
    """Programs, and the files that they are linked with as `ldd` says."""
    return [*programs, *re.findall(r"(/\S+) \(0x", said)]
