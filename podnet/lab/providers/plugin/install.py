"""Puts a plugin where the Pulumi CLI finds it: into a Pulumi home of the lab's own."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

from podnet.system.files import write_atomically

PROJECT = Path(__file__).resolve().parents[4]


def install(pulumi_home: Path, package: str, module: str, *arguments: str) -> Path:
    """Write the executable for a package, whose `main` a module has; its path.

    `main` takes the version and the `arguments`.

    The CLI asks for the plugin of the very version of the SDK, so the file says that version. A
    lone executable is enough: beside a PulumiPlugin.yaml it would be run in another way.
    """
    number = version(f"pulumi_{package}")
    folder = pulumi_home / "plugins" / f"resource-{package}-v{number}"
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / f"pulumi-resource-{package}"
    text = (
        f"#!{sys.executable}\n"
        f"import sys\n"
        f"sys.path.insert(0, {str(PROJECT)!r})\n"
        f"from {module} import main\n"
        f"main{(number, *arguments)!r}\n"
    )
    if not program.exists() or program.read_text() != text:
        write_atomically(program, text, 0o755)
    return program
