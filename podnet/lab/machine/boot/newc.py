"""Archives that a kernel unpacks as its first file system.

The format is `newc` of Documentation/driver-api/early-userspace/buffer-format.rst in Linux 6.1.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"070701"
END = "TRAILER!!!"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One file or folder of an archive."""

    name: str
    mode: int
    """Kind and permissions, as in `st_mode`."""
    content: bytes = b""


def folder(name: str) -> Entry:
    """A folder."""
    return Entry(name=name, mode=stat.S_IFDIR | 0o755)


def file(name: str, content: bytes, mode: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(name=name, mode=stat.S_IFREG | mode, content=content)


def link(name: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(name=name, mode=stat.S_IFLNK | 0o777, content=target.encode())


def archive(entries: list[Entry]) -> bytes:
    """The archive of these entries; a folder comes before what is in it."""
    parts = [*_numbered(entries), _entry(0, Entry(name=END, mode=0))]
    return b"".join(parts)


def _numbered(entries: list[Entry]) -> Iterator[bytes]:
    for number, entry in enumerate(entries, start=1):
        yield _entry(number, entry)


def _entry(number: int, entry: Entry) -> bytes:
    name = entry.name.encode() + b"\0"
    links = 1
    # ino, mode, uid, gid, nlink, mtime, filesize, dev and rdev by major and minor, namesize, check.
    fields = (number, entry.mode, 0, 0, links, 0, len(entry.content), 0, 0, 0, 0, len(name), 0)
    head = MAGIC + b"".join(f"{field:08X}".encode() for field in fields) + name
    return _padded(head) + _padded(entry.content)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
