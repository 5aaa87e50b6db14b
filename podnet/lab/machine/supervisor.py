"""The process that is a lab's virtual machine: it starts all parts, and ends them with itself.

It is the first process of a PID namespace, so whatever ends it ends all parts, and it has mounts of
its own, which go with it.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from podnet.lab.machine import shares
from podnet.lab.machine.hypervisors import qemu, user_mode
from podnet.lab.machine.hypervisors.machine import Hypervisor, Machine, Part, Share
from podnet.system.files import write_atomically
from podnet.system.netns import file_limit

CONSOLE = "console.log"
ROOT = "root"
READY = "podnet: ready"
BEGUN = "podnet: kernel"
POLL = 0.1
KVM = Path("/dev/kvm")
KVM_SECONDS = 10.0
"""A guest that KVM runs boots in a second; where KVM is offered and does not work, it hangs."""
START: Mapping[Hypervisor, Callable[[Machine], list[Part]]] = {
    Hypervisor.KVM: qemu.start,
    Hypervisor.TCG: qemu.start,
    Hypervisor.USER_MODE: user_mode.start,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to start, as `podnet.lab.machine.lifecycle` writes it down."""

    kernel: str
    release: str
    modules: str | None
    checkout: str
    megabytes: int
    processors: int
    seconds: float
    """How long a boot may take."""
    initrds: Mapping[str, str]
    """One for each hypervisor to try, since it says by which one it was booted."""


def main(folder: Path) -> None:
    """Run the machine of this folder until a part of it ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    file_limit()  # who serves folders keeps a file open for each that the machine knows
    os.chdir(folder)
    plan = Plan(**json.loads(Path("plan.json").read_text()))
    life = _hold(Path("pid"))
    root = Path(ROOT).resolve()
    root.mkdir(exist_ok=True)
    shares.bind(shares.mounted(Path("/proc/self/mountinfo").read_text()), root)
    hypervisor, remark, parts = _boot(plan, root)
    ready = {
        "release": plan.release,
        "hypervisor": hypervisor,
        "remark": remark,
        "megabytes": plan.megabytes,
    }
    write_atomically(Path("ready.json"), json.dumps(ready))
    pids = {part.pid for part in parts}
    while True:
        pid, status = os.wait()
        if pid in pids:
            say(f"a part of the machine ended with status {status}: {_name(parts, pid)}")
            os.close(life)
            sys.exit(1)


def _hold(file: Path) -> int:
    """Lock the file that says that the machine lives, and write this process into it.

    In a namespace of its own, only procfs of this machine says by which number others know it.
    """
    life = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(life, fcntl.LOCK_EX)
    os.ftruncate(life, 0)
    os.pwrite(life, str(Path("/proc/self").readlink()).encode(), 0)
    return life


def _boot(plan: Plan, root: Path) -> tuple[Hypervisor, str, list[Part]]:
    """Who runs the machine, a remark on that, and its parts."""
    if Hypervisor.USER_MODE in plan.initrds:
        return Hypervisor.USER_MODE, "", _booted(plan, root, Hypervisor.USER_MODE)
    remark = f"there is no {KVM}"
    if os.access(KVM, os.R_OK | os.W_OK):
        parts = _start(plan, root, Hypervisor.KVM)
        if _await(parts, BEGUN, KVM_SECONDS) and _await(parts, READY, plan.seconds):
            return Hypervisor.KVM, "", parts
        remark = f"{KVM} is there, and no guest starts on it within {KVM_SECONDS:.0f} s"
        say(remark)
        for part in parts:
            part.kill()
            part.wait()
    return Hypervisor.TCG, remark, _booted(plan, root, Hypervisor.TCG)


def _booted(plan: Plan, root: Path, hypervisor: Hypervisor) -> list[Part]:
    parts = _start(plan, root, hypervisor)
    if not _await(parts, READY, plan.seconds):
        over = [part.args for part in parts if part.poll() is not None]
        say(f"ended before the machine was ready: {over}" if over else "not ready in time")
        sys.exit(1)
    return parts


def _start(plan: Plan, root: Path, hypervisor: Hypervisor) -> list[Part]:
    Path(CONSOLE).write_bytes(b"")
    folders = {Share.ROOT: root, Share.CHECKOUT: root / Path(plan.checkout).relative_to("/")}
    if plan.modules:
        folders[Share.MODULES] = Path(plan.modules)
    return START[hypervisor](
        Machine(
            kernel=Path(plan.kernel),
            initrd=plan.initrds[hypervisor],
            console=CONSOLE,
            hypervisor=hypervisor,
            megabytes=plan.megabytes,
            processors=plan.processors,
            folders=folders,
        )
    )


def _await(parts: list[Part], text: str, seconds: float) -> bool:
    """Whether the console says the text before the time is over, or a part ends."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit and all(part.poll() is None for part in parts):
        if text in Path(CONSOLE).read_text(errors="replace"):
            return True
        time.sleep(POLL)
    return False


def _name(parts: list[Part], pid: int) -> str:
    return next(str(part.args) for part in parts if part.pid == pid)


def say(text: str) -> None:
    """Write a line into the machine's log."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
