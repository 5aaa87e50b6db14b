"""A run against two nodes that answer as a test says."""

import json
import time
from types import SimpleNamespace

import pytest

from podnet.acceptance import run as module
from podnet.acceptance.evidence import Evidence
from podnet.acceptance.names import identity_of
from podnet.acceptance.run import Run
from podnet.acceptance.steps import Wanted
from podnet.plan.tags import NODE

RUN = "eu-central-1-0a1b2c"
WANTED = Wanted(run=RUN, region="eu-central-1", nodes=2, instance_type="t3.small")
GREEN = {"pairs": 30, "passed": 30, "failed": [], "missing": {}, "checks": 90}
PROVED = {"holds": True, "absent": [], "unmodelled": [], "beside": [], "verdicts": []}


class Cloud:
    """Two nodes that are deployed and rolled, proofs and matrices by the word, and what is left."""

    identity = identity_of(RUN)

    def __init__(self):
        self.instances, self.deployed, self.destroyed = {}, [], 0
        self.proofs, self.matrices, self.left, self.launches = [], [], [], 0
        self.on_up = self.on_destroy = lambda: None

    def up(self, settings, seconds):
        assert seconds > 0
        self.deployed.append(settings)
        for name in ("node-1", "node-2"):
            if name not in self.instances or name in settings.get("podnet:roll", ""):
                self.launches += 1
                self.instances[name] = f"i-{self.launches}"
        self.on_up()

    def destroy(self, seconds):
        assert seconds > 0
        self.destroyed += 1
        self.on_destroy()

    def versions(self):
        return {}

    def proof(self, _seconds):
        return self.proofs.pop(0) if self.proofs else PROVED

    def matrix(self, _seconds):
        answer = self.matrices.pop(0) if self.matrices else GREEN
        if isinstance(answer, Exception):
            raise answer
        return answer

    def can_paginate(self, _name):
        return False

    def describe_instances(self, Filters):  # noqa: N803  # as boto3 calls them
        assert {"Name": "tag:podnet:stack", "Values": [self.identity]} in Filters
        found = [
            {"InstanceId": id_, "Tags": [{"Key": NODE, "Value": name}]}
            for name, id_ in self.instances.items()
        ]
        return {"Reservations": [{"Instances": found}]}


@pytest.fixture
def cloud(monkeypatch):
    cloud = Cloud()
    monkeypatch.setattr(module, "find", lambda _account, run: [*cloud.left] if run else None)
    monkeypatch.setattr(module, "POLL", 0.01)
    return cloud


@pytest.fixture
def go(cloud, tmp_path):
    """Runs to the end; whether it passed, and the evidence as it is in the file."""

    def going(limit=600.0):
        file = tmp_path / "evidence.json"
        passed = Run(
            wanted=WANTED,
            deployment=cloud,
            podnet=cloud,
            account=SimpleNamespace(ec2=cloud),
            evidence=Evidence(file=file, about={"run": RUN}),
            limit=time.monotonic() + limit,
        ).go()
        return passed, json.loads(file.read_text())

    return going


def results(evidence):
    return {step["name"]: step["result"] for step in evidence["steps"]}
