"""Starts and ends the virtual machine of a lab, from any process, whatever state it was left in."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from podnet.errors import UserError
from podnet.lab.home import PROJECT, Home
from podnet.lab.host import background, build_once
from podnet.lab.machine import memory
from podnet.lab.machine.boot import bytecode, initrd
from podnet.lab.machine.hypervisors import qemu
from podnet.lab.machine.hypervisors.machine import HOW, Hypervisor
from podnet.lab.machine.hypervisors.user_mode import MEMORY
from podnet.lab.machine.kernels import debian, user_mode
from podnet.lab.machine.kernels.kernel import Kernel, Kind
from podnet.lab.machine.supervisor import CONSOLE, KVM_SECONDS, ROOT, Plan
from podnet.system.progress import Progress
from podnet.system.waiting import wait_until

BOOT_SECONDS = 120.0
END_SECONDS = 10.0
POLL = 0.1
LOG = "machine.log"
TAIL = 40
"""Lines of a console: a panic alone has some twenty."""
MOST_PROCESSORS = 4
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--")
"""As in `podnet.lab.host.bound`, but with this machine's procfs: by that the supervisor knows its
own number here."""
PACKAGES: Mapping[Kind, Mapping[Path, str]] = {
    Kind.DEBIAN: {
        qemu.QEMU: "qemu-system-x86",
        qemu.VIRTIOFSD: "qemu-system-x86",
        initrd.BUSYBOX: "busybox-static",
        Path("/sbin/depmod"): "kmod",
    },
    Kind.USER_MODE: {
        initrd.BUSYBOX: "busybox-static",
        **{Path("/usr/bin") / tool: tool for tool in ("bc", "bison", "flex", "gcc", "make")},
        Path("/usr/bin/xz"): "xz-utils",
    },
}
HYPERVISORS: Mapping[Kind, Sequence[Hypervisor]] = {
    Kind.DEBIAN: (Hypervisor.KVM, Hypervisor.TCG),
    Kind.USER_MODE: (Hypervisor.USER_MODE,),
}
"""Those to try, in this order."""
SOURCES = {Kind.DEBIAN: debian.ensure, Kind.USER_MODE: user_mode.ensure}


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """A virtual machine that is ready."""

    release: str
    """Of its kernel."""
    hypervisor: Hypervisor
    remark: str
    """Why it is emulated, where it is."""
    megabytes: int

    def __str__(self) -> str:
        remark = f": {self.remark}" if self.remark else ""
        return f"Linux {self.release} {HOW[self.hypervisor]} ({self.megabytes} MB{remark})"


def declared(home: Home) -> Kind | None:
    """The kernel of this lab's virtual machine, also of one that has ended; None without one."""
    try:
        return Kind((home.machine / "kernel").read_text())
    except FileNotFoundError:
        return None


def running(home: Home) -> Running | None:
    """The virtual machine of this lab; None where none runs, or none is ready yet."""
    if _pid(home) is None:
        return None
    try:
        said = json.loads((home.machine / "ready.json").read_text())
    except FileNotFoundError:
        return None
    return Running(**{**said, "hypervisor": Hypervisor(said["hypervisor"])})


def require_running(home: Home) -> Running:
    """The virtual machine of this lab; raises `UserError` where it has ended."""
    found = running(home)
    if found is None:
        raise UserError(
            "the virtual machine of this lab has ended, and what it held is gone with it; the end "
            f"of its console:\n{_console(home)}\n`podnet up` starts another, `podnet down` clears "
            "alone",
            rule="machine-dead",
        )
    return found


def require_root() -> None:
    """Raise `UserError` where this process is not root's, who alone may bind and share folders."""
    if os.geteuid() != 0:
        raise UserError(
            "the virtual machine of a lab needs root: it binds and shares this machine's folders; "
            "run it with sudo",
            rule="machine-needs-root",
        )


def require_packages(kind: Kind) -> None:
    """Raise `UserError` where this machine lacks a program that a lab on this kernel needs."""
    lacking = sorted({name for file, name in PACKAGES[kind].items() if not file.exists()})
    if lacking:
        raise UserError(
            f"a lab on the kernel {kind} needs the Debian packages {', '.join(lacking)}; "
            "`scripts/setup kernel` installs them",
            rule="machine-packages-missing",
        )


def start(home: Home, kind: Kind, note: Progress) -> Running:
    """The virtual machine of this lab, started with this kernel unless it runs.

    What a dead one left is cleared first. Raises `UserError` with the end of its console.
    """
    with _locked(home):
        if found := running(home):
            return found
        require_packages(kind)
        megabytes = _megabytes(kind)
        _end(home)
        kernel = SOURCES[kind](note)
        note("compiling Python's files")
        bytecode.ensure()
        home.machine.mkdir(exist_ok=True)
        try:
            (home.machine / "kernel").write_text(kind)
            _write_plan(home, kernel, HYPERVISORS[kind], megabytes)
            note(f"booting Linux {kernel.release} with {megabytes} MB")
            _await(home, _spawn(home))
        except BaseException:
            _end(home)
            raise
    return require_running(home)


def end(home: Home) -> None:
    """End the virtual machine of this lab, and remove its files."""
    if home.directory.exists():
        with _locked(home):
            _end(home)


def _megabytes(kind: Kind) -> int:
    if kind is not Kind.USER_MODE:
        return memory.megabytes()
    free = build_once.free_megabytes(MEMORY)
    return min(memory.megabytes(), memory.held_by(MEMORY, free))


def _pid(home: Home) -> int | None:
    """The number of the supervisor; None where it does not hold the lock of its file."""
    try:
        with (home.machine / "pid").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        text = (home.machine / "pid").read_text()
        return int(text) if text else None
    return None


def _end(home: Home) -> None:
    pid = _pid(home)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            process = os.pidfd_open(pid)
            try:
                # The lock is still held, so the number is still that of the process that wrote it.
                if _pid(home) == pid:
                    signal.pidfd_send_signal(process, signal.SIGKILL)
                background.ends_within(process, END_SECONDS)
            finally:
                os.close(process)
        wait_until(lambda: _pid(home) is None, END_SECONDS, POLL)
    if home.machine.exists():
        # Mounts that a lab's namespace has here are in no other, and gone with it.
        shutil.rmtree(home.machine)


def _write_plan(
    home: Home, kernel: Kernel, hypervisors: Sequence[Hypervisor], megabytes: int
) -> None:
    processors = min(MOST_PROCESSORS, os.cpu_count() or 1)
    names = {}
    for hypervisor in hypervisors:
        names[str(hypervisor)] = f"initrd.{hypervisor}"
        settings = _settings(home, kernel, hypervisor)
        (home.machine / names[hypervisor]).write_bytes(initrd.build(kernel, settings))
    plan = Plan(
        kernel=str(kernel.image),
        release=kernel.release,
        modules=str(kernel.modules) if kernel.modules else None,
        checkout=str(PROJECT),
        megabytes=megabytes,
        processors=processors,
        seconds=BOOT_SECONDS,
        initrds=names,
    )
    (home.machine / "plan.json").write_text(json.dumps(asdict(plan)))


def _settings(home: Home, kernel: Kernel, hypervisor: Hypervisor) -> dict[str, str]:
    """What the machine's first script has to know."""
    large = [place for place in (home.image, PROJECT / ".venv") if place.is_dir()]
    return {
        "CHECKOUT": str(PROJECT),
        "CACHED": "\n".join(str(place) for place in large if not place.is_symlink()),
        "LAB": str(home.directory.resolve()),
        "RELEASE": kernel.release,
        "HYPERVISOR": hypervisor,
        "NAME": f"lab-{home.id}",
        "PYTHON": sys.executable,
        "BYTECODE": str(bytecode.place()),
        # Where a kernel in user mode, which sees this machine's files, finds those that are shared.
        "ROOT": str(home.machine.resolve() / ROOT),
    }


def _spawn(home: Home) -> int:
    folder = str(home.machine.resolve())
    supervisor = (*NAMESPACES, sys.executable, "-m", "podnet.lab.machine", folder)
    return background.start(supervisor, home.machine / LOG)


def _await(home: Home, life: int) -> None:
    limit = time.monotonic() + BOOT_SECONDS * 2 + KVM_SECONDS
    try:
        while running(home) is None:
            if background.ends_within(life, POLL) or time.monotonic() > limit:
                said = background.tail(home.machine / LOG, TAIL)
                raise UserError(
                    f"the virtual machine did not get as far as podnet; it says:\n{said}\nand the "
                    f"end of its console is:\n{_console(home)}",
                    rule="machine-starts",
                )
    finally:
        os.close(life)


def _console(home: Home) -> str:
    return background.tail(home.machine / CONSOLE, TAIL)


@contextlib.contextmanager
def _locked(home: Home) -> Iterator[None]:
    path = home.machine_lock
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
