"""The whole program with a cluster, on moto, beside a control plane that is made up."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from podnet.lab.engines.embedded import Engine
from podnet.lab.providers.aws import AwsProvider
from podnet.plan.kubernetes import Parameters
from tests.refusals import refused
from tests.unit.lab.providers.aws.conftest import REGION, client

pytestmark = pytest.mark.slow

STACK = "kubernetes"
IDENTITY = f"organization/podnet/{STACK}"
NAMES = Parameters(IDENTITY)
KUBECONFIG, JOIN = "the key of the kingdom", "the way in"


class ControlPlane(threading.Thread):
    """Writes what a control plane writes, and lets nodes go that nobody wants any more."""

    def __init__(self, endpoint: str, region: str = REGION) -> None:
        super().__init__(daemon=True)
        self.ssm, self.ec2 = (client(endpoint, service, region) for service in ("ssm", "ec2"))
        self.over = threading.Event()
        self.kubeconfig = KUBECONFIG
        self.drained: dict[str, set[str]] = {}
        """The nodes that existed when the cluster had last reached a count."""

    def run(self) -> None:
        while not self.over.wait(0.2):
            try:
                self.poll()
            except self.ssm.exceptions.ParameterNotFound:
                continue

    def poll(self) -> None:
        if not self.nodes():
            return
        for name, value in ((NAMES.join, JOIN), (NAMES.kubeconfig, self.kubeconfig)):
            if self.read(name) == "none":
                self.write(name, value, "SecureString")
        if self.read(NAMES.settled) != (wanted := self.read(NAMES.nodes)):
            # Draining takes its time, in which nobody may take a node away.
            self.over.wait(1)
            self.drained[wanted] = self.nodes()
            self.write(NAMES.settled, wanted, "String")

    def instances(self) -> dict[str, str]:
        """The instances that run, by the names of their nodes."""
        found = self.ec2.describe_instances(
            Filters=[
                {"Name": "tag:podnet:stack", "Values": [IDENTITY]},
                {"Name": "instance-state-name", "Values": ["running"]},
            ]
        )
        return {
            tag["Value"]: instance["InstanceId"]
            for group in found["Reservations"]
            for instance in group["Instances"]
            for tag in instance["Tags"]
            if tag["Key"] == "podnet:node"
        }

    def nodes(self) -> set[str]:
        """The names of the nodes that run."""
        return set(self.instances())

    def read(self, name: str) -> str:
        value: str = self.ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
        return value

    def write(self, name: str, value: str, kind: str) -> None:
        self.ssm.put_parameter(Name=name, Value=value, Type=kind, Overwrite=True)


@pytest.fixture
def control(endpoint) -> Iterator[ControlPlane]:
    thread = ControlPlane(endpoint)
    thread.start()
    yield thread
    thread.over.set()
    thread.join()


@pytest.fixture
def engine(project, endpoint, image):
    """The engine of a stack with so many nodes; what it made is taken away in the end."""
    provider = AwsProvider(endpoint, REGION, patience=3)
    state = project.with_name("state.json")

    def of(nodes: int = 3, **settings: str) -> Engine:
        config = {
            "podnet:kubernetes": "kubeadm",
            "podnet:routing": "overlay",
            "podnet:nodeCount": str(nodes),
            "podnet:imageId": image,
            "podnet:clusterTimeoutSeconds": "30",
            "podnet:protectControlPlane": "false",
        }
        own = {f"podnet:{name}": value for name, value in settings.items()}
        return Engine(project, STACK, state, {"aws": provider}, config={**config, **own})

    of.state = state
    yield of
    of().destroy()


def test_a_cluster_is_made_kept_shrunk_and_destroyed_with_nothing_secret_in_clear(engine, control):
    made = engine().up()

    assert made.outputs["kubeconfig"] == "[secret]"
    assert control.nodes() == {"node-1", "node-2", "node-3"}
    assert engine().up().changes == ()
    engine().refresh()
    assert engine().up().changes == ()
    assert control.read(NAMES.kubeconfig) == KUBECONFIG
    assert control.read(NAMES.join) == JOIN
    for secret in (KUBECONFIG, JOIN):
        assert secret not in engine.state.read_text()

    engine(nodes=2).up()

    assert control.drained["2"] == {"node-1", "node-2", "node-3"}
    assert control.nodes() == {"node-1", "node-2"}

    engine(nodes=2).destroy()

    assert control.ssm.describe_parameters()["Parameters"] == []


@pytest.mark.parametrize("end", ["lost", "rolled"])
def test_a_new_control_plane_is_not_taken_for_ready_by_what_the_former_one_wrote(
    engine, control, end
):
    engine(nodes=1).up()
    control.kubeconfig = "another key"

    if end == "lost":
        control.ec2.terminate_instances(InstanceIds=[*control.instances().values()])
        engine(nodes=1).refresh()
        engine(nodes=1).up()
    else:
        engine(nodes=1, kubernetesVersion="1.36.1", roll='["node-1"]').up()

    assert control.read(NAMES.kubeconfig) == "another key"


def test_a_stopped_control_plane_is_neither_replaced_nor_started(engine, control, caplog):
    made = engine(nodes=2).up().outputs["nodes"]
    (stopped,) = (each["instanceId"] for name, each in made.items() if name == "node-1")
    control.ec2.stop_instances(InstanceIds=[stopped])
    engine(nodes=2).refresh()
    counts = engine(nodes=2).preview().counts
    engine(nodes=2).up()

    assert not {"create", "replace", "delete"} & {op for op, count in counts.items() if count}
    assert f"`aws ec2 start-instances --instance-ids {stopped}`" in caplog.text
    assert engine(nodes=2).outputs()["nodes"]["node-1"]["instanceId"] == stopped
    assert control.nodes() == {"node-2"}


def test_a_protected_control_plane_outlives_destroy_and_termination(engine, control):
    made = engine(nodes=2, protectControlPlane="true").up().outputs["nodes"]
    with refused("resource-protected") as caught:
        engine(nodes=2).destroy()
    with pytest.raises(ClientError, match="disableApiTermination"):
        control.ec2.terminate_instances(InstanceIds=[made["node-1"]["instanceId"]])

    assert "node-1" in str(caught.value)
    assert control.nodes() == {"node-1", "node-2"}
    off = engine(nodes=2).up()
    assert {(step.op, step.name) for step in off.changes} == {("update", "nodes-a-node-1")}
