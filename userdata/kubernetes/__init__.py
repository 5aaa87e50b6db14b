"""The files that make a node part of a cluster; user data has room for few of them.

The others are packed: an xz tar in base64, cut into pieces that each fit an SSM parameter.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from base64 import b64encode
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIBRARY = "/usr/local/lib/podnet"
LENGTH = 4096
"""Characters of a standard SSM parameter: AWS Systems Manager User Guide, parameter tiers."""

# Named one by one, as those of every node are.
IN_USER_DATA = (
    "/etc/systemd/system/podnet-kubernetes.service",
    f"{LIBRARY}/fetch.py",
    f"{LIBRARY}/kubernetes.sh",
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
            "cluster.py",
            "control.py",
            "drain.py",
            "nodes.py",
            "packages.sh",
            "parameters.py",
            "place.py",
            "steps.py",
        )
    ),
)


def in_user_data() -> dict[str, str]:
    """The text of the files in user data, by their path on the node."""
    return {path: _text(path) for path in IN_USER_DATA}


def packed() -> dict[str, str]:
    """The text of the packed files, by their path on the node."""
    plan = (HERE.parents[1] / "plan" / "kubernetes.py").read_text()
    return {**{path: _text(path) for path in PACKED}, f"{LIBRARY}/plan/kubernetes.py": plan}


def digest() -> str:
    """What the packed files are known by: of the tar, since compressors differ."""
    return hashlib.sha256(_tar()).hexdigest()


def pieces() -> tuple[str, ...]:
    """The packed files as the values of parameters 1, 2 and so on."""
    text = b64encode(lzma.compress(_tar(), preset=9 | lzma.PRESET_EXTREME)).decode()
    return tuple(text[start : start + LENGTH] for start in range(0, len(text), LENGTH))


def _text(path: str) -> str:
    return (HERE / "files" / path[1:]).read_text()


def _tar() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in sorted(packed().items()):
            # A new member has the time, owner and mode that TarInfo starts with: 0, root and 644.
            member = tarfile.TarInfo(path[1:])
            member.size = len(content := text.encode())
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
