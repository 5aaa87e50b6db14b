"""Python's compiled files for the virtual machine: under emulation, compiling takes minutes."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

from podnet.lab.home import PROJECT
from podnet.lab.machine.kernels.kernel import folder
from podnet.system.commands import run

OWN = ("podnet", "podnet/components", "podnet/userdata")
"""Folders of our own code; two of them are links, by whose names they are imported."""
LIBRARIES = ("cryptography", "flask", "jinja2", "moto/core", "moto/ec2", "moto/moto_server", "rich")
"""Packages that load parts of themselves late."""
LOADED = """
import importlib, pkgutil
import podnet.lab.cloud.api.emulator
backends = importlib.import_module("moto.backends")
for name in ("ec2", "iam", "ssm", "sts", "logs", "servicequotas"):
    backends.get_backend(name)
import podnet.lab, podnet.cli, podnet.components
for parent in (podnet.lab, podnet.cli, podnet.components):
    for module in pkgutil.walk_packages(parent.__path__, f"{parent.__name__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
import runpy
importlib.import_module("moto.server")
"""
"""Loads what commands and the lab's cloud load, by which Python writes it compiled."""


def place() -> Path:
    """The folder that stands in for all folders `__pycache__` (PYTHONPYCACHEPREFIX)."""
    return folder().with_name("bytecode")


def ensure() -> Path:
    """The folder, with what has changed compiled again."""
    found = place()
    found.mkdir(parents=True, exist_ok=True)
    environment = {"PYTHONPYCACHEPREFIX": str(found), "PYTHONPATH": str(PROJECT)}
    settings = [f"{name}={value}" for name, value in environment.items()]
    folders = [str(PROJECT / name) for name in OWN]
    folders += [str(Path(sysconfig.get_path("purelib")) / name) for name in LIBRARIES]
    prefix = ["env", "-u", "PYTHONDONTWRITEBYTECODE", *settings, sys.executable]
    run(*prefix, "-c", LOADED)
    run(*prefix, "-m", "compileall", "-q", *folders)
    return found


def environment() -> dict[str, str]:
    """What a command in the machine needs to find its code and the compiled files."""
    return {
        "PYTHONPATH": os.pathsep.join(
            [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH", "")])]
        ),
        "PYTHONPYCACHEPREFIX": str(place()),
    }
