"""What each node shows: its agent, routes, tables, links and journal."""

from __future__ import annotations

import json
import shlex
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from subprocess import TimeoutExpired

from podnet.bundle.archive import MOST_BYTES, Archive
from podnet.bundle.ena import COUNTERS, allowances
from podnet.bundle.node_files import ALLOWANCES, COMMANDS, CONFLIST, CONFLISTS, FILES
from podnet.lab.home import Home
from podnet.lab.nodes.node import Node
from podnet.system.commands import CommandError

SECONDS = 20.0
"""For one command on a node."""
MOST_FAILURES = 3
"""Commands of a node that may hang, before the others are not tried."""


@dataclass(frozen=True, slots=True)
class Found:
    """An instance of the lab, and its node where one is known by a name."""

    name: str
    instance_id: str
    node: Node | None
    why_dead: str = ""


def processes(home: Home, known: list[Node]) -> Iterator[Found]:
    """Every instance that the lab's folder has; the API need not answer for it."""
    by_id = {node.instance_id: node for node in known}
    folders = sorted(home.instances.iterdir()) if home.instances.is_dir() else []
    for folder in folders:
        node = by_id.get(folder.name) or _by_process(folder)
        name = by_id[folder.name].name if folder.name in by_id else folder.name
        if node is None or not _is_of(home, folder.name, node.pid):
            yield Found(name, folder.name, None, "no process of the instance runs")
        else:
            yield Found(name, folder.name, node)


def collect(archive: Archive, found: Found, home: Home) -> None:
    """Add the files of one node; the reason for each that cannot be had."""
    folder = f"nodes/{found.name}"
    archive.attempt(
        f"{folder}/console.txt",
        "the console of its instance",
        lambda: _end(home.instances / found.instance_id / "console.log"),
    )
    node = found.node
    if node is None:
        archive.lacks(folder, "everything else of the node", found.why_dead)
        return
    for name, what, path in FILES:
        archive.attempt(f"{folder}/{name}", what, partial(_read, node, path))
    conflists = node.root / CONFLISTS
    for file in sorted(conflists.glob("*.conflist")) if conflists.is_dir() else ():
        path = f"{CONFLISTS}/{file.name}"
        archive.attempt(f"{folder}/{file.name}", CONFLIST, partial(_read, node, path))
    _run_all(archive, node, folder)


def _run_all(archive: Archive, node: Node, folder: str) -> None:
    hung = 0
    for name, what, argv in COMMANDS:
        if hung >= MOST_FAILURES:
            archive.lacks(f"{folder}/{name}", what, f"{hung} commands before it did not end")
            continue
        got = archive.attempt(f"{folder}/{name}", what, _output(node, argv, name))
        hung = 0 if got is not None else hung + 1
    archive.attempt(
        f"{folder}/allowances.json",
        ALLOWANCES,
        lambda: _allowances(node),
    )


def _output(node: Node, argv: tuple[str, ...], name: str) -> Callable[[], object]:
    def get() -> object:
        text = _run(node, *argv)
        return json.loads(text or "[]") if name.endswith(".json") else text

    return get


def _run(node: Node, *argv: str) -> str:
    """What a command prints; its error does not name how the lab enters the node."""
    try:
        return node.run(*argv, timeout=SECONDS)
    except CommandError as error:
        output = error.output or "no output"
        raise LookupError(f"`{shlex.join(argv)}` ended with {error.code}: {output}") from error
    except TimeoutExpired as error:
        raise TimeoutError(f"`{shlex.join(argv)}` did not end in {SECONDS:.0f} s") from error


def _allowances(node: Node) -> object:
    """The counters of each link whose driver is ENA's."""
    names = [link["ifname"] for link in json.loads(_run(node, "ip", "-json", "link", "show"))]
    own = [name for name in names if _driver(node, name) == "ena"]
    if not own:
        raise LookupError(f"no link of {', '.join(names)} has the driver ena, which counts them")
    found = {name: allowances(_run(node, "ethtool", "-S", name)) for name in own}
    return {"links": found, "meaning": COUNTERS}


def _driver(node: Node, link: str) -> str:
    """The driver of a link; empty for one without a device."""
    try:
        return Path(_run(node, "readlink", f"/sys/class/net/{link}/device/driver").strip()).name
    except LookupError:
        return ""


def _read(node: Node, path: str) -> str:
    """A file of the node, whose links lead to files of the node and not of this machine."""
    file = node.root
    for part in Path(path).parts:
        file /= part
        if file.is_symlink():
            raise OSError(f"/{path} is reached by a link, which is not followed")
    return _end(file)


def _end(file: Path) -> str:
    """The end of a regular file: of a log that is long, the newest."""
    with file.open("rb") as opened:
        if not stat.S_ISREG((status := file.stat()).st_mode):
            raise OSError(f"{file} is no regular file")
        opened.seek(max(0, status.st_size - MOST_BYTES))
        return opened.read(MOST_BYTES).decode(errors="replace")


def _by_process(folder: Path) -> Node | None:
    """An instance that nobody names, by its process."""
    try:
        pid = int((folder / "pid").read_text())
    except (OSError, ValueError):
        return None
    return Node(
        name=folder.name,
        instance_id=folder.name,
        pid=pid,
        address=IPv4Address(0),
        public_address=None,
    )


def _is_of(home: Home, instance_id: str, pid: int) -> bool:
    """Whether a process is of this instance: of a lab that was killed, its id may be another's."""
    try:
        text = Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False
    return f"/lab-{home.id}/{instance_id}/" in text
