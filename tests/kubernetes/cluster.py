"""A stack with a cluster, deployed as a person would, for tests to look at and to break."""

from __future__ import annotations

import json

from click.testing import CliRunner

import podnet.lab.commands  # noqa: F401  # registers the commands
from podnet.cli.app import app
from podnet.lab.cloud import lifecycle
from podnet.lab.drill import Traffic
from podnet.lab.images import kubernetes as image
from podnet.lab.nodes.endpoints import pod_endpoint
from podnet.lab.operations import deployment
from podnet.lab.operations.verification import verify
from podnet.lab.stack.engine import EngineKind
from podnet.lab.stack.lab_stack import LabStack
from podnet.plan.kubernetes import Parameters
from podnet.system.waiting import wait_until

SECONDS = 180


class Stack:
    """What a person would do with `podnet`, step by step."""

    def __init__(self, home, name):
        self.home, self.name = home, name
        image.ensure(home.image)
        self.lab_stack = LabStack(home, name, lifecycle.start(home), EngineKind.EMBEDDED)
        self.lab_stack.record()
        self.ec2, self.ssm = self.lab_stack.ec2, self.lab_stack.ssm
        self.parameters = Parameters(f"organization/podnet/{name}")
        self.verification = None

    def deploy(self, **settings):
        """Deploy with these settings for this once, and verify nothing."""
        once = {f"podnet:{key}": str(value).lower() for key, value in settings.items()}
        return deployment.up(self.lab_stack, once, log=False)

    def up(self, **settings):
        """Deploy with these settings for this once, and verify it."""
        return self.verify(self.deploy(**settings))

    def verify(self, summary=None):
        """Verify what was deployed last once more, waiting for what is not ready."""
        self.verification = verify(self.lab_stack, summary or self.verification.summary)
        return self.verification

    def probe(self):
        """One probe of what was verified last, as things are now."""
        return self.lab_stack.pods().probe(self.verification.nodes, self.verification.pods)

    def podnet(self, *words):
        """Run a command of `podnet` in this process, and return what it printed."""
        done = CliRunner().invoke(app, ["--lab", str(self.home.directory), *words])
        if done.exception is not None:
            raise done.exception
        return done.stdout

    def kubectl(self, *words, stdin=None):
        return self.lab_stack.kubectl().run(*words, stdin=stdin)

    def get(self, *words):
        return json.loads(self.kubectl("get", *words, "--output=json"))

    def cluster(self):
        return self.lab_stack.cluster()

    def settings(self):
        return self.lab_stack.settings()

    def node(self, name):
        """The running node, as it is now."""
        nodes = {each.name: each for each in self.lab_stack.running_nodes()}
        return nodes[name]

    def rebooted(self, name, pid):
        """Whether the node has another first process than this one."""
        try:
            return self.node(name).pid != pid
        except KeyError:
            return False

    def traffic(self):
        """Traffic between all pods, to be used in a `with` statement."""
        return self.traffic_between([pod_endpoint(pod) for pod in self.verification.pods])

    @staticmethod
    def traffic_between(ends):
        return Traffic(ends)

    def boots(self):
        return {node.name: node.boot_id for node in self.verification.nodes}

    @staticmethod
    def until(look, what, seconds=SECONDS):
        found = wait_until(look, seconds, poll=0.5)
        assert found, f"not within {seconds} s: {what}"
        return found


def failing(matrix):
    """The failed checks, a sentence each."""
    return [
        f"{each.source} to {each.target}, {each.check}: {each.reason}" for each in matrix.failed
    ]
