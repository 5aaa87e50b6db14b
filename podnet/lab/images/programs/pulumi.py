"""`python -m podnet.lab.images.programs.pulumi`: the Pulumi CLI, built once a user from Go modules.

For tests of the real CLI; whoever deploys to AWS installs it as Pulumi's manual says. Upstream
offers the CLI as a Go module, and its Python language host only inside old releases of the SDK.
That host runs the script of today's SDK, which speaks to the program. The argument `kubernetes`
builds Pulumi's Kubernetes provider instead, for tests that hold the lab's own against it.
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


PROVIDER = "github.com/pulumi/pulumi-kubernetes/provider/v4"
PROVIDER_FILES = ("schema.json", "terraform-mapping.json")
"""Upstream's command embeds both, in files that only its own build makes from these."""
PROVIDER_MODULES = (
    Module(
        folder="pulumi-kubernetes",
        upstream=PROVIDER,
        version_in=(f"{PROVIDER}/pkg/version.Version",),
        renamed={"pulumi-kubernetes": "pulumi-resource-kubernetes"},
    ),
)


def version() -> str:
    """The version of the CLI."""
    return programs.version("pulumi-cli", MODULES)


def recipe() -> str:
    """Sixteen digits that change with anything that decides what the programs are."""
    return programs.recipe(MODULES)


def ensure(on_progress: Callable[[str], None] = lambda _: None) -> Path:
    """The folder of the programs in the user's cache, built if this recipe has none yet."""
    product = Product(label=LABEL, needed_megabytes=NEEDED_MEGABYTES, error=BuildError)
    return build_once(
        _cache() / "pulumi" / recipe(),
        product,
        lambda draft: _build(draft, on_progress),
        on_progress,
    )


def ensure_kubernetes_provider(on_progress: Callable[[str], None] = lambda _: None) -> Path:
    """The program of Pulumi's Kubernetes provider in the user's cache; built on first use."""
    label = "the Kubernetes provider of Pulumi"
    product = Product(label=label, needed_megabytes=NEEDED_MEGABYTES, error=BuildError)

    def build(draft: Path) -> None:
        programs.build(draft, PROVIDER_MODULES, label, on_progress)
        command = _sources("pulumi-kubernetes", PROVIDER) / "cmd/pulumi-resource-kubernetes"
        for name in PROVIDER_FILES:
            shutil.copyfile(command / name, draft / name)

    folder = build_once(
        _cache() / "pulumi-kubernetes" / programs.recipe(PROVIDER_MODULES),
        product,
        build,
        on_progress,
    )
    return folder / "pulumi-resource-kubernetes"


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podnet"


def _sources(folder: str, module: str) -> Path:
    job = Job(folder=programs.FOLDER / folder, flags=(), needs_c=False)
    return golang.module_folder(golang.find(LABEL, needs_c=False), job, module)


def _build(draft: Path, on_progress: Callable[[str], None]) -> None:
    programs.build(draft, MODULES, LABEL, on_progress)
    sdk = _sources("pulumi-cli", SDK)
    target = draft / SCRIPT.name
    shutil.copyfile(sdk / SCRIPT, target)
    target.chmod(0o755)


def main() -> int:
    """Build them, with progress on standard error, print where they are, return the exit code."""
    try:
        if sys.argv[1:] == ["kubernetes"]:
            with step("Pulumi's Kubernetes provider") as note:
                built = ensure_kubernetes_provider(note)
        else:
            with step(f"Pulumi CLI {version()}") as note:
                built = ensure(note)
    except UserError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    sys.stdout.write(f"{built}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
