"""A whole lab for tests: its own directory, the real program, booted nodes, pods."""

import shutil
import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli.app import app
from podnet.lab.cloud import lifecycle
from podnet.lab.drill import Traffic
from podnet.lab.home import Home
from podnet.lab.images import debian
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.operations.readiness import explained, wait_ready
from podnet.lab.stack.cloud import declare_fabric
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.lab.stack.pods import BarePods
from podnet.plan.settings import Fabric
from podnet.system.waiting import wait_until


def quietly(_):
    """A note that nobody reads."""


LABS = pytest.StashKey()
STATUS_SECONDS = 60


class Lab:
    """What a person would do with `podnet`, step by step."""

    def __init__(self, home, fabric=None):
        self.home = home
        debian.ensure(home.image)
        declare_fabric(home, fabric)
        self.stack = LabStack(home, "lab", lifecycle.start(home), EngineKind.EMBEDDED)
        self.stack.record()
        self.ec2 = self.stack.ec2
        self.running = BarePods(home)
        self.nodes = []
        self.outputs = {}

    def engine(self, note=None, **settings):
        return self.stack.engine(
            note, {f"podnet:{key}": str(each) for key, each in settings.items()}
        )

    def up(self, **settings):
        with explained(self.stack):
            summary = self.engine(**settings).up()
        self.outputs = summary.outputs
        self.wait_until_applied()
        return summary

    def change(self, **settings):
        """Deploy with these settings, and save them for all that comes."""
        self.stack.save({f"podnet:{key}": str(each).lower() for key, each in settings.items()})
        return self.up()

    def podnet(self, *words):
        """Run a command of `podnet` in this process, and return what it printed."""
        done = CliRunner().invoke(app, ["--lab", str(self.home.directory), *words])
        if done.exception is not None:
            raise done.exception
        return done.output

    def status(self, *texts):
        """What `podnet status` prints, with single spaces, once it has all these texts.

        An agent says at its next poll what others know already. After a minute, what is there.
        """

        def printed():
            shown.append(" ".join(self.podnet("status").split()))
            return all(text in shown[-1] for text in texts)

        shown = []
        wait_until(printed, STATUS_SECONDS)
        return shown[-1]

    def traffic(self, limit=300):
        """Traffic between all pods, to be used in a `with` statement."""
        return Traffic([pod_endpoint(pod) for pod in self.pods], limit)

    def wait_until_applied(self):
        """Wait for the nodes, and see that each has its two pods."""
        lifecycle.wait_until_applied(self.home)
        self.nodes = wait_ready(self.home, self.ec2, self.wanted(), quietly)
        self.pods = self.running.ensure(self.nodes, quietly)

    def wanted(self):
        return {name: node["instanceId"] for name, node in self.outputs["nodes"].items()}

    def replace_pods(self, *names):
        """Remove and add the pods of these nodes, or of all, as a change of the conflist needs."""
        nodes = [node for node in self.nodes if not names or node.name in names]
        self.running.replace(nodes, quietly)
        self.pods = self.running.running(self.nodes)

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def matrix(self):
        return self.running.probe(self.nodes, self.pods)

    def red(self):
        """The cells that failed, as from and to; localhost never is one of these."""
        return {(result.source, result.target) for result in self.matrix().failed}

    def boot_ids(self):
        return {node.name: node.boot_id for node in self.nodes}

    def instance_ids(self):
        return {node.name: node.instance_id for node in self.nodes}

    def pod_routes(self):
        """Destinations of the routes to network interfaces, by route table."""
        tables = self.ec2.describe_route_tables()["RouteTables"]
        return {
            route["DestinationCidrBlock"]
            for table in tables
            for route in table["Routes"]
            if "NetworkInterfaceId" in route
        }


class Labs:
    """The labs of a test run; an end for each, however its tests went."""

    def __init__(self):
        self.homes = []
        self.shared = None

    def make(self, fabric=None):
        # Short paths: a socket of the instances' D-Bus must fit into 108 bytes.
        home = Home.open(Path(tempfile.mkdtemp(prefix="podnet-")))
        self.homes.append(home)
        return Lab(home, fabric)

    def share(self, kind, **settings):
        """The lab of this kind, of which the modules of a folder share one.

        What a module finds in it is what the one before it left, so each says what it needs.
        """
        if self.shared is None or self.shared[0] != kind:
            self.end()
            self.shared = kind, self.make(Fabric.SWITCH if kind == "switch" else None)
        lab = self.shared[1]
        lab.change(**settings)
        return lab

    def end(self):
        for home in self.homes:
            lifecycle.down(home)
            shutil.rmtree(home.directory, ignore_errors=True)
        self.homes, self.shared = [], None


@pytest.fixture(scope="module")
def make_lab():
    """A factory of labs that are gone when the module's tests are."""
    labs = Labs()
    yield labs.make
    labs.end()


@pytest.fixture(scope="session")
def labs(request):
    """Labs that several modules share, one after the other."""
    labs = request.config.stash[LABS] = Labs()
    yield labs
    labs.end()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """End a shared lab with the last test of its folder, and not with the run."""
    try:
        return (yield)
    finally:
        labs = item.config.stash.get(LABS, None)
        if labs and (nextitem is None or nextitem.path.parent != item.path.parent):
            labs.end()
