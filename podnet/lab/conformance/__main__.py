"""`python -m podnet.lab.conformance`: a cluster of its own, Kubernetes' tests in it, a report."""

from __future__ import annotations

import argparse
import shlex
import sys

from podnet.cli.console import err, out, step
from podnet.errors import UserError
from podnet.lab.cloud import lifecycle
from podnet.lab.commands import machine
from podnet.lab.conformance import cluster
from podnet.lab.conformance.cluster import Tests
from podnet.lab.home import PROJECT, Home
from podnet.lab.machine import lifecycle as machines
from podnet.lab.machine.channel import client
from podnet.lab.machine.kernels.kernel import Kind
from podnet.plan.policy_objects import Engine

FOCUS = r"\[sig-network\] Netpol"
SKIP = r"\[Feature:(SCTPConnectivity|IPv6DualStack)\]|\[Disruptive\]"
"""The lab's kernels have no SCTP, and podnet no second family."""
PLACE = PROJECT / ".lab-conformance"
MODULE = ("-m", "podnet.lab.conformance")


def main() -> int:
    """Run them, print the row for docs/conformance.md, and return 1 where any fails."""
    asked = _parser().parse_args()
    try:
        home = Home.open(PLACE)
        try:
            with step("Kubernetes' end-to-end tests") as note:
                built = cluster.build(home, asked.engine, note)
            if asked.kernel is not Kind.MACHINE:
                return _in_machine(home, asked)
            run = cluster.run(home, built, _tests(asked))
        finally:
            if not asked.keep:
                machines.end(home)
                lifecycle.down(home)
    except UserError as error:
        err.print(str(error), markup=False, soft_wrap=True)
        return 1
    out.print(run.markdown(), markup=False, soft_wrap=True)
    return 1 if run.failed or not run.specs else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m podnet.lab.conformance")
    parser.add_argument("--routing", default="vpc-routes")
    parser.add_argument("--engine", type=Engine, default=Engine.KUBE_ROUTER, choices=[*Engine])
    parser.add_argument("--kernel", type=Kind, default=Kind.MACHINE, choices=[*Kind])
    parser.add_argument("--nodes", type=int, default=3, help="the control plane is one of them")
    parser.add_argument("--focus", default=FOCUS, help="regular expression of the tests that run")
    parser.add_argument("--skip", default=SKIP, help="regular expression of those left out of them")
    parser.add_argument("--minutes", type=int, default=180, help="the most that they may take")
    parser.add_argument("--keep", action="store_true", help="leave the lab as it is in the end")
    command = shlex.join(["python", *MODULE, *sys.argv[1:]])
    parser.add_argument("--command", default=command, help=argparse.SUPPRESS)
    return parser


def _tests(asked: argparse.Namespace) -> Tests:
    return Tests(
        command=asked.command,
        routing=asked.routing,
        nodes=asked.nodes,
        engine=asked.engine,
        focus=asked.focus,
        skip=asked.skip,
        minutes=asked.minutes,
    )


def _in_machine(home: Home, asked: argparse.Namespace) -> int:
    """The exit code of this command where it runs in a virtual machine on the kernel asked for."""
    settings = (f"routing={asked.routing}", f"nodeCount={asked.nodes}")
    up = ["--kernel", asked.kernel, "--stack", cluster.STACK]
    up += [word for setting in settings for word in ("-c", setting)]
    if code := machine.run(home, "up", up):
        return code
    there = [*sys.argv[1:], f"--kernel={Kind.MACHINE}", "--keep", f"--command={asked.command}"]
    request = client.Request(
        argv=[sys.executable, *MODULE, *there], environment=machine.environment()
    )
    return client.run(home.machine, request)


if __name__ == "__main__":
    sys.exit(main())
