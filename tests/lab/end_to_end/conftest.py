"""A whole lab for these tests: its own directory, the real program, booted nodes, pods."""

import shutil
import tempfile
from pathlib import Path

import pytest

from lab import image
from lab.cli import cluster, deploy
from lab.cli.deploy import EngineKind
from lab.cloud import control
from lab.home import Home
from lab.pods import Pods

STACK = "lab"


class Lab:
    """What a person would do with `podnet`, step by step."""

    def __init__(self, home):
        self.home = home
        image.ensure(home.image)
        self.endpoint = control.start(home)
        self.region = deploy.region(STACK)
        self.ec2 = cluster.ec2(self.endpoint, self.region)
        self.nodes = []
        self.outputs = {}

    def engine(self, **settings):
        config = {f"podnet:{name}": str(value) for name, value in settings.items()}
        return deploy.engine(self.home, STACK, EngineKind.EMBEDDED, self.endpoint, config=config)

    def up(self, **settings):
        summary = self.engine(**settings).up()
        self.outputs = summary.outputs
        self.settle()
        return summary

    def settle(self):
        """Wait for the nodes, and see that each has its two pods."""
        control.settle(self.home)
        wanted = {name: node["instanceId"] for name, node in self.outputs["nodes"].items()}
        self.nodes = cluster.wait_ready(self.home, self.ec2, wanted, lambda _: None)
        self.pods = cluster.ensure_pods(self.nodes)

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


@pytest.fixture(scope="module")
def make_lab():
    """A factory of labs that are gone when the module's tests are."""
    homes = []

    def make():
        # Short paths: a socket of the instances' D-Bus must fit into 108 bytes.
        directory = Path(tempfile.mkdtemp(prefix="podnet-"))
        homes.append(Home.open(directory))
        return Lab(homes[-1])

    yield make
    for home in homes:
        control.down(home)
        shutil.rmtree(home.directory, ignore_errors=True)
