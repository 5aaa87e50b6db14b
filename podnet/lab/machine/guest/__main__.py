"""The machine's first process: serves its ports, and reaps what has lost its parent."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from podnet.lab.machine.guest.session import opened, serve

PORTS = Path("/sys/class/virtio-ports")
LINE = re.compile(r"\bssl(\d+)=fd:")
"""A serial line of a kernel in user mode that leads out, in its command line."""
MODULES = ("br_netfilter", "nf_conntrack", "tun")
"""What the lab needs and nothing loads by itself: folders of sysctls, and a device."""
LOADED = Path("/proc/modules")
"""There is none where all is built in."""
CONTROLLERS = Path("/sys/fs/cgroup/cgroup.subtree_control")
"""What a lab's control groups can decide; by processor time its cloud goes before its instances."""
READY = "podnet: ready"
"""What the console says when commands can run; `podnet.lab.machine.supervisor` waits for it."""


def main() -> None:
    """Serve until the machine ends."""
    for module in MODULES if LOADED.exists() else ():
        subprocess.run(["modprobe", module], check=True)
    CONTROLLERS.write_text("+cpu")
    # What is sent to a serial line before it is open is not noticed until more follows.
    found = [opened(device) for device in ports()]
    servers = {_serving(port): port for port in found}
    sys.stdout.write(f"{READY}, {len(servers)} ports\n")
    sys.stdout.flush()
    while True:
        try:
            pid, _ = os.wait()
        except ChildProcessError:
            time.sleep(1)
            continue
        if pid in servers:
            port = servers.pop(pid)
            servers[_serving(port)] = port


def ports(folder: Path = PORTS, arguments: Path = Path("/proc/cmdline")) -> list[Path]:
    """The devices of the ports that belong to commands."""
    if lines := LINE.findall(arguments.read_text()):
        return [Path("/dev") / f"ttyS{number}" for number in lines]
    return sorted(
        Path("/dev") / port.name
        for port in folder.iterdir()
        if (port / "name").exists() and (port / "name").read_text().startswith("podnet.")
    )


def _serving(port: int) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        serve(port)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
