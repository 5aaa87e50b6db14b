"""Which container images a node of the lab has, under which names, and what is in them."""

from __future__ import annotations

import re
from pathlib import Path

from lab.errors import LabError
from lab.kubernetes.image.archive import ContainerImage
from lab.shell import run
from plan import flannel

POD_IMAGE = "podnet.local/pod:1"
"""For containers that only have to be there."""
PATHS = {
    "kube-apiserver": "/usr/local/bin/kube-apiserver",
    "kube-controller-manager": "/usr/local/bin/kube-controller-manager",
    "kube-scheduler": "/usr/local/bin/kube-scheduler",
    "kube-proxy": "/usr/local/bin/kube-proxy",
    "etcd": "/usr/local/bin/etcd",
    "coredns": "/coredns",
    "pause": "/pause",
}
"""Where the manifests of kubeadm look for a program, by the last word of its image's name."""
NOBODY = "65532:65532"


def cluster_images(names: list[str], programs: Path, root: Path) -> list[ContainerImage]:
    """The images of these names, as kubeadm lists them.

    `root` is the file system of the instance, from which kube-proxy's tools are taken.
    """
    images = []
    for name in names:
        last = name.rpartition("/")[2].partition(":")[0]
        if last not in PATHS:
            raise LabError(f"kubeadm asks for the image {name}, of which the lab has no program")
        path = PATHS[last]
        files = {path: programs / ("pod" if last == "pause" else last)}
        if last == "kube-proxy":
            files |= _with_libraries(root, "/usr/sbin/nft") | _with_libraries(
                root, "/usr/sbin/conntrack"
            )
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
    """Flannel's images, and the one of pods that are there to be reached."""
    return [
        ContainerImage(
            names=_names(flannel.IMAGE),
            entrypoint=("/opt/bin/flanneld",),
            files={f"/opt/bin/{name}": programs / name for name in ("flanneld", "install-conf")},
        ),
        ContainerImage(
            names=_names(flannel.PLUGIN_IMAGE),
            files={"/flannel": programs / "flannel-cni"} | _with_libraries(root, "/bin/cp"),
        ),
        ContainerImage(names=(POD_IMAGE,), files={"/pod": programs / "pod"}, entrypoint=("/pod",)),
    ]


def kubeadm_names(programs: Path, version: str) -> list[str]:
    """The images that kubeadm of this version starts a cluster with."""
    return run(
        str(programs / "kubeadm"), "config", "images", "list", f"--kubernetes-version={version}"
    ).split()


def _names(pinned: str) -> tuple[str, ...]:
    """The names under which containerd looks for `name:tag@digest`, and for `name:tag`.

    The digest is that of upstream's image, which this one stands for.
    """
    tagged, _, digest = pinned.partition("@")
    return (f"{tagged.rpartition(':')[0]}@{digest}", tagged)


def _with_libraries(root: Path, program: str) -> dict[str, Path]:
    """A program of the instance's packages, and what it is linked with."""
    said = run("chroot", str(root), "ldd", program)
    paths = [program, *re.findall(r"(/\S+) \(0x", said)]
    return {path: Path(f"{root}{path}") for path in paths}
