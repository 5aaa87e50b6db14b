"""A running instance as the lab reaches it: through the namespaces of its first process."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from podnet.lab.host.confinement import confined
from podnet.system.commands import run

BOOT_ID = "/proc/sys/kernel/random/boot_id"


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """One running instance."""

    name: str
    instance_id: str
    pid: int
    """Process id, on this machine, of the instance's own process 1."""
    address: IPv4Address
    public_address: IPv4Address | None
    files: str = ""
    """Digest of the release that it is to run, by its tag; empty without the tag."""

    @property
    def root(self) -> Path:
        """The instance's file system as seen from this machine."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def netns(self) -> Path:
        """The instance's network namespace."""
        return Path(f"/proc/{self.pid}/ns/net")

    @property
    def boot_id(self) -> str:
        """The kernel's identifier of the present boot, another one after every boot.

        Read inside the instance: systemd-nspawn draws one for each of its boots.
        """
        return self.run("cat", BOOT_ID).strip()

    def run(self, *argv: str, stdin: str | None = None, timeout: float | None = None) -> str:
        """Run a command inside the instance and return its standard output."""
        return run(*self.command(*argv), stdin=stdin, timeout=timeout)

    def command(self, *argv: str) -> tuple[str, ...]:
        """The command that, run on this machine, runs `argv` inside the instance, confined."""
        return confined("nsenter", "--target", str(self.pid), "--all", "--", *argv)
