"""What tests do in the virtual machine: `python -m tests.kernel.inside LAB STEP WORD…`.

Each step prints one line of JSON.
"""

import json
import platform
import sys
import time
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace

from pyroute2.netlink.nfnetlink.nfctsocket import NFCTSocket

from podnet.lab.cloud.fabric import INTERNET_HOST
from podnet.lab.drill import Traffic
from podnet.lab.home import Home
from podnet.lab.nodes.endpoints import node_endpoint, pod_endpoint
from podnet.lab.operations.verification import verify
from podnet.lab.stack.cloud import running_cloud
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.routing import RoutingMode
from podnet.probe import Matrix
from podnet.probe.run import probe
from podnet.system.commands import CommandError
from podnet.system.netns import NAMESPACES
from podnet.system.netns import inside as enter
from tests.lab.modes.agreement import compare
from tests.lab.modes.wire import Wire, expected

MOST_SECONDS = 1800
STILL_SECONDS = 10
SENDERS = 4


def kernel(stack):
    """The kernel that all of this runs on."""
    return {"release": platform.release()}


def switch(stack, mode, encapsulation="vxlan"):
    """Switch, under traffic where pods live through it; then a matrix that is captured."""
    pods = stack.pods().running(stack.nodes())
    before = stack.settings().node_routing.variant.name
    flat = RoutingMode.L2 in (mode, stack.settings().routing)
    wanted = {"podnet:routing": mode, "podnet:encapsulation": encapsulation}
    begun = time.monotonic()
    if flat:
        summary = stack.engine(once=wanted).up()
        found = {"sent": 0, "lost": 0, "broken": 0}
    else:
        with Traffic(senders(pods), MOST_SECONDS) as traffic:
            time.sleep(STILL_SECONDS)
            still = time.monotonic() - begun
            summary = stack.engine(once=wanted).up()
            losses = traffic.stop()
        found = {
            "sent": losses.sent,
            "lost": losses.lost,
            "broken": len(losses.broken),
            "worst": [f"{each} (nothing changed before {still:.1f} s)" for each in losses.worst()],
        }
    stack.save(wanted)
    took = time.monotonic() - begun
    return {
        **found,
        "before": before,
        "seconds": took,
        **captured(stack, summary, replace_pods=flat),
    }


def senders(pods):
    """Four pods of as many nodes as there are: more packets than one processor carries are lost."""
    return [pod_endpoint(pod) for pod in sorted(pods, key=lambda pod: pod.name[-1])[:SENDERS]]


def capture(stack):
    """A matrix that is captured, in the mode that the stack is in."""
    return captured(stack, stack.engine().up())


def captured(stack, summary, *, replace_pods=False):
    if replace_pods:
        stack.pods().replace(stack.nodes(), lambda _: None)
    begun = time.monotonic()
    with Wire(SimpleNamespace(ec2=stack.ec2, home=stack.home)) as wire:
        verification = verify(stack, summary)
    lab = SimpleNamespace(stack=stack, nodes=verification.nodes, pods=verification.pods)
    native, wrapped = expected(lab)
    return {
        "pairs": verification.matrix.pairs,
        "failed": [f"{each.source} {each.target}" for each in verification.matrix.failed],
        "as_expected": (wire.native, wire.wrapped) == (native, wrapped),
        "carriers": sorted(wire.carriers),
        "unexpected": sorted(map(str, (wire.native ^ native) | (wire.wrapped ^ wrapped)))[:5],
        "matrix_seconds": time.monotonic() - begun,
    }


def agreement(stack, *kinds):
    """What fails on paper and with packets without the rules for these kinds of packets."""
    nodes, pods = stack.nodes(), stack.pods()
    running = pods.running(nodes)
    lab = SimpleNamespace(
        home=stack.home,
        ec2=stack.ec2,
        stack=stack,
        nodes=nodes,
        node=stack.node,
        pods=running,
        matrix=lambda: one_pair_at_a_time(stack, nodes, running),
    )
    _, paper, packets = compare(lab, lambda vpc: [vpc.without_rules(*kinds)])
    return {"paper": sorted(paper), "packets": sorted(packets)}


def one_pair_at_a_time(stack, nodes, pods):
    """A matrix in which the rules alone let GRE in.

    Between two nodes it is one connection, open to both while either sends, whatever the rules are
    by then. So the VPC forgets what it tracks before each pair.
    """
    ends = [*map(pod_endpoint, pods), *map(node_endpoint, nodes)]
    internet = NAMESPACES / stack.home.internet_namespace
    vpc = Wire(SimpleNamespace(ec2=stack.ec2, home=stack.home)).netns
    results = []
    for one, other in permutations(ends, 2):
        enter(vpc, forget_connections)
        results += probe([one, other], internet, INTERNET_HOST, node=one.node).results
    return Matrix(tuple(each.name for each in ends), tuple(results), 0)


def forget_connections():
    with NFCTSocket() as tracking:
        tracking.flush()


def on_node(stack, name, script):
    """The output and the exit code of a shell script on a node."""
    try:
        return {"code": 0, "output": stack.node(name).run("sh", "-c", script)}
    except CommandError as error:
        return {"code": error.code, "output": error.output}


def main():
    directory, step, *words = sys.argv[1:]
    home = Home.open(Path(directory))
    stack = LabStack(home, "lab", running_cloud(home))
    steps = {
        "kernel": kernel,
        "switch": switch,
        "capture": capture,
        "agreement": agreement,
        "on-node": on_node,
    }
    sys.stdout.write(json.dumps(steps[step](stack, *words)) + "\n")


if __name__ == "__main__":
    main()
