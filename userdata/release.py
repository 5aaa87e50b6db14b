"""Packs what a node runs: a release, which nodes fetch and replace while they run (ADR 33).

A release is an xz tar in base64, cut into pieces that each fit an SSM parameter, and is named by
its digest.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from podnet import plan
from podnet.plan.settings import Fabric, Settings
from podnet.userdata.stripping import stripped, uncommented

PLAN = Path(plan.__file__).parent
EVERY_NODE = Path(__file__).resolve().parent / "files"
CLUSTER = Path(__file__).resolve().parent / "kubernetes" / "files"
LIBRARY = "/usr/local/lib/podnet"
PIECE_LENGTH = 4096
"""Characters of a standard SSM parameter: AWS Systems Manager User Guide, parameter tiers."""

SHORT = 12
"""Digits of a digest in the names of folders and parameters."""

# Listed one by one: a stray file in a folder would change the release of every stack.
SHARED = ("address.py", "node_network.py", "routing.py")
"""Modules of the plan that every node gets."""
SHARED_LATER = ("acknowledgement.py", "other_cnis.py")
"""Those that come with its first release."""
SHARED_BY_CLUSTER = ("kubernetes.py", "names.py", "policy_objects.py")
MODULES = (
    "agent.py",
    "conflist.py",
    "keep-lease.sh",
    "ip_rules.py",
    "links.py",
    "machine.py",
    "metadata.py",
    "metadata_cache.py",
    "nft_ruleset.py",
    "peers.py",
    "report.py",
    "setup.sh",
    "steps.py",
)
"""What the network of a node needs, with its lease, which a reload of networkd would end."""
LATER_MODULES = (
    "acknowledge.py",
    "beside.py",
    "filters.py",
    "guards.py",
    "later.py",
    "leases.py",
    "main_table.py",
    "offloads.py",
    "ports.py",
    "prometheus.py",
    "renamed.py",
    "sandboxes.py",
    "ssm.py",
    "update.py",
)
"""Repairs, checks and reports that a node begins without."""
SWITCHED = ("uplink.py",)
"""What nodes on plain switches need beside it; no VPC carries the frames that it sends."""
CLUSTER_MODULES = (
    "bootstrap.py",
    "cluster_filters.py",
    "commands.py",
    "control_plane.py",
    "drain.py",
    "join.py",
    "kubeadm.py",
    "kubernetes.sh",
    "node_files.py",
    "nodes.py",
    "packages.sh",
    "parameters.py",
)
ETC = ("systemd/networkd.conf.d/podnet.conf", "systemd/system/podnet-agent.service")
LATER_ETC = (
    "modules-load.d/podnet.conf",
    "sysctl.d/90-podnet.conf",
    "systemd/system/podnet-acknowledge.service",
    "systemd/system/podnet-agent.service.d/release.conf",
    "tmpfiles.d/podnet.conf",
)
CLUSTER_ETC = (
    "modules-load.d/podnet-kubernetes.conf",
    "podnet/containerd.toml",
    "sysctl.d/91-podnet-kubernetes.conf",
    "systemd/system/kubelet.service.d/20-podnet.conf",
    "systemd/system/podnet-control-plane.service",
    "systemd/system/podnet-kubernetes.service",
    "tmpfiles.d/podnet-kubernetes.conf",
)
SESSION_MODULES = ("amazon-ssm-agent.asc", "session_manager.py")
"""What installs the agent of Session Manager, with the key of its signature."""
SESSION_ETC = ("systemd/system/podnet-session-manager.service",)
UNITS = ("podnet-agent.service",)
"""The units that are started."""
LATER_UNITS = ("podnet-acknowledge.service",)
SESSION_UNITS = ("podnet-session-manager.service",)
CLUSTER_UNITS = ("podnet-kubernetes.service", "podnet-control-plane.service")


def network() -> dict[str, str]:
    """What a node needs for its network, by the path in the release's folder."""
    return _texts(EVERY_NODE, MODULES, ETC, SHARED) | {"units": _lines(UNITS)}


def files(settings: Settings) -> dict[str, str]:
    """All files of the release of a stack, by the path in its folder."""
    found = network() | _texts(EVERY_NODE, LATER_MODULES, LATER_ETC, SHARED_LATER)
    found["units"] += _lines(LATER_UNITS)
    if settings.fabric is Fabric.SWITCH:
        found |= _texts(EVERY_NODE, SWITCHED)
    if settings.session_manager:
        found |= _texts(EVERY_NODE, SESSION_MODULES, SESSION_ETC)
        found["units"] += _lines(SESSION_UNITS)
    if settings.has_cluster:
        found |= _texts(CLUSTER, CLUSTER_MODULES, CLUSTER_ETC, SHARED_BY_CLUSTER)
        found["units"] += _lines(CLUSTER_UNITS)
    return found


def digest(settings: Settings) -> str:
    """The digest of the release of a stack."""
    return digest_of(files(settings))


def pieces(settings: Settings) -> tuple[str, ...]:
    """The values of the SSM parameters 1, 2 and so on that hold the release of a stack."""
    return pieces_of(files(settings))


def digest_of(texts: Mapping[str, str]) -> str:
    """The SHA-256 of the uncompressed tar of files, since compressors differ between machines."""
    return hashlib.sha256(_tar(texts)).hexdigest()


def pieces_of(texts: Mapping[str, str]) -> tuple[str, ...]:
    """Files as the values of parameters."""
    text = b64encode(_compressed(_tar(texts))).decode()
    return tuple(text[start : start + PIECE_LENGTH] for start in range(0, len(text), PIECE_LENGTH))


def short(release: str) -> str:
    """The first digits of a digest, or of the name of a release's folder on a node."""
    return release.removeprefix("podnet-")[:SHORT]


def folder(stack: str) -> str:
    """Where the parameters of a stack's releases are."""
    return f"/podnet/{stack}/files"


def piece(stack: str, digest: str, number: int) -> str:
    """The parameter with one piece of a release, counted from 1."""
    return f"{folder(stack)}/{short(digest)}/{number}"


def on_node(path: Path) -> str:
    """The text of a file as a node gets it: without what nobody reads there (ADR 24)."""
    text = path.read_text()
    return stripped(text) if path.suffix == ".py" else uncommented(text)


def _texts(
    folder: Path, modules: tuple[str, ...], etc: tuple[str, ...] = (), shared: tuple[str, ...] = ()
) -> dict[str, str]:
    return {
        **{name: on_node(folder / LIBRARY[1:] / name) for name in modules},
        **{f"etc/{name}": on_node(folder / "etc" / name) for name in etc},
        **{f"podnet/plan/{name}": on_node(PLAN / name) for name in shared},
    }


@cache
def _compressed(tar: bytes) -> bytes:
    # A greater preset takes hundreds of megabytes, for the same size.
    return lzma.compress(tar, preset=6 | lzma.PRESET_EXTREME)


def _lines(names: tuple[str, ...]) -> str:
    return "".join(f"{name}\n" for name in names)


def _tar(texts: Mapping[str, str]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in sorted(texts.items()):
            # TarInfo starts with time 0, owner root and mode 644.
            member = tarfile.TarInfo(path)
            member.size = len(content := text.encode())
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()
