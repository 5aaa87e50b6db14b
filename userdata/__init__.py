"""What a node receives: one `#cloud-config` text, the same for every node of a stack."""

from __future__ import annotations

import gzip
import hashlib
from base64 import b64encode
from pathlib import Path
from textwrap import indent

from plan.kubernetes import Parameters
from plan.settings import Settings

from userdata import kubernetes

LIMIT = 16_384
"""Bytes of raw user data: EC2 User Guide, "Run commands when you launch an EC2 instance"."""

VERSION_LENGTH = 10
HERE = Path(__file__).resolve().parent
LIBRARY = "/usr/local/lib/podnet"

# Named one by one: a stray file in the folder would change the user data, and with it replace
# every node.
CONSTANT = (
    "/etc/modules-load.d/podnet.conf",
    "/etc/sysctl.d/90-podnet.conf",
    "/etc/systemd/system/podnet-agent.service",
    "/etc/tmpfiles.d/podnet.conf",
    *(
        f"{LIBRARY}/{name}"
        for name in (
            "agent.py",
            "links.py",
            "machine.py",
            "metadata.py",
            "peers.py",
            "pods.py",
            "ruleset.py",
            "setup.sh",
            "uplink.py",
        )
    ),
)
SHARED = ("address.py", "routing.py")
"""Modules of the plan that program and nodes have in common, byte for byte."""


class UserDataTooLarge(ValueError):  # noqa: N818  # the name says what is wrong
    """The user data is longer than EC2 takes."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the user data has {size:,} bytes compressed, EC2 takes at most "
            f"{LIMIT:,}: shorten the files under {HERE.name}/files"
        )


def render(settings: Settings, stack: str = "") -> str:
    """The user data of every node; raises `UserDataTooLarge`.

    The stack's name is needed where there is a cluster, for the parameters that are named by it.
    """
    written = "".join(
        f"- path: {path}\n  content: |\n{indent(content, '   ')}"
        for path, content in contents(settings, stack).items()
    )
    # `enable` reloads systemd's units first. No waiting: cloud-init must be able to finish
    # while a package mirror is out of reach.
    text = (
        f"#cloud-config\nwrite_files:\n{written}"
        f"runcmd:\n- [systemctl, enable, --now, --no-block, {', '.join(_units(settings))}]\n"
    )
    if (size := len(_compressed(text))) > LIMIT:
        raise UserDataTooLarge(size)
    return text


def encoded(settings: Settings, stack: str = "") -> str:
    """The user data as the API takes it: compressed, which cloud-init undoes, and in base64.

    Compressors differ between machines, so the same text may read differently; nodes keep what
    they were made with.
    """
    return b64encode(_compressed(render(settings, stack))).decode()


def version(settings: Settings, stack: str = "") -> str:
    """A short hash of the text, uncompressed, since compressors differ between machines."""
    return hashlib.sha256(render(settings, stack).encode()).hexdigest()[:VERSION_LENGTH]


def _compressed(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


def _units(settings: Settings) -> tuple[str, ...]:
    return ("podnet-agent", *(("podnet-kubernetes",) if settings.has_cluster else ()))


def contents(settings: Settings, stack: str = "") -> dict[str, str]:
    """The text of every file a node receives, by its path there."""
    return {
        "/etc/podnet/node.env": node_env(settings, stack),
        **{path: (HERE / "files" / path[1:]).read_text() for path in CONSTANT},
        **{f"{LIBRARY}/plan/{name}": (HERE.parent / "plan" / name).read_text() for name in SHARED},
        **(kubernetes.in_user_data() if settings.has_cluster else {}),
    }


def node_env(settings: Settings, stack: str = "") -> str:
    """The numbers of the address rule; all that sets one stack's nodes apart from another's."""
    rule = (
        f"PODNET_VPC_CIDR={settings.vpc_cidr}\n"
        f"PODNET_POD_CIDR={settings.pod_cidr}\n"
        f"PODNET_BLOCK_PREFIX={settings.pod_block_prefix}\n"
        f"PODNET_ZONES={settings.zones}\n"
    )
    return f"{rule}{_cluster_env(settings, stack)}" if settings.has_cluster else rule


def _cluster_env(settings: Settings, stack: str) -> str:
    if not stack:
        raise ValueError("the nodes of a cluster find its parameters by the name of the stack")
    return (
        f"PODNET_KUBERNETES={settings.kubernetes}\n"
        f"PODNET_KUBERNETES_VERSION={settings.kubernetes_version}\n"
        f"PODNET_KUBERNETES_FILES={kubernetes.digest()}\n"
        f"PODNET_PARAMETERS={Parameters(stack).root}\n"
        f"PODNET_SERVICE_CIDR={settings.service_cidr}\n"
    )
