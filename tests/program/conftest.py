"""A cloud that only records: `FakeCloud`, and the one fixture that hands it out."""

from __future__ import annotations

import asyncio
import contextvars
import runpy
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws
import pulumi_kubernetes
import pytest
from pulumi.runtime import run_in_stack, set_all_config
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.settings import Settings, configure

from podnet.components import cluster_ready, routing_wait
from podnet.components.config import EXIT_AFTER_LOGGED_ERROR
from podnet.plan.tags import ROUTING
from tests.nodes import said
from tests.program.account import IDENTITY, Account, LookUp, instance_type, types_of_size
from tests.program.recording import RecordingLog, RecordingMonitor, Registered

# The SDK deprecates classes of its own while it is imported, which it puts off until an attribute
# is read. As an error such a warning would leave it half imported for every later test.
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    for module in (
        pulumi_aws.cloudwatch,
        pulumi_aws.ec2,
        pulumi_aws.iam,
        pulumi_aws.servicequotas,
        pulumi_aws.ssm,
        pulumi_aws.vpc,
        pulumi_kubernetes.apps.v1,
        pulumi_kubernetes.core.v1,
        pulumi_kubernetes.rbac.v1,
    ):
        hasattr(module, "Vpc")

KUBECONFIG = "the key of the kingdom"
HEADROOM = "quotas, at the peak of this deployment: "
PROJECT = Path(__file__).resolve().parents[2]


class FakeCloud(LookUp, Mocks):
    """Records every registration; refuses a look-up no test has answered.

    An answer is a value, or a function of the arguments. By default nothing is there yet.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            self.ZONES: {"names": ["eu-central-1b", "eu-central-1a", "eu-central-1c"]},
            self.PARTITION: {"partition": "aws"},
            self.TYPE: instance_type,
            self.TYPES: types_of_size,
            self.OFFERINGS: {
                "locations": [
                    "eu-central-1c",
                    "eu-central-1a",
                    "eu-central-1b",
                    "eu-central-1-x-1a",
                ]
            },
            self.IMAGE: {"id": "ami-0123456789abcdef0"},
            self.QUOTA: {"value": 500},
            self.VPCS: {"ids": []},
            self.INSTANCES: {"ids": [], "privateIps": []},
            self.SAID: self.said_by_nodes,
        }
        self.network_policies = ""
        self.names: dict[tuple[str, str], str] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.monitor = RecordingMonitor(self)
        self.log = RecordingLog()

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        outputs = dict(args.inputs)
        if args.typ.startswith("aws:iam/") and "policyArn" not in args.inputs:
            kind = args.typ.rpartition(":")[2]
            # A provider draws the names that the program leaves to it.
            outputs["name"] = self.names[kind, args.name] = f"{args.name}-{kind}-drawn"
        if args.typ == "aws:ec2/instance:Instance":
            outputs |= {
                "primaryNetworkInterfaceId": f"eni-{args.name}",
                "publicIp": f"public-{args.name}",
            }
        if args.typ == "aws:iam/role:Role":
            outputs["arn"] = f"arn:aws:iam::1:role/{args.name}"
        if args.typ == "aws:ec2/vpc:Vpc":
            outputs |= {"ownerId": "1", "region": "here"}
        if args.typ == "aws:cloudwatch/logGroup:LogGroup":
            outputs["arn"] = f"arn:aws:logs:here:1:log-group:{args.inputs['name']}"
        if args.typ == "aws:ssm/parameter:Parameter":
            outputs["arn"] = f"arn:aws:ssm:here:1:parameter{args.inputs['name']}"
        return f"{args.name}-id", outputs

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        if args.token not in self.answers:
            raise AssertionError(f"no answer for {args.token}({args.args})")
        self.calls.append((args.token, args.args))
        answer = self.answers[args.token]
        return answer(args.args) if callable(answer) else answer, []

    def said_by_nodes(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """What the nodes say that this deployment has assigned a routing."""
        if args["path"].endswith("/network-policies"):
            found = [self.network_policies] if self.network_policies else []
            return {"names": ["found"] * len(found), "values": found}
        assigned = {
            item.name.partition("-node-")[2]: item.inputs
            for item in self.of("Tag")
            if item.inputs["key"] == ROUTING
        }
        return {
            "names": [f"/podnet/{IDENTITY}/nodes/node-{number}" for number in assigned],
            "values": [said(tag["resourceId"], tag["value"]) for tag in assigned.values()],
        }

    def holds(self, *nodes: Mapping[str, str], **there: Any) -> FakeCloud:
        """Answer as an account with these instances, and what else an `Account` has."""
        self.answers |= Account(nodes, **there).answers()
        return self

    def has_cluster(self, nodes: int, kubeconfig: str = KUBECONFIG) -> FakeCloud:
        """Answer as a cloud whose control plane has made a cluster of so many nodes."""
        parameters = {"kubeconfig": kubeconfig, "settled": str(nodes)}
        self.answers[self.PARAMETER] = lambda args: {
            "value": parameters[args["name"].removeprefix(f"/podnet/{IDENTITY}/kubernetes/")]
        }
        return self

    def build(
        self,
        program: Callable[[], object],
        config: Mapping[str, str] | None = None,
        *,
        dry_run: bool = False,
    ) -> FakeCloud:
        """Run `program` as the engines run one, and drain every registration."""

        def run() -> None:
            configure(
                Settings(
                    project="podnet",
                    stack="test",
                    organization="organization",
                    monitor=self.monitor,
                    engine=self.log,
                    dry_run=dry_run,
                )
            )
            set_all_config(dict(config or {}))
            # A runner ends what a failed program leaves half done; forgotten, that would be
            # found as garbage in the middle of some later test.
            with asyncio.Runner() as runner, _monitor_thread() as thread:
                runner.get_loop().set_default_executor(thread)
                # What else fails, follows from the error that ends the program and is raised here.
                runner.get_loop().set_exception_handler(lambda _loop, _context: None)
                try:
                    runner.run(run_in_stack(lambda: _discard(program())))
                except SystemExit as exited:
                    if exited.code != EXIT_AFTER_LOGGED_ERROR:
                        raise
                    # As the CLI shows it: the errors that were logged, and no other.
                    raise pulumi.RunError("\n".join(self.errors)) from exited

        # The SDK keeps its settings in context variables; a copy ends with the test.
        contextvars.copy_context().run(run)
        return self

    def run_main(self, config: Mapping[str, str], *, dry_run: bool = False) -> FakeCloud:
        """Run the unmodified `__main__.py` with this configuration."""
        return self.build(
            lambda: runpy.run_path(str(PROJECT / "__main__.py"), run_name="__main__"),
            config,
            dry_run=dry_run,
        )

    def deploy(self, *, dry_run: bool = False, **settings: str) -> FakeCloud:
        """Run the unmodified `__main__.py` with these `podnet:` settings."""
        own = {f"podnet:{name}": value for name, value in settings.items()}
        return self.run_main({"aws:region": "eu-central-1", **own}, dry_run=dry_run)

    @property
    def resources(self) -> list[Registered]:
        """All but the stack itself."""
        return [item for item in self.monitor.registered if item.type != "pulumi:pulumi:Stack"]

    @property
    def said(self) -> list[tuple[str, str]]:
        """What the program said beside the headroom of quotas: how loud, and what."""
        return [
            (loud, text)
            for loud, text in self.log.said
            if loud != "debug" and not text.startswith(HEADROOM)
        ]

    @property
    def headroom(self) -> str:
        """What the program said of the headroom of quotas."""
        (text,) = (text for _, text in self.log.said if text.startswith(HEADROOM))
        return text.removeprefix(HEADROOM)

    @property
    def errors(self) -> list[str]:
        """The errors that the program logged."""
        return [text for loud, text in self.log.said if loud == "error"]

    @property
    def exports(self) -> dict[str, Any]:
        """What the stack exports."""
        return self.monitor.exports

    def of(self, kind: str) -> list[Registered]:
        """The resources whose type ends in `kind`."""
        return [item for item in self.resources if item.type.rpartition(":")[2] == kind]

    def inputs(self, kind: str) -> dict[str, dict[str, Any]]:
        """The inputs of those resources, by their names."""
        return {item.name: item.inputs for item in self.of(kind)}

    def sorted(self) -> list[Registered]:
        """Every resource; threads register them in no certain order."""
        return sorted(self.resources, key=lambda item: item.urn)

    def urns(self) -> set[str]:
        """The address of every resource."""
        return {item.urn for item in self.resources}


@contextmanager
def _monitor_thread() -> Iterator[ThreadPoolExecutor]:
    """The thread in which the monitor is called, with an event loop that is closed in the end.

    The SDK gives a loop to every thread that lacks one, and closes none of them.
    """
    thread = ThreadPoolExecutor(1, initializer=_open_loop)
    try:
        yield thread
    finally:
        thread.submit(lambda: asyncio.get_event_loop().close()).result()


def _open_loop() -> None:
    asyncio.set_event_loop(asyncio.new_event_loop())


def _discard(_: object) -> None:
    pass


@pytest.fixture
def cloud() -> FakeCloud:
    """A cloud nothing has been registered in."""
    return FakeCloud()


@pytest.fixture
def make_cloud() -> Callable[[], FakeCloud]:
    """For tests that compare two clouds."""
    return FakeCloud


@pytest.fixture(autouse=True)
def no_wait(monkeypatch):
    """Let neither nodes nor a cluster take their time; half a minute passes at each look."""

    async def sleep(_):
        pass

    for waiting in (routing_wait, cluster_ready):
        monkeypatch.setattr(waiting, "sleep", sleep)
        monkeypatch.setattr(waiting, "monotonic", iter(range(0, 10**9, 30)).__next__)
