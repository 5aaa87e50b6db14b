"""One cluster that its nodes make of themselves from the deployed user data."""

from __future__ import annotations

import json
import time

import pytest

from podnet.lab.cloud import lifecycle
from podnet.lab.home import Home
from podnet.lab.images import kubernetes as image
from podnet.lab.operations.readiness import wait_ready
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.kubernetes import Parameters
from podnet.system.commands import CommandError

STACK = "kubernetes"
READY_SECONDS = 180
POLL = 1


class Deployed:
    """The stack `kubernetes` in a lab of its own."""

    def __init__(self, home):
        self.home = home
        self.stack = LabStack(home, STACK, lifecycle.start(home), EngineKind.EMBEDDED)
        self.ec2, self.ssm = self.stack.ec2, self.stack.ssm
        self.names = Parameters(self.stack.identity)
        self.wanted = {}
        self.nodes = {}

    def up(self, count):
        outputs = self.stack.engine(once={"podnet:nodeCount": str(count)}).up().outputs["nodes"]
        self.wanted = {name: node["instanceId"] for name, node in outputs.items()}
        self.find()

    def find(self):
        """Look for the instances; a reboot gives each another process 1."""
        found = wait_ready(self.home, self.ec2, self.wanted, lambda _: None)
        self.nodes = {node.name: node for node in found}

    def kubectl(self, *argv, stdin=None):
        admin = "--kubeconfig=/etc/kubernetes/admin.conf"
        return self.nodes["node-1"].run("kubectl", admin, *argv, stdin=stdin)

    def get(self, *argv):
        return json.loads(self.kubectl("get", *argv, "--output=json"))["items"]

    def apply(self, *documents):
        for document in documents:
            self.kubectl("apply", "--filename=-", stdin=json.dumps(document))

    def ready(self):
        """The names of the nodes that are ready."""
        return {
            item["metadata"]["name"]
            for item in self.get("nodes")
            for condition in item["status"]["conditions"]
            if condition["type"] == "Ready" and condition["status"] == "True"
        }

    def until(self, holds, what, seconds=READY_SECONDS):
        """Wait for a condition; the API server may be away meanwhile."""
        limit = time.monotonic() + seconds
        while True:
            try:
                if found := holds():
                    return found
            except CommandError:
                pass
            if time.monotonic() > limit:
                pytest.fail(f"not within {seconds} s: {what}")
            time.sleep(POLL)

    def until_ready(self):
        self.until(lambda: self.ready() == {*self.wanted}, f"{', '.join(self.wanted)} are ready")

    def journal(self, name, *units):
        words = [f"--unit={unit}" for unit in units]
        return self.nodes[name].run("journalctl", "--no-pager", "--output=cat", *words)

    def parameter(self, name):
        return self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]


@pytest.fixture(scope="package")
def cluster_of_three(tmp_path_factory):
    image.ensure(Home.open().image)
    home = Home.open(tmp_path_factory.mktemp("bootstrap"))
    try:
        deployed = Deployed(home)
        deployed.up(3)
        deployed.until_ready()
        yield deployed
    finally:
        lifecycle.down(home)
