"""The state machine of one instance: its disk, its boots and how each ends."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from podnet.lab.cloud.instances.cgroups import Cgroups
from podnet.lab.host.confinement import nspawn_option
from podnet.lab.images.root import Root
from podnet.system.files import write_atomically

LOG = logging.getLogger("podnet.lab.cloud.instances")

SCRIPT = Path(__file__).parent / "boot.sh"
# Everything in it ends with its parent.
ISOLATION = (
    *("setpriv", "--pdeathsig", "KILL", "--"),
    *("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--"),
    *(sys.executable, "-I", "-S", str(Path(__file__).parent / "no_disks.py")),
)
# The signals for process 1 to power off or to restart (systemd(1), "Signals").
POWER_OFF = signal.SIGRTMIN + 4
RESTART = signal.SIGRTMIN + 5
# nspawn's exit code when the instance restarts itself.
RESTARTED = 133
GRACE_SECONDS = 10
KILL_SECONDS = 5
# An instance that dies as it boots is tried again, but not in a tight loop.
RETRY_SECONDS = 2

WATCHERS = Path("/proc/sys/fs/inotify/max_user_instances")
WATCHERS_NEEDED = 8192
"""A node of a cluster has about 40, and kernels begin with 128 for all of them."""


class State(StrEnum):
    """The state of the machine, whatever the API says it should be."""

    OFF = "off"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    REBOOTING = "rebooting"
    HALTED = "halted"
    """It powered itself off, of which the API does not know yet."""
    FAILED = "failed"


@dataclass(slots=True)
class Machine:
    """One instance; only the thread that constructed it may call its methods."""

    folder: Path
    image: Root
    cgroups: Cgroups
    on_exit: Callable[[], None]
    """Called from another thread when the instance ends."""
    state: State = State.OFF
    error: str | None = None
    pid: int | None = None
    """Process 1 of the instance."""
    _nspawn: subprocess.Popen[bytes] | None = None
    _deadline: float = field(default=0.0)

    @property
    def name(self) -> str:
        """The instance's id."""
        return self.folder.name

    @property
    def console(self) -> Path:
        """What the instance wrote to its console, over all its boots."""
        return self.folder / "console.log"

    @property
    def waits(self) -> bool:
        """Whether time alone may change the state."""
        return self.state in (State.STARTING, State.STOPPING, State.REBOOTING, State.FAILED)

    def boot(self, namespace: str) -> None:
        """Start the instance with the `eth0` of this network namespace.

        Must be called by the main thread: the kernel kills the instance when the thread that
        started it ends.
        """
        for part in ("upper", "work", "root", "hypervisor"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        # cloud-init recognises EC2 by this file (ds-identify, "ec2_identify_platform").
        digits = self.name.removeprefix("i-").rjust(17, "0")[-17:]
        (self.folder / "hypervisor/uuid").write_text(
            f"ec2{digits[:5]}-{digits[5:9]}-4000-8000-{digits[9:].rjust(12, '0')}\n"
        )
        # No group of the boot before may stay: a kubelet would take it for a container.
        self.cgroups.drop(self.name)
        groups = self.cgroups.make(self.name, kubelet=self.image.kubelet)
        if self.image.kubelet:
            raise_watch_limit()
        with self.console.open("ab") as console:
            layers = ":".join(map(str, self.image.layers))
            kubelet = "kubelet" if self.image.kubelet else ""
            arguments = [namespace, layers, str(self.folder), kubelet, nspawn_option()]
            arguments += map(str, groups)
            process = subprocess.Popen(
                [*ISOLATION, "sh", str(SCRIPT), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._nspawn = process
        self.state = State.STARTING

        def watch() -> None:
            process.wait()
            self.on_exit()

        threading.Thread(target=watch, daemon=True).start()

    def stop(self) -> None:
        """Ask the instance to power off; after ten seconds it is killed."""
        if self.state is State.HALTED:
            self.state = State.OFF
        self._signal(POWER_OFF, State.STOPPING)

    def reboot(self) -> None:
        """Ask the instance to restart; after ten seconds it is killed."""
        self._signal(RESTART, State.REBOOTING)

    def poll(self) -> None:
        """Update the state by what happened since the last call."""
        if self._nspawn is None:
            if self.state is State.FAILED and time.monotonic() > self._deadline:
                self.state = State.OFF
            return
        code = self._nspawn.poll()
        if code is not None:
            self._ended(code)
        elif self.state is State.STARTING:
            self._find_process_1()
        elif self.state in (State.STOPPING, State.REBOOTING) and time.monotonic() > self._deadline:
            self._kill()

    def destroy(self) -> None:
        """End the instance at once and remove its disk."""
        if self._nspawn is not None:
            self._kill()
            try:
                self._nspawn.wait(KILL_SECONDS)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()
            self._forget()
        self.cgroups.drop(self.name)
        shutil.rmtree(self.folder)
        self.state = State.OFF

    def _signal(self, number: int, state: State) -> None:
        # Without a process 1 nothing receives the signal: the next pass tries again.
        if self.state is State.RUNNING and self.pid is not None:
            os.kill(self.pid, number)
            self.state = state
            self._deadline = time.monotonic() + GRACE_SECONDS

    def _kill(self) -> None:
        """End process 1, so that nspawn lives to give the network interface back."""
        self._find_process_1()
        target = self.pid or (self._nspawn.pid if self._nspawn else None)
        if target is not None:
            with suppress(ProcessLookupError):
                os.kill(target, signal.SIGKILL)

    def _ended(self, code: int) -> None:
        before = self.state
        self._forget()
        if before is State.STOPPING:
            self.state = State.OFF
        elif before is State.REBOOTING or code == RESTARTED:
            self.state = State.OFF  # and as it should run, it is booted again
        elif code == 0 and before is State.RUNNING:
            self.state = State.HALTED
        else:
            self.state = State.FAILED
            self.error = f"ended with {code}: {_tail(self.console)}"
            LOG.warning("%s %s", self.name, self.error)
            self._deadline = time.monotonic() + RETRY_SECONDS

    def _forget(self) -> None:
        self._nspawn = None
        self.pid = None
        (self.folder / "pid").unlink(missing_ok=True)

    def _find_process_1(self) -> None:
        if self._nspawn is None or self.pid is not None:
            return
        pid = _process_1(self._nspawn.pid)
        if pid is not None:
            write_atomically(self.folder / "pid", f"{pid}\n")
            self.pid = pid
            self.state, self.error = State.RUNNING, None


def _process_1(ancestor: int) -> int | None:
    """The descendant that is process 1 of a namespace and no longer nspawn itself."""
    try:
        children = Path(f"/proc/{ancestor}/task/{ancestor}/children").read_text().split()
        for child in map(int, children):
            process = Path(f"/proc/{child}")
            inner = (process / "status").read_text().partition("\nNSpid:")[2].split("\n")[0].split()
            if inner[-1] == "1" and (process / "comm").read_text() == "systemd\n":
                return child
            if found := _process_1(child):
                return found
    except FileNotFoundError:
        return None
    return None


def raise_watch_limit() -> None:
    """Raise the kernel's limit on users of inotify to what kubelets need; never lower it.

    It counts by user over the whole machine, and every instance's root is this machine's.
    """
    if int(WATCHERS.read_text()) < WATCHERS_NEEDED:
        WATCHERS.write_text(str(WATCHERS_NEEDED))


def _tail(console: Path) -> str:
    lines = console.read_text(errors="replace").splitlines()[-3:]
    return " / ".join(line.strip() for line in lines) or "nothing on its console"
