"""One stack in one lab: its settings, clients, engine, nodes and pods, asked of one object."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from podnet.errors import UserError
from podnet.lab.clients import Client, client
from podnet.lab.engines.project import Project
from podnet.lab.home import PROJECT, Home
from podnet.lab.kubernetes.cluster import Cluster
from podnet.lab.kubernetes.kubectl import Kubectl, has_cluster
from podnet.lab.nodes.discovery import running_nodes
from podnet.lab.nodes.node import Node
from podnet.lab.providers.protocol import Provider
from podnet.lab.stack import engine, overrides, stacks
from podnet.lab.stack.engine import AnyEngine, EngineKind
from podnet.lab.stack.pods import BarePods, ClusterPods, StackPods
from podnet.plan.config import load
from podnet.plan.settings import Settings
from podnet.plan.tags import ORGANIZATION, identity
from podnet.system.netns import NAMESPACES
from podnet.system.progress import Progress

REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]{1,2}")
"""The form of the names of all regions (AWS General Reference, "Regional endpoints")."""


@dataclass(frozen=True)
class LabStack:
    """A stack in the lab behind `endpoint`; `wanted` is the engine that the user asks for."""

    home: Home
    name: str
    endpoint: str
    wanted: EngineKind = EngineKind.AUTO

    @cached_property
    def project(self) -> Project:
        """The project that declares the settings of all stacks."""
        return Project.load(PROJECT)

    @property
    def identity(self) -> str:
        """The stack as its tag and its SSM parameters name it."""
        return identity(ORGANIZATION, self.project.name, self.name)

    @cached_property
    def region(self) -> str:
        """The AWS region that the stack's configuration names."""
        config = self.project.config(self.name, {})
        if "aws:region" not in config:
            raise UserError(
                f"{self.project.stack_file(self.name)} has no aws:region; add one under config",
                rule="region-missing",
            )
        if not REGION.fullmatch(config["aws:region"]):
            raise UserError(
                f"aws:region {config['aws:region']!r} is not the name of a region; write it like "
                f"eu-central-1 in {self.project.stack_file(self.name)}",
                rule="region-malformed",
            )
        return config["aws:region"]

    @cached_property
    def ec2(self) -> Client:
        """EC2 of the lab's API."""
        return client("ec2", self.endpoint, self.region)

    @cached_property
    def ssm(self) -> Client:
        """SSM of the lab's API."""
        return client("ssm", self.endpoint, self.region)

    def overrides(self) -> dict[str, str]:
        """The settings that hold in this lab only, as they are saved now."""
        return overrides.load(self.home, self.name)

    def save(self, config: Mapping[str, str]) -> None:
        """Save settings for this and all later deployments into this lab."""
        overrides.save(self.home, self.name, self.project, config)

    def config(self, once: Mapping[str, str] | None = None) -> dict[str, str]:
        """All that goes over the stack's own configuration; `once` holds for one run."""
        return overrides.merged(self.home, self.name, self.project, once)

    def settings(self, once: Mapping[str, str] | None = None) -> Settings:
        """The settings of a deployment now; raises `UserError` with every problem."""
        whole = self.project.config(self.name, self.config(once))
        try:
            return load(whole)
        except ValueError as error:
            raise UserError(str(error), rule="settings-invalid") from error

    def record(self) -> None:
        """Write down that this stack is deployed, by which engine, and that it is the current one.

        Raises `UserError` where another engine has deployed it.
        """
        engine.record(self.home, self.name, self.wanted)
        stacks.select(self.home, self.name)

    def choose_plugins(self, wanted: Mapping[str, str | None]) -> None:
        """Keep which provider plugins the Pulumi CLI takes in this lab; None leaves one as it is.

        Raises `UserError` where a path is no program, or another engine deploys this stack.
        """
        chosen = {name: value for name, value in wanted.items() if value is not None}
        if not chosen:
            return
        if engine.choose(self.home, self.name, self.wanted) is not EngineKind.PULUMI:
            raise UserError(
                f"--{next(iter(chosen))}-provider is for the Pulumi CLI, and the embedded engine "
                f"deploys stack {self.name}; add --engine pulumi",
                rule="provider-plugin-needs-pulumi",
            )
        from podnet.lab.engines.pulumi import plugins  # noqa: PLC0415  # loads slowly

        plugins.choose(self.home.pulumi, chosen)

    def engine(
        self, note: Progress | None = None, once: Mapping[str, str] | None = None
    ) -> AnyEngine:
        """The engine that deploys this stack, with `once` over its settings."""
        config = self.config(once)
        listen = engine.progress(note) if note else None
        # As whoever deploys to AWS does, the provider reaches a cluster from the internet.
        namespace = NAMESPACES / self.home.internet_namespace
        chosen = engine.choose(self.home, self.name, self.wanted)
        # Commands that deploy nothing load neither engine: each takes longer than such a command.
        if chosen is EngineKind.PULUMI:
            from podnet.lab.engines.pulumi.cli import PulumiCli  # noqa: PLC0415  # loads slowly

            return PulumiCli(
                PROJECT,
                self.name,
                self.home.pulumi,
                self.endpoint,
                self.region,
                listen,
                config,
                namespace=namespace,
            )
        from podnet.lab.engines.adoption import Account  # noqa: PLC0415  # loads slowly
        from podnet.lab.engines.embedded import Engine  # noqa: PLC0415  # loads slowly
        from podnet.lab.providers.aws import PATIENCE, AwsProvider  # noqa: PLC0415  # loads slowly
        from podnet.lab.providers.kubernetes import KubernetesProvider  # noqa: PLC0415  # loads slowly

        providers: dict[str, Provider] = {
            "aws": AwsProvider(self.endpoint, self.region, patience=PATIENCE * self.home.patience),
            "kubernetes": KubernetesProvider(namespace),
        }
        return Engine(
            PROJECT,
            self.name,
            self.home.state(self.name),
            providers,
            listen,
            config,
            account=Account(self.endpoint, self.region),
        )

    def running_nodes(self) -> list[Node]:
        """The nodes that run, by name."""
        return running_nodes(self.home, self.ec2, self.identity)

    def nodes(self) -> list[Node]:
        """The nodes that run; raises `UserError` where none does."""
        nodes = self.running_nodes()
        if not nodes:
            raise UserError(
                f"stack {self.name} has no running node; `podnet up --stack {self.name}` "
                "deploys it",
                rule="no-running-node",
            )
        times = Counter(node.name for node in nodes)
        if twice := [f"{each.name} {each.instance_id}" for each in nodes if times[each.name] > 1]:
            raise UserError(
                f"stack {self.name} has more than one running instance of a node: "
                f"{', '.join(twice)}; terminate those that the stack's state does not record",
                rule="node-twice",
            )
        return nodes

    def node(self, name: str) -> Node:
        """The running node of this name; raises `UserError` where there is none."""
        nodes = {node.name: node for node in self.nodes()}
        if name not in nodes:
            raise UserError(
                f"there is no running node {name!r}; running: {', '.join(nodes)}",
                rule="node-unknown",
            )
        return nodes[name]

    def cluster(self) -> Cluster | None:
        """The Kubernetes cluster; None for a stack that is deployed without one."""
        if not has_cluster(self.ssm, self.identity):
            return None
        return Cluster(
            kubectl=self.kubectl, region=self.region, stack=self.name, settings=self.settings()
        )

    def kubectl(self) -> Kubectl:
        """Kubectl for the cluster; raises `UserError` where there is none, or none yet."""
        return Kubectl.of(self.home, self.identity, self.ssm)

    def pods(self) -> StackPods:
        """The pods of this stack, as it is deployed."""
        cluster = self.cluster()
        return ClusterPods(self.home, cluster) if cluster else BarePods(self.home)

    def require_bare(self) -> None:
        """Raise `UserError` for a stack whose pods belong to its cluster."""
        if self.cluster():
            raise UserError(
                f"the pods of stack {self.name} belong to its cluster: "
                f"`podnet kubectl --stack {self.name} -- run …` starts one",
                rule="pods-of-a-cluster",
            )
