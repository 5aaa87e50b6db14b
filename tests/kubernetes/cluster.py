"""A stack with a cluster, deployed as a person would, for tests to look at and to break."""

from __future__ import annotations

import json
import time

import boto3
from typer.testing import CliRunner

from lab.cli import app, cluster, deploy, kept, proof, runtimes
from lab.cli.deploy import EngineKind
from lab.cloud import control
from lab.drill import Traffic
from lab.kubernetes import image
from lab.probe import Endpoint
from plan.kubernetes import Parameters

SECONDS = 180


class Stack:
    """What a person would do with `podnet`, step by step."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        image.ensure(home.image)
        self.endpoint = control.start(home)
        self.region = deploy.region(name)
        self.ec2 = cluster.ec2(self.endpoint, self.region)
        self.ssm = boto3.client(
            "ssm",
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id="lab",
            aws_secret_access_key="lab",
        )  # noqa: S106  # opens nothing
        self.parameters = Parameters(name)
        self.target = proof.Target(home, name, EngineKind.EMBEDDED, self.endpoint)
        deploy.remember(home, name, EngineKind.EMBEDDED)
        self.proof = None

    def up(self, **settings):
        """Deploy with these settings for this once, and prove it."""
        config = {f"podnet:{key}": str(value).lower() for key, value in settings.items()}
        self.proof = self.target.prove(self.target.up(config, tell=False))
        return self.proof

    def prove(self, summary=None):
        """Prove what was deployed last once more, waiting for what is not ready."""
        self.proof = self.target.prove(summary or self.proof.summary)
        return self.proof

    def look(self):
        """One probe of what was proved last, as things are now."""
        of = runtimes.runtime(self.home, self.name, self.endpoint)
        return of.prove(self.proof.nodes, self.proof.pods)

    def podnet(self, *words):
        """Run a command of `podnet` in this process, and return what it printed."""
        done = CliRunner().invoke(app, ["--lab", str(self.home.directory), *words])
        if done.exception is not None:
            raise done.exception
        return done.stdout

    def kubectl(self, *words, stdin=None):
        return runtimes.kubectl(self.home, self.name, self.endpoint).run(*words, stdin=stdin)

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def cluster(self):
        return runtimes.cluster(self.home, self.name, self.endpoint)

    def settings(self):
        return kept.settings(self.home, self.name)

    def node(self, name):
        """The running node, as it is now."""
        nodes = {each.name: each for each in cluster.running_nodes(self.home, self.ec2, self.name)}
        return nodes[name]

    def rebooted(self, name, pid):
        """Whether the node has another first process than this one."""
        try:
            return self.node(name).pid != pid
        except KeyError:
            return False

    def traffic(self):
        """Traffic between all pods, to be used in a `with` statement."""
        return self.traffic_between([Endpoint.of_pod(pod) for pod in self.proof.pods])

    @staticmethod
    def traffic_between(ends):
        return Traffic(ends)

    def boots(self):
        return {
            node.name: node.run("cat", "/proc/sys/kernel/random/boot_id").strip()
            for node in self.proof.nodes
        }

    @staticmethod
    def until(look, what, seconds=SECONDS):
        deadline = time.monotonic() + seconds
        while not (found := look()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
            time.sleep(0.5)
        return found


def red(matrix):
    """What failed, in words."""
    return [
        f"{each.source} to {each.target}, {each.check}: {each.reason}" for each in matrix.failed
    ]
