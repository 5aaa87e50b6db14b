"""Capabilities that reach beyond an instance: it shares its kernel with this machine.

No namespace holds the clock, the kernel's modules, its log, raw memory and devices, or power
management (capabilities(7), namespaces(7)).
"""

from __future__ import annotations

OF_THE_MACHINE = (
    "sys_time",
    "wake_alarm",
    "sys_module",
    "sys_rawio",
    "syslog",
    "block_suspend",
    "mac_admin",
    "mac_override",
)
"""What neither an instance nor a command in it has."""
OF_PROCESS_1 = ("sys_boot", "mknod")
"""What only processes of the instance itself have: systemd restarts it by reboot(2), which in a
process namespace ends that alone (pid_namespaces(7)), and a container runtime makes the nodes of
/dev/null and its like. A command from outside could load another kernel for this machine by the
one, and open its disks by the other."""


def nspawn_option() -> str:
    """The option of systemd-nspawn(1) that keeps the machine's capabilities from an instance."""
    return "--drop-capability=" + ",".join(f"CAP_{name.upper()}" for name in OF_THE_MACHINE)


def confined(*argv: str) -> tuple[str, ...]:
    """The command, run by root of this machine, without what must not reach an instance.

    It is run on this machine's side of nsenter(1): from a bounding set without them, no program
    that is executed later gets them back.
    """
    dropped = ",".join(f"-{name}" for name in (*OF_THE_MACHINE, *OF_PROCESS_1))
    return ("setpriv", f"--inh-caps={dropped}", f"--bounding-set={dropped}", "--", *argv)
