"""The agent of a probe as one zip file that a Python interpreter runs by itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import podnet

MODULES = (
    "podnet/__init__.py",
    "podnet/errors.py",
    "podnet/probe/__init__.py",
    "podnet/probe/agent.py",
    "podnet/probe/asking.py",
    "podnet/probe/endpoint.py",
    "podnet/probe/exchange.py",
    "podnet/probe/matrix.py",
    "podnet/probe/on_node.py",
    "podnet/probe/questions.py",
    "podnet/probe/reasons.py",
    "podnet/probe/receiver.py",
    "podnet/probe/wire.py",
    "podnet/system/__init__.py",
    "podnet/system/cni.py",
    "podnet/system/files.py",
    "podnet/system/interfaces.py",
    "podnet/system/netns.py",
    "podnet/system/waiting.py",
)
"""What the agent imports, all of it; a test runs the file without anything else."""
START = "import sys\nfrom podnet.probe.agent import main\nsys.exit(main())\n"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip file can hold: the same modules make the same file."""


def bundle() -> bytes:
    """The zip file; `python3 FILE` runs the agent."""
    return zipped(MODULES, START)


def zipped(modules: Iterable[str], start: str) -> bytes:
    """Modules of podnet in a zip file that runs `start`; the same ones make the same file."""
    root = Path(podnet.__file__).parents[1]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in modules:
            content = (root / name).read_bytes()
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("__main__.py", EPOCH), start)
    return packed.getvalue()
