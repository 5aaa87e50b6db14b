"""A whole lab for tests: its own directory, the real program, booted nodes, pods."""

import shutil
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lab import image
from lab.cli import app, cluster, deploy, kept, proof
from lab.cli.deploy import EngineKind
from lab.cli.fabric import declare
from lab.cloud import control
from lab.drill import Traffic
from lab.home import Home
from lab.pods import Pods
from lab.probe import Endpoint

STACK = "lab"
LABS = pytest.StashKey()


class Lab:
    """What a person would do with `podnet`, step by step."""

    def __init__(self, home, fabric=None):
        self.home = home
        image.ensure(home.image)
        declare(home, fabric)
        self.endpoint = control.start(home)
        self.region = deploy.region(STACK)
        self.ec2 = cluster.ec2(self.endpoint, self.region)
        self.target = proof.Target(home, STACK, EngineKind.EMBEDDED, self.endpoint)
        self.nodes = []
        self.outputs = {}

    def engine(self, note=None, **settings):
        config = {f"podnet:{name}": str(value) for name, value in settings.items()}
        return deploy.engine(
            self.home, STACK, EngineKind.EMBEDDED, self.endpoint, note=note, config=config
        )

    def up(self, **settings):
        summary = self.engine(**settings).up()
        self.outputs = summary.outputs
        self.settle()
        return summary

    def change(self, **settings):
        """Deploy with these settings, and keep them for all that comes."""
        words = {key: str(value).lower() for key, value in settings.items()}
        kept.keep(self.home, STACK, {f"podnet:{key}": value for key, value in words.items()})
        return self.up()

    def podnet(self, *words):
        """Run a command of `podnet` in this process, and return what it printed."""
        done = CliRunner().invoke(app, ["--lab", str(self.home.directory), *words])
        if done.exception is not None:
            raise done.exception
        return done.output

    def traffic(self, limit=300):
        """Traffic between all pods, to be used in a `with` statement."""
        return Traffic([Endpoint.of_pod(pod) for pod in self.pods], limit)

    def settle(self):
        """Wait for the nodes, and see that each has its two pods."""
        control.settle(self.home)
        self.nodes = cluster.wait_ready(self.home, self.ec2, self.wanted(), lambda _: None)
        self.pods = cluster.ensure_pods(self.nodes)

    def wanted(self):
        return {name: node["instanceId"] for name, node in self.outputs["nodes"].items()}

    def renew_pods(self, *names):
        """Remove and add the pods of these nodes, as after a change of their conflist."""
        for node in self.nodes:
            if node.name in names:
                runtime = Pods(node)
                for pod in runtime.list():
                    runtime.remove(pod.name)
        self.pods = cluster.ensure_pods(self.nodes)

    def node(self, name):
        return next(node for node in self.nodes if node.name == name)

    def matrix(self):
        return cluster.prove(self.home, self.nodes, self.pods)

    def red(self):
        """The cells that failed, as from and to; localhost never is one of these."""
        return {(result.source, result.target) for result in self.matrix().failed}

    def boot_ids(self):
        return {
            node.name: node.run("cat", "/proc/sys/kernel/random/boot_id").strip()
            for node in self.nodes
        }

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
            self.shared = kind, self.make("switch" if kind == "switch" else None)
        lab = self.shared[1]
        lab.change(**settings)
        return lab

    def end(self):
        for home in self.homes:
            control.down(home)
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
