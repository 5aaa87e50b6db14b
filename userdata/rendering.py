"""Renders the user data: one `#cloud-config` text, the same for every node of a stack.

Its files are one archive, without comments: EC2 takes little user data (ADR 24).
"""

from __future__ import annotations

import bz2
import hashlib
import json
import zlib
from base64 import b64encode
from pathlib import Path
from textwrap import indent

from podnet import plan
from podnet.errors import UserError
from podnet.plan.kubernetes import Parameters
from podnet.plan.settings import Settings
from podnet.userdata import packing
from podnet.userdata.stripping import stripped, uncommented

LIMIT = 16_384
"""Bytes of raw user data: EC2 User Guide, "Run commands when you launch an EC2 instance"."""

VERSION_LENGTH = 10
GZIP = 16 + zlib.MAX_WBITS
"""How zlib names the format, whose header then has no time."""
FILES = Path(__file__).resolve().parent / "files"
PLAN = Path(plan.__file__).parent
LIBRARY = packing.LIBRARY
PACK = f"{LIBRARY}/files.json.bz2"
UNPACK = Path(__file__).resolve().parent / "unpack.py"

# Named one by one: a stray file in the folder would change the user data of new nodes.
SHARED = ("address.py", "routing.py", "node_network.py")
"""Modules of the plan that nodes receive."""
CONSTANT = (
    "/etc/systemd/system/podnet-agent.service",
    f"{LIBRARY}/setup.sh",
    f"{LIBRARY}/keep-lease.sh",
    f"{LIBRARY}/metadata.py",
    "/etc/tmpfiles.d/podnet.conf",
    f"{LIBRARY}/steps.py",
    "/etc/systemd/networkd.conf.d/podnet.conf",
    "/etc/sysctl.d/90-podnet.conf",
    f"{LIBRARY}/agent.py",
    "/etc/modules-load.d/podnet.conf",
    f"{LIBRARY}/kept.py",
    f"{LIBRARY}/machine.py",
    f"{LIBRARY}/ruleset.py",
    f"{LIBRARY}/conflist.py",
    f"{LIBRARY}/peers.py",
    f"{LIBRARY}/uplink.py",
    f"{LIBRARY}/links.py",
    f"{LIBRARY}/report.py",
    f"{LIBRARY}/rules.py",
    f"{LIBRARY}/sandboxes.py",
    f"{LIBRARY}/ports.py",
    f"{LIBRARY}/leases.py",
)


class UserDataTooLargeError(UserError):
    """The user data exceeds the limit of EC2."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the user data has {size:,} bytes compressed, EC2 accepts at most {LIMIT:,}; "
            "shorten the files under userdata/files",
            rule="user-data-too-large",
        )


def render(settings: Settings, stack: str = "") -> str:
    """The user data of every node; raises `UserDataTooLargeError`.

    A stack with a cluster needs its name, since the names of its SSM parameters contain it.
    """
    text = _cloud_config(bz2.compress(_archive(settings, stack)), _units(settings))
    if (size := len(_compressed(text))) > LIMIT:
        raise UserDataTooLargeError(size)
    return text


def encoded(settings: Settings, stack: str = "") -> str:
    """The user data for the EC2 API: compressed with gzip, then encoded in base64.

    Compressors differ between machines, so one text may have several encodings. Nodes keep the
    user data of their creation.
    """
    return b64encode(_compressed(render(settings, stack))).decode()


def version(settings: Settings, stack: str = "") -> str:
    """A short hash of the files and of what unpacks them, since compressors differ."""
    text = _archive(settings, stack) + _cloud_config(b"", _units(settings)).encode()
    return hashlib.sha256(text).hexdigest()[:VERSION_LENGTH]


def _archive(settings: Settings, stack: str) -> bytes:
    return json.dumps(contents(settings, stack), ensure_ascii=False).encode()


def _cloud_config(pack: bytes, units: tuple[str, ...]) -> str:
    # `enable` reloads systemd's units first. `--no-block`, since cloud-init must be able to finish
    # while a package mirror is unreachable.
    return (
        "#cloud-config\n"
        "write_files:\n"
        f"- path: {PACK}\n  encoding: b64\n  content: {b64encode(pack).decode()}\n"
        f"runcmd:\n- - python3\n  - -c\n  - |\n{indent(UNPACK.read_text(), '    ')}  - /\n"
        f"- [systemctl, enable, --now, --no-block, {', '.join(units)}]\n"
    )


def _compressed(text: str) -> bytes:
    # The pack in blocks of its own, since other letters would lengthen the codes of base64's.
    head, key, rest = text.partition("  content: ")
    pack, end, tail = rest.partition("\n")
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP, 9, zlib.Z_FILTERED)
    parts = [
        packer.compress(part.encode()) + packer.flush(zlib.Z_BLOCK) for part in (head + key, pack)
    ]
    return b"".join([*parts, packer.compress((end + tail).encode()), packer.flush()])


def _units(settings: Settings) -> tuple[str, ...]:
    return ("podnet-agent", *(("podnet-kubernetes",) if settings.has_cluster else ()))


def contents(settings: Settings, stack: str = "") -> dict[str, str]:
    """The text of every file in the user data, by its path on the node."""
    texts = {
        "/etc/podnet/node.env": node_env(settings, stack),
        **{f"{LIBRARY}/podnet/plan/{name}": (PLAN / name).read_text() for name in SHARED},
        **(packing.in_user_data() if settings.has_cluster else packing.late()),
        **{path: (FILES / path[1:]).read_text() for path in CONSTANT},
    }
    return {
        path: stripped(text) if path.endswith(".py") else uncommented(text)
        for path, text in sorted(texts.items())
    }


def node_env(settings: Settings, stack: str = "") -> str:
    """The text of /etc/podnet/node.env, the only file that differs between stacks."""
    address_rule = (
        f"PODNET_VPC_CIDR={settings.vpc_cidr}\n"
        f"PODNET_POD_CIDR={settings.pod_cidr}\n"
        f"PODNET_BLOCK_PREFIX={settings.pod_block_prefix}\n"
        f"PODNET_ZONES={settings.zones}\n"
    )
    if not settings.has_cluster:
        return address_rule
    return address_rule + _cluster_env(settings, stack)


def _cluster_env(settings: Settings, stack: str) -> str:
    if not stack:
        raise ValueError("a stack with a cluster needs a name for its SSM parameters")
    return (
        f"PODNET_KUBERNETES={settings.kubernetes}\n"
        f"PODNET_KUBERNETES_VERSION={settings.kubernetes_version}\n"
        f"PODNET_KUBERNETES_FILES={packing.digest()}\n"
        f"PODNET_PARAMETERS={Parameters(stack).root}\n"
        f"PODNET_SERVICE_CIDR={settings.service_cidr}\n"
    )
