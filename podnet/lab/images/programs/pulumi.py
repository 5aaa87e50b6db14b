"""`python -m podnet.lab.images.programs.pulumi`: the Pulumi CLI, built once a user from Go modules.

For tests of the real CLI; whoever deploys to AWS installs it as Pulumi's manual says. Upstream
offers the CLI as a Go module, and its Python language host only inside old releases of the SDK.
That host runs the script of today's SDK, which speaks to the program.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from podnet.cli.console import err, step
from podnet.errors import UserError
from podnet.lab.host.build_once import Product, build_once
from podnet.lab.images import programs
from podnet.lab.images.programs import BuildError, Module, golang
from podnet.lab.images.programs.golang import Job

SDK = "github.com/pulumi/pulumi/sdk/v3"
SCRIPT = Path("python/cmd/pulumi-language-python-exec")
"""In the SDK."""
LABEL = "the Pulumi CLI"
NEEDED_MEGABYTES = 5000
"""Sources, compiled packages and programs; all but the programs stay in Go's own caches."""
MODULES = (
    Module(
        folder="pulumi-cli",
        upstream="github.com/pulumi/pulumi/pkg/v3",
        version_in=(f"{SDK}/go/common/version.Version",),
    ),
    # The host's own module is refused by the module proxy; this release of the SDK is the last
    # that it offers with the host inside.
    Module(folder="pulumi-language-python", upstream=SDK),
)


def version() -> str:
    """The version of the CLI."""
    return programs.version("pulumi-cli", MODULES)


def recipe() -> str:
    """Sixteen digits that change with anything that decides what the programs are."""
    return programs.recipe(MODULES)


def ensure(on_progress: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the programs in the user's cache, built if this recipe has none yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    product = Product(label=LABEL, needed_megabytes=NEEDED_MEGABYTES, error=BuildError)
    return build_once(
        cache / "podnet/pulumi" / recipe(),
        product,
        lambda draft: _build(draft, on_progress),
        on_progress,
    )


def _build(draft: Path, on_progress: Callable[[str], None]) -> None:
    programs.build(draft, MODULES, LABEL, on_progress)
    job = Job(folder=programs.FOLDER / "pulumi-cli", flags=(), needs_c=False)
    sdk = golang.module_folder(golang.find(LABEL, needs_c=False), job, SDK)
    target = draft / SCRIPT.name
    shutil.copyfile(sdk / SCRIPT, target)
    target.chmod(0o755)


def main() -> int:
    """Build them, with progress on standard error, print the folder, and return the exit code."""
    try:
        with step(f"Pulumi CLI {version()}") as note:
            folder = ensure(note)
    except UserError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    sys.stdout.write(f"{folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
