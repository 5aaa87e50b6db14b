"""Renders the user data: one `#cloud-config` text, the same for every node of a stack.

Its files are one archive, without comments: EC2 takes little user data (ADR 24).
"""

from __future__ import annotations

import bz2
import hashlib
import shlex
import zlib
from base64 import b64encode
from dataclasses import replace
from itertools import chain
from pathlib import Path
from textwrap import indent

from podnet.errors import UserError
from podnet.plan.image import REFUSAL
from podnet.plan.kubernetes import Parameters
from podnet.plan.settings import Settings
from podnet.userdata import extra, release
from podnet.userdata.stripping import uncommented

LIMIT = 16_384
"""Bytes of raw user data: EC2 User Guide, "Run commands when you launch an EC2 instance"."""

VERSION_LENGTH = 10
GZIP = 16 + zlib.MAX_WBITS
"""How zlib names the format, whose header then has no time."""
LIBRARY = release.LIBRARY
PACK = f"{LIBRARY}-base.bz2"
UNPACK = Path(__file__).resolve().parent / "unpack.py"

CHECK = Path(__file__).resolve().parent / "image.sh"
UPDATER = Path(__file__).resolve().parent / "updater"
BASE = f"{release.LIBRARY}-base"
UNIT = "podnet-update.service"


class UserDataTooLargeError(UserError):
    """The user data exceeds the limit of EC2."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the user data has {size:,} bytes compressed, EC2 accepts at most {LIMIT:,}; "
            "shorten the files under userdata/files",
            rule="user-data-too-large",
        )


class ExtraUserDataTooLargeError(UserError):
    """The setting `extraUserData` exceeds what podnet's own user data leaves."""

    def __init__(self, given: int, free: int) -> None:
        super().__init__(
            f"podnet:extraUserData adds {given:,} bytes to the compressed user data, and {free:,} "
            f"of EC2's {LIMIT:,} are free; shorten it, or have a command of it fetch the rest",
            rule="extra-user-data-too-large",
        )


def render(settings: Settings, stack: str) -> str:
    """The user data of every node of the stack.

    Raises `UserDataTooLargeError`, or `ExtraUserDataTooLargeError` where podnet's own fits.
    """
    pack = bz2.compress(_archive(settings, stack))
    text = _cloud_config(pack, settings)
    if (size := len(_compressed(text))) > LIMIT:
        own = len(_compressed(_cloud_config(pack, replace(settings, extra_user_data={}))))
        if own <= LIMIT:
            raise ExtraUserDataTooLargeError(size - own, LIMIT - own)
        raise UserDataTooLargeError(own)
    return text


def encoded(settings: Settings, stack: str) -> str:
    """The user data for the EC2 API: compressed with gzip, then encoded in base64.

    Compressors differ between machines, so one text may have several encodings. Nodes keep the
    user data of their creation.
    """
    return b64encode(_compressed(render(settings, stack))).decode()


def version(settings: Settings, stack: str) -> str:
    """A short hash of the files and of what unpacks them, since compressors differ."""
    text = _archive(settings, stack) + _cloud_config(b"", settings).encode()
    return hashlib.sha256(text).hexdigest()[:VERSION_LENGTH]


def _archive(settings: Settings, stack: str) -> bytes:
    # Not as JSON, where each end of a line takes two characters.
    return "\0".join(chain(*contents(settings, stack).items())).encode()


def _cloud_config(pack: bytes, settings: Settings) -> str:
    # What is in /etc by links, so that a release brings its own. `--no-block`, since cloud-init
    # must be able to finish while a package mirror is unreachable.
    links = "" if settings.has_cluster else f"- [cp, -frs, {LIBRARY}/etc, /]\n"
    units = "podnet-update" if settings.has_cluster else "podnet-agent, podnet-update"
    files, commands, others = extra.parts(settings.extra_user_data)
    return (
        "#cloud-config\n"
        # So that EC2 shows it of a node on which nobody can log in (`get-console-output`).
        "output: {all: '| tee -a /var/log/cloud-init-output.log /dev/console'}\n"
        "write_files:\n"
        f"- path: {PACK}\n  encoding: b64\n  content: {b64encode(pack).decode()}\n{files}"
        f"runcmd:\n{_check(settings)}"
        f"- - python3\n  - -c\n  - |\n{indent(UNPACK.read_text(), '    ')}  - /\n"
        f"- [ln, -sfn, podnet-base, {LIBRARY}]\n"
        f"{links}"
        f"- [systemctl, enable, --now, --no-block, {units}]\n{commands}"
        f"{_keys(settings)}{others}"
    )


def _check(settings: Settings) -> str:
    """What refuses an image that podnet did not choose; those of Debian need no check."""
    if settings.image_id is None:
        return ""
    refusal = f"podnet_refusal={shlex.quote(REFUSAL.text)}\n"
    return f"- {extra.yaml(refusal + uncommented(CHECK.read_text()))}\n"


def _keys(settings: Settings) -> str:
    """The keys that may log in as the image's own user, `admin` on Debian (cloud-init, cc_ssh)."""
    if not settings.ssh_keys:
        return ""
    return f"ssh_authorized_keys: {extra.yaml(settings.ssh_keys)}\n"


def _compressed(text: str) -> bytes:
    # The pack in blocks of its own, since other letters would lengthen the codes of base64's.
    head, key, rest = text.partition("  content: ")
    pack, end, tail = rest.partition("\n")
    packer = zlib.compressobj(9, zlib.DEFLATED, GZIP, 9, zlib.Z_FILTERED)
    parts = [
        packer.compress(part.encode()) + packer.flush(zlib.Z_BLOCK) for part in (head + key, pack)
    ]
    return b"".join([*parts, packer.compress((end + tail).encode()), packer.flush()])


def contents(settings: Settings, stack: str) -> dict[str, str]:
    """The text of every file in the user data, by its path on the node.

    Beside the updater it is the network of a node, which so needs no API. A node of a cluster is
    nothing without one, and has it from its release.
    """
    network = {} if settings.has_cluster else release.network()
    library = release.EVERY_NODE / LIBRARY[1:]
    texts = {
        "/etc/podnet/node.env": node_env(settings, stack),
        f"/etc/systemd/system/{UNIT}": release.on_node(UPDATER / UNIT),
        **{f"{BASE}/{path}": text for path, text in network.items()},
        **{
            f"{BASE}/{path.name}": release.on_node(path)
            for path in (library / "metadata.py", library / "ssm.py", UPDATER / "fetch.py")
        },
    }
    return dict(sorted(texts.items()))


def node_env(settings: Settings, stack: str) -> str:
    """The text of /etc/podnet/node.env, the only file that differs between stacks."""
    common = (
        f"PODNET_VPC_CIDR={settings.vpc_cidr}\n"
        f"PODNET_POD_CIDR={settings.pod_cidr}\n"
        f"PODNET_BLOCK_PREFIX={settings.pod_block_prefix}\n"
        f"PODNET_SUBNET_PREFIX={settings.addresses.subnet_prefix}\n"
        f"PODNET_NODE_RANGE_PREFIX={settings.node_range_prefix}\n"
        f"PODNET_FILES={release.folder(stack)}\n"
    )
    if not settings.has_cluster:
        return common
    return common + (
        f"PODNET_KUBERNETES={settings.kubernetes}\n"
        f"PODNET_KUBERNETES_VERSION={settings.kubernetes_version}\n"
        f"PODNET_PARAMETERS={Parameters(stack).root}\n"
        f"PODNET_SERVICE_CIDR={settings.service_cidr}\n"
        # Only there, so that the user data of other clusters stays as it is.
        + (f"PODNET_CNI={settings.cni}\n" if settings.preset else "")
    )
