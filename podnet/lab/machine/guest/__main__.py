"""The machine's first process: serves its ports, and reaps what has lost its parent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from podnet.lab.machine.guest.session import serve

PORTS = Path("/sys/class/virtio-ports")
MODULES = ("br_netfilter", "nf_conntrack", "tun")
"""What the lab needs and nothing loads by itself: folders of sysctls, and a device."""
CONTROLLERS = Path("/sys/fs/cgroup/cgroup.subtree_control")
"""What a lab's control groups can decide; by processor time its cloud goes before its instances."""
READY = "podnet: ready"
"""What the console says when commands can run; `podnet.lab.machine.supervisor` waits for it."""


def main() -> None:
    """Serve until the machine ends."""
    for module in MODULES:
        subprocess.run(["modprobe", module], check=True)
    CONTROLLERS.write_text("+cpu")
    servers = {_serving(device): device for device in ports()}
    sys.stdout.write(f"{READY}, {len(servers)} ports\n")
    sys.stdout.flush()
    while True:
        try:
            pid, _ = os.wait()
        except ChildProcessError:
            time.sleep(1)
            continue
        if device := servers.pop(pid, None):
            servers[_serving(device)] = device


def ports(folder: Path = PORTS) -> list[Path]:
    """The devices of the ports that belong to commands."""
    return sorted(
        Path("/dev") / port.name
        for port in folder.iterdir()
        if (port / "name").exists() and (port / "name").read_text().startswith("podnet.")
    )


def _serving(device: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        serve(device)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main()
