"""Packs the files of a cluster's nodes, since user data has room for few of them.

The pack is an xz tar in base64, cut into pieces that each fit an SSM parameter.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from base64 import b64encode
from pathlib import Path

from podnet import plan

COMMON_FILES = Path(__file__).resolve().parent / "files"
FILES = Path(__file__).resolve().parent / "kubernetes" / "files"
LIBRARY = "/usr/local/lib/podnet"
PIECE_LENGTH = 4096
"""Characters of a standard SSM parameter: AWS Systems Manager User Guide, parameter tiers."""

# Listed one by one, for the same reason as the files of every node.
IN_USER_DATA = (
    f"{LIBRARY}/fetch.py",
    f"{LIBRARY}/kubernetes.sh",
    "/etc/systemd/system/podnet-kubernetes.service",
)
PACKED = (
    "/etc/modules-load.d/podnet-kubernetes.conf",
    "/etc/podnet/containerd.toml",
    "/etc/sysctl.d/91-podnet-kubernetes.conf",
    "/etc/systemd/system/kubelet.service.d/20-podnet.conf",
    "/etc/systemd/system/podnet-control-plane.service",
    "/etc/tmpfiles.d/podnet-kubernetes.conf",
    *(
        f"{LIBRARY}/{name}"
        for name in (
            "bootstrap.py",
            "commands.py",
            "control_plane.py",
            "drain.py",
            "join.py",
            "kubeadm.py",
            "node_files.py",
            "nodes.py",
            "packages.sh",
            "parameters.py",
        )
    ),
)

LATE = (f"{LIBRARY}/filters.py",)
"""Files that nodes of a cluster get here, since their user data is full, and others in it."""

SHARED = ("kubernetes.py", "names.py")
"""Modules of the plan that nodes of a cluster receive, byte for byte."""


def in_user_data() -> dict[str, str]:
    """The text of the files in user data, by their path on the node."""
    return {path: _text(path) for path in IN_USER_DATA}


def late() -> dict[str, str]:
    """The text of the files that the user data of a cluster has no bytes for."""
    return {path: (COMMON_FILES / path[1:]).read_text() for path in LATE}


def packed() -> dict[str, str]:
    """The text of the packed files, by their path on the node."""
    folder = Path(plan.__file__).parent
    return {
        **{path: _text(path) for path in PACKED},
        **late(),
        **{f"{LIBRARY}/podnet/plan/{name}": (folder / name).read_text() for name in SHARED},
    }


def digest() -> str:
    """The SHA-256 of the uncompressed tar, since compressors differ between machines."""
    return hashlib.sha256(_tar()).hexdigest()


def pieces() -> tuple[str, ...]:
    """The values of the SSM parameters 1, 2 and so on that hold the packed files."""
    text = b64encode(lzma.compress(_tar(), preset=9 | lzma.PRESET_EXTREME)).decode()
    return tuple(text[start : start + PIECE_LENGTH] for start in range(0, len(text), PIECE_LENGTH))


def _text(path: str) -> str:
    return (FILES / path[1:]).read_text()


def _tar() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in sorted(packed().items()):
            # TarInfo starts with time 0, owner root and mode 644.
            member = tarfile.TarInfo(path[1:])
            member.size = len(content := text.encode())
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
