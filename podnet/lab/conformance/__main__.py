"""`python -m podnet.lab.conformance`: a cluster of its own, Kubernetes' tests in it, a report."""

from __future__ import annotations

import argparse
import datetime as dt
import platform
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from podnet.cli.console import err, out, step
from podnet.errors import UserError
from podnet.lab.cloud import lifecycle
from podnet.lab.conformance import report
from podnet.lab.conformance.report import Run
from podnet.lab.home import PROJECT, Home
from podnet.lab.images import programs
from podnet.lab.images.kubernetes import archive
from podnet.lab.images.kubernetes.archive import ContainerImage
from podnet.lab.nodes.node import Node
from podnet.lab.operations import deployment
from podnet.lab.operations.verification import verify
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan import kube_router
from podnet.plan.policy_objects import Engine

STACK = "kubernetes"
FOCUS = r"\[sig-network\] Netpol"
SKIP = r"\[Feature:(SCTPConnectivity|IPv6DualStack)\]|\[Disruptive\]"
"""This kernel has no SCTP, and podnet no second family."""
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
"""The image of the tests' pods in Kubernetes 1.36 (test/utils/image/manifest.go@v1.36.0)."""
PLACE = PROJECT / ".lab-conformance"


def main() -> int:
    """Run them, print the section for docs/conformance.md, and return 1 where any fails."""
    asked = _parser().parse_args()
    command = shlex.join(["python", "-m", "podnet.lab.conformance", *sys.argv[1:]])
    try:
        with step("Kubernetes' end-to-end tests") as note:
            built = programs.ensure(Home.open(PLACE).image, note, programs.E2E, "its tests")
        home = Home.open(PLACE)
        try:
            run = _run(home, built, asked, command)
        finally:
            if not asked.keep:
                lifecycle.down(home)
    except UserError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    out.print(run.markdown(), markup=False, soft_wrap=True)
    return 1 if run.failed or not run.specs else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m podnet.lab.conformance")
    parser.add_argument("--routing", default="vpc-routes")
    parser.add_argument("--engine", default=str(Engine.KUBE_ROUTER), choices=[*map(str, Engine)])
    parser.add_argument("--focus", default=FOCUS, help="regular expression of the tests that run")
    parser.add_argument("--skip", default=SKIP, help="regular expression of those left out of them")
    parser.add_argument("--minutes", type=int, default=180, help="the most that they may take")
    parser.add_argument("--keep", action="store_true", help="leave the lab as it is in the end")
    return parser


def _run(home: Home, built: Path, asked: argparse.Namespace, command: str) -> Run:
    stack = LabStack(home, STACK, lifecycle.start(home), EngineKind.EMBEDDED)
    stack.record()
    once = {"podnet:routing": asked.routing, "podnet:networkPolicy": asked.engine}
    if asked.engine == Engine.KUBE_ROUTER:
        once["podnet:kubeRouterImage"] = kube_router.LAB_IMAGE
    if asked.routing == "l2":
        once["podnet:nodeRangePrefix"] = "28"
    verify(stack, deployment.up(stack, once, log=False))
    with step("image of the tests' pods"):
        _import(stack.running_nodes(), built)
    results = Path(tempfile.mkdtemp(prefix="results-", dir=home.directory))
    with step("tests") as note:
        note(f"their output is in {results / 'output'}")
        _test(stack, built, asked, results)
    engine = f" {kube_router.VERSION}" if asked.engine == Engine.KUBE_ROUTER else ""
    return Run(
        command=command,
        routing=asked.routing,
        facts=(
            ("engine", f"{asked.engine}{engine}"),
            ("Kubernetes", programs.version("kubernetes")),
            ("kernel", platform.release()),
            ("date", dt.datetime.now(dt.UTC).date().isoformat()),
        ),
        specs=report.read(results),
    )


def _import(nodes: Sequence[Node], built: Path) -> None:
    """Give every node the image that the tests name, of the program that was built."""
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "images.tar"
        image = ContainerImage(
            names=(AGNHOST,), files={"/agnhost": built / "agnhost"}, entrypoint=("/agnhost",)
        )
        archive.write(packed, [image])
        for node in nodes:
            argv = ("ctr", "--namespace=k8s.io", "images", "import", "--local")
            with packed.open("rb") as file:
                subprocess.run(
                    node.command(*argv, "--snapshotter=native", "-"),
                    stdin=file,
                    stdout=subprocess.DEVNULL,
                    check=True,
                )


def _test(stack: LabStack, built: Path, asked: argparse.Namespace, results: Path) -> None:
    arguments = [
        "--provider=skeleton",
        f"--report-dir={results}",
        f"--ginkgo.focus={asked.focus}",
        f"--ginkgo.skip={asked.skip}",
        f"--ginkgo.timeout={asked.minutes}m",
        "--ginkgo.no-color",
        "--allowed-not-ready-nodes=0",
    ]
    with (results / "output").open("w") as file:
        stack.kubectl().run_other(built / "e2e.test", arguments, file)


if __name__ == "__main__":
    sys.exit(main())
