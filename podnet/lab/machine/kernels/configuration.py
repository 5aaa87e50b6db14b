"""What a kernel in user mode is configured with: what Debian's for clouds has, all of it built in.

Its architecture has no devices and no modules of nodes, so what is taken over is what pods and the
lab can see: networking, control groups, namespaces, overlays.
"""

from __future__ import annotations

import re

LINE = re.compile(r"^CONFIG_(\w+)=(\S+)$", re.MULTILINE)
TAKEN = re.compile(
    r"AIO|BINFMT|BONDING|BPF|BRIDGE|CFS_BANDWIDTH|CGROUP|CHECKPOINT|CONFIGFS|DUMMY|EPOLL|EVENTFD"
    r"|FAIR_GROUP|FANOTIFY|FHANDLE|FUSE_FS|FUTEX|GENEVE|HIGH_RES|IFB|INET|INOTIFY|IO_URING|IPC_NS"
    r"|IPV6|IPVLAN|IP6?_|KEYS|MACVLAN|MEMBARRIER|MEMCG|MEMFD|NAMESPACES|NETFILTER|NETLINK"
    r"|NET_(ACT|CLS|EMATCH|FOU|IP|L3|NS|SCH|SCHED|UDP|VRF)|NFT?_|NLMON|OPENVSWITCH|OVERLAY_FS"
    r"|PACKET|PID_NS|POSIX|PROC|PSI|SECCOMP|SHMEM|SIGNALFD|SOCK_CGROUP|SYN_COOKIES|SYSCTL|SYSVIPC"
    r"|TCP_|TIMERFD|TMPFS|TUN|UNIX|USER_NS|UTS_NS|VETH|VLAN_8021Q|VXLAN|WIREGUARD|XFRM"
)
"""How the names of those options begin."""
LEFT = re.compile(r"ATM|BPFILTER|BPF_LSM|BPF_PRELOAD|BTF|CAN|DCCP|DEBUG|MIP6|SCTP|SUNRPC|TIPC")
"""Protocols and devices that nothing here uses, and what needs more to be built with."""
OWN = {
    "BLK_DEV_INITRD": "y",
    "DEBUG_INFO_NONE": "y",
    "DEVTMPFS": "y",
    "EXPERT": "y",
    "HOSTFS": "y",
    "IKCONFIG": "y",
    "IKCONFIG_PROC": "y",
    "MCONSOLE": "n",
    "MODULES": "n",
}
"""Folders of this machine, and how the kernel shows its configuration (/proc/config.gz)."""
RULES = (TAKEN.pattern, LEFT.pattern, tuple(OWN.items()))
"""All that decides which options are set."""


def fragment(cloud: str, local_version: str) -> str:
    """The options to set beside the architecture's defaults.

    `cloud` is the configuration of Debian's kernel for clouds; `local_version` ends the release.
    """
    taken = {
        name: "y" if value == "m" else value
        for name, value in LINE.findall(cloud)
        if TAKEN.match(name) and not LEFT.search(name)
    }
    options = {**taken, **OWN, "LOCALVERSION": f'"{local_version}"'}
    return "".join(f"CONFIG_{name}={value}\n" for name, value in options.items())


def lacking(wanted: str, built: str) -> list[str]:
    """Options of a fragment that a configuration does not have as it wants them."""
    have = dict(LINE.findall(built))
    return [name for name, value in LINE.findall(wanted) if have.get(name, "n") != value]
