"""A cluster of the lab's with an engine of NetworkPolicy, the images of the tests, and a run."""

from __future__ import annotations

import datetime as dt
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from podnet.cli.console import step
from podnet.lab.cloud import lifecycle
from podnet.lab.conformance import report
from podnet.lab.conformance.report import Run
from podnet.lab.home import Home
from podnet.lab.images import programs
from podnet.lab.images.kubernetes import archive, contents
from podnet.lab.images.kubernetes.archive import ContainerImage
from podnet.lab.kubernetes.workload import CONTROL_PLANE_TAINT
from podnet.lab.nodes.node import Node
from podnet.lab.operations import deployment
from podnet.lab.operations.verification import verify
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan import kube_router, network_policy
from podnet.plan.policy_objects import Engine
from podnet.system.progress import Progress

STACK = "kubernetes"
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"
"""The image of the tests' pods in Kubernetes 1.36 (test/utils/image/manifest.go@v1.36.0)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tests:
    """Which tests run, in what cluster."""

    command: str
    """The command that runs them."""
    routing: str
    nodes: int
    """How many the cluster has."""
    engine: Engine
    focus: str
    skip: str
    minutes: int
    """The most that they may take."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """Folders of programs that upstream's sources were built into."""

    tests: Path
    engine: Path | None
    """None where the image of the nodes has the engine."""


def build(home: Home, engine: Engine, note: Progress) -> Built:
    """Build the tests, and the engine that the image of the nodes lacks."""
    own = None
    if engine is Engine.KUBE_NETWORK_POLICIES:
        own = programs.ensure(home.image, note, programs.KUBE_NETWORK_POLICIES, engine)
    return Built(tests=programs.ensure(home.image, note, programs.E2E, "its tests"), engine=own)


def run(home: Home, built: Built, tests: Tests) -> Run:
    """Deploy the cluster, give its nodes the images, deploy the engine, and run the tests."""
    stack = LabStack(home, STACK, lifecycle.start(home), EngineKind.EMBEDDED)
    stack.record()
    once = {"podnet:routing": tests.routing, "podnet:nodeCount": str(tests.nodes)}
    if tests.routing == "l2":
        once["podnet:nodeRangePrefix"] = "28"
    deployment.up(stack, once, log=False)
    with step("images of the tests' pods and the engine"):
        _import(stack.running_nodes(), built)
    once["podnet:networkPolicy"] = tests.engine
    if tests.engine is Engine.KUBE_ROUTER:
        once["podnet:kubeRouterImage"] = kube_router.LAB_IMAGE
    verify(stack, deployment.up(stack, once, log=False))
    if tests.nodes == 1:
        _take_pods(stack)
    results = Path(tempfile.mkdtemp(prefix="results-", dir=home.directory))
    with step("tests") as note:
        note(f"their output is in {results / 'output'}")
        _test(stack, built.tests / "e2e.test", tests, results)
    return Run(
        date=dt.datetime.now(dt.UTC).date().isoformat(),
        command=tests.command,
        cluster=(
            f"`{tests.routing}`",
            f"{tests.engine} {_version(tests.engine)}",
            f"Kubernetes {programs.version('kubernetes')}, Linux {platform.release()}",
            f"{tests.nodes}",
        ),
        specs=report.read(results),
    )


def _take_pods(stack: LabStack) -> None:
    """Let pods run on the control plane, where there is no other node."""
    taints = stack.kubectl().run("get", "nodes", "--output=jsonpath={.items[*].spec.taints[*].key}")
    if CONTROL_PLANE_TAINT in taints.split():
        stack.kubectl().run("taint", "nodes", "--all", f"{CONTROL_PLANE_TAINT}-")


def _version(engine: Engine) -> str:
    if engine is Engine.KUBE_NETWORK_POLICIES:
        return programs.version(engine, programs.KUBE_NETWORK_POLICIES)
    return kube_router.VERSION if engine is Engine.KUBE_ROUTER else ""


def _images(built: Built) -> list[ContainerImage]:
    """Those that the tests and the stack name, of the programs that were built."""
    images = [
        ContainerImage(
            names=(AGNHOST,), files={"/agnhost": built.tests / "agnhost"}, entrypoint=("/agnhost",)
        )
    ]
    if built.engine:
        program = "/bin/netpol"
        images.append(
            ContainerImage(
                names=contents.names_of(network_policy.KUBE_NETWORK_POLICIES),
                files={program: built.engine / "netpol"},
                entrypoint=(program,),
            )
        )
    return images


def _import(nodes: Sequence[Node], built: Built) -> None:
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "images.tar"
        archive.write(packed, _images(built))
        for node in nodes:
            argv = ("ctr", "--namespace=k8s.io", "images", "import", "--local")
            with packed.open("rb") as file:
                subprocess.run(
                    node.command(*argv, "--snapshotter=native", "-"),
                    stdin=file,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    check=True,
                )


def _test(stack: LabStack, program: Path, tests: Tests, results: Path) -> None:
    arguments = [
        "--provider=skeleton",
        f"--report-dir={results}",
        f"--ginkgo.focus={tests.focus}",
        f"--ginkgo.skip={tests.skip}",
        f"--ginkgo.timeout={tests.minutes}m",
        "--ginkgo.no-color",
        "--allowed-not-ready-nodes=0",
    ]
    with (results / "output").open("w") as file:
        stack.kubectl().run_other(program, arguments, file)
