"""What a node receives: one `#cloud-config` text, the same for every node of a stack."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

from plan.settings import Settings

LIMIT = 16_384
"""Bytes of raw user data: EC2 User Guide, "Run commands when you launch an EC2 instance"."""

HERE = Path(__file__).resolve().parent
LIBRARY = "/usr/local/lib/podnet"

# Named one by one: a stray file in the folder would change the user data, and with it replace
# every node.
CONSTANT = (
    "/etc/modules-load.d/podnet.conf",
    "/etc/sysctl.d/90-podnet.conf",
    "/etc/systemd/system/podnet-agent.service",
    "/etc/tmpfiles.d/podnet.conf",
    f"{LIBRARY}/agent.py",
    f"{LIBRARY}/setup.sh",
)


class UserDataTooLarge(ValueError):  # noqa: N818  # the name says what is wrong
    """The user data is longer than EC2 takes."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the user data has {size:,} bytes, EC2 takes at most {LIMIT:,}: "
                         f"shorten the files under {HERE.name}/files")


def render(settings: Settings) -> str:
    """The user data of every node; raises `UserDataTooLarge`."""
    written = "".join(f"- path: {path}\n  content: |\n{indent(content, '   ')}"
                      for path, content in contents(settings).items())
    # `enable` reloads systemd's units first. No waiting: cloud-init must be able to finish
    # while a package mirror is out of reach.
    text = (f"#cloud-config\nwrite_files:\n{written}"
            "runcmd:\n- [systemctl, enable, --now, --no-block, podnet-agent]\n")
    if (size := len(text.encode())) > LIMIT:
        raise UserDataTooLarge(size)
    return text


def contents(settings: Settings) -> dict[str, str]:
    """The text of every file a node receives, by its path there."""
    return {
        "/etc/podnet/node.env": node_env(settings),
        **{path: (HERE / "files" / path[1:]).read_text() for path in CONSTANT},
        f"{LIBRARY}/plan/address.py": (HERE.parent / "plan" / "address.py").read_text(),
    }


def node_env(settings: Settings) -> str:
    """The numbers of the address rule; all that sets one stack's nodes apart from another's."""
    return (f"PODNET_VPC_CIDR={settings.vpc_cidr}\n"
            f"PODNET_POD_CIDR={settings.pod_cidr}\n"
            f"PODNET_BLOCK_PREFIX={settings.pod_block_prefix}\n"
            f"PODNET_ZONES={settings.zones}\n")
