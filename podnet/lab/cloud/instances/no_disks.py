"""Runs a command that, like all it starts, can make no block device: an instance of the lab.

A container runtime in the instance needs CAP_MKNOD, and with it root could open every disk of this
machine. The controller of devices is no way out: where control groups are not unified, it refuses
privileged containers once a group above them lacks a device. Usage: no_disks.py COMMAND...

Standard library only, run by its path: an instance should not wait for imports.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys

# seccomp.h of libseccomp, which systemd-nspawn is linked with
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
MASKED_EQUAL = 7
CONTROLS_NO_NEW_PRIVILEGES = 3
ARCHITECTURES = {"x86_64": (b"x86", b"x32"), "aarch64": (b"arm",)}
"""Other architectures whose programs the kernel runs."""
MODE_OF = {b"mknod": 1, b"mknodat": 2}
"""Position of the mode among the arguments of the system calls."""


class Comparison(ctypes.Structure):
    """`scmp_arg_cmp`: a condition on an argument."""

    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("mask", ctypes.c_uint64),
        ("value", ctypes.c_uint64),
    )


def forbid() -> None:
    """Refuse mknod(2) of block devices with EPERM, for this process and its children."""
    library = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    library.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.seccomp_init(ctypes.c_uint32(ALLOW)))
    # Programs that set the user id, as sudo does, still may: root needs no such promise.
    _checked(library.seccomp_attr_set(context, CONTROLS_NO_NEW_PRIVILEGES, ctypes.c_uint32(0)))
    for name in ARCHITECTURES.get(os.uname().machine, ()):
        token = ctypes.c_uint32(library.seccomp_arch_resolve_name(name))
        _checked(library.seccomp_arch_add(context, token))
    for name, position in MODE_OF.items():
        number = library.seccomp_syscall_resolve_name(name)
        condition = Comparison(position, MASKED_EQUAL, stat.S_IFMT(0o177777), stat.S_IFBLK)
        refuse = ctypes.c_uint32(ERRNO | errno.EPERM)
        _checked(
            library.seccomp_rule_add_array(context, refuse, number, 1, ctypes.byref(condition))
        )
    _checked(library.seccomp_load(context))
    library.seccomp_release(context)


def _checked(result: int) -> None:
    if result < 0:
        raise OSError(-result, f"no filter of system calls: {os.strerror(-result)}")


if __name__ == "__main__":
    forbid()
    os.execvp(sys.argv[1], sys.argv[1:])
