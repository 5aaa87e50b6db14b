"""One cluster that its nodes make of themselves from the deployed user data."""

from __future__ import annotations

import json
import time

import boto3
import pytest

from lab.cli import cluster, deploy
from lab.cli.deploy import EngineKind
from lab.cloud import control
from lab.home import Home
from lab.kubernetes import image
from lab.shell import CommandError
from plan.kubernetes import Parameters

STACK = "kubernetes"
READY_SECONDS = 180
POLL = 1


class Deployed:
    """The stack `kubernetes` in a lab of its own."""

    def __init__(self, home):
        self.home = home
        self.endpoint = control.start(home)
        region = deploy.region(STACK)
        self.ec2 = cluster.ec2(self.endpoint, region)
        keys = {"aws_access_key_id": "lab", "aws_secret_access_key": "lab"}
        self.ssm = boto3.client("ssm", endpoint_url=self.endpoint, region_name=region, **keys)
        self.names = Parameters(STACK)
        self.wanted = {}
        self.nodes = {}

    def up(self, count):
        config = {"podnet:imageId": image.IMAGE_ID, "podnet:nodeCount": str(count)}
        engine = deploy.engine(self.home, STACK, EngineKind.EMBEDDED, self.endpoint, config=config)
        outputs = engine.up().outputs["nodes"]
        self.wanted = {name: node["instanceId"] for name, node in outputs.items()}
        self.find()

    def find(self):
        """Look for the instances; a reboot gives each another process 1."""
        found = cluster.wait_ready(self.home, self.ec2, self.wanted, lambda _: None)
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
        control.down(home)
