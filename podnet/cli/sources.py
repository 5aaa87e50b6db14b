"""Where a command that proves on paper takes its world from: an account, a file or the lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Protocol, TypeVar

import click

from podnet.account import quotas as account_quotas
from podnet.account import stacks
from podnet.cli import app
from podnet.cli.app import show
from podnet.cli.plan_file import planned
from podnet.errors import UserError
from podnet.plan.quotas.quota import Quota
from podnet.plan.tags import STACK
from podnet.probe import Matrix, Result
from podnet.verify.choice import choose, subject
from podnet.verify.subject import Subject
from podnet.verify.walk import End
from podnet.world import saved

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--stack",
        help="A stack by name, or as ORGANISATION/PROJECT/STACK; the current one of the lab, or "
        "the only one there, by default.",
    ),
    click.option(
        "--live", is_flag=True, help="Read an AWS account, by the AWS CLI's own credentials."
    ),
    click.option("--region", help="The region of --live; by default the AWS CLI's own."),
    click.option("--vpc", metavar="ID", help="The VPC, where several have the stack's tags."),
    click.option(
        "--file",
        type=click.Path(path_type=Path),
        help="A world that --save wrote, instead of an API.",
    ),
    click.option(
        "--plan",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="What `pulumi preview --json --show-sames` wrote; - for standard input.",
    ),
    click.option(
        "--nodes",
        metavar="NUMBERS",
        help="Nodes that must be there, as in 1-3; by default what the VPC's tag says.",
    ),
)


def source_options(command: Command) -> Command:
    """Give a command the options that are the fields of a `Source`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


class Lab(Protocol):
    """What a lab gives to commands that prove on paper: one stack in it."""

    def subject(self) -> Subject:
        """The stack as the lab's API describes it."""
        ...

    def pods(self) -> Mapping[str, IPv4Address]:
        """The addresses of its pods by name."""
        ...

    def send(self, source: End, target: End) -> Sequence[Result]:
        """What the probe sees of packets between two ends, both ways."""
        ...

    def matrix(self) -> Matrix:
        """What the probe sees of packets between all pairs."""
        ...

    def limits(self, quotas: Sequence[Quota]) -> Mapping[Quota, int]:
        """The quotas of the lab's account."""
        ...


@dataclass(frozen=True, kw_only=True)
class Source:
    """What the options of a command say about the world that is meant."""

    stack: str | None
    live: bool
    region: str | None
    vpc: str | None
    file: Path | None
    plan: Path | None
    nodes: str | None

    def subject(self) -> Subject:
        """The stack that is meant, read from where it is; raises `UserError`."""
        self._check()
        if self.plan:
            return planned(self.plan)
        if self.file:
            world = saved.load(self.file)
            return subject(
                world, choose(world.vpcs, self.stack, self.vpc, str(self.file)), self.nodes
            )
        if self.live:
            found = stacks.find(self.stack, self.vpc, self.region)
            others = f", one of {found.count} stacks there" if found.count > 1 else ""
            show(f"stack {found.vpc.tags[STACK]} ({found.vpc.id}) in {found.region}{others}")
            return subject(found.world, found.vpc, self.nodes)
        return self._lab.subject()

    def pods(self) -> Mapping[str, IPv4Address]:
        """The addresses of pods by name, where a lab knows them."""
        return {} if self.reads_alone else self._lab.pods()

    def check_packets(self, *, packets: bool) -> None:
        """Refuse packets where there is no lab that could send them."""
        if packets and self.reads_alone:
            raise UserError(
                "--packets sends them in the lab, and --live, --file and --plan read alone; leave "
                "one out",
                rule="packets-without-lab",
            )

    def send(self, source: End, target: End) -> Sequence[Result]:
        """What the lab's probe sees of packets between two ends, both ways."""
        return self._lab.send(source, target)

    def matrix(self) -> Matrix:
        """What the lab's probe sees of packets between all pairs."""
        return self._lab.matrix()

    def limits(self, quotas: Sequence[Quota]) -> Mapping[Quota, int]:
        """Those of the account's own quotas that can be read; none where no account is asked."""
        if self.live:
            return account_quotas.limits(quotas, self.region)
        return {} if self.reads_alone else self._lab.limits(quotas)

    @property
    def reads_alone(self) -> bool:
        """Whether no lab is asked, which could send packets."""
        return bool(self.live or self.file or self.plan)

    @property
    def origin(self) -> str:
        """Where the world comes from, in a sentence."""
        if self.live:
            return "As EC2 describes it."
        if self.file or self.plan:
            return f"As {(self.file or self.plan or Path()).name} holds it."
        return "As the lab's API describes it."

    @cached_property
    def _lab(self) -> Lab:
        if not app.LABS:
            raise UserError(
                "the lab is not installed here (`pip install podnet[lab]`); --live proves an AWS "
                "account, and --file a saved world",
                rule="lab-not-installed",
            )
        found: Lab = import_module(app.LABS[-1]).of_stack(self.stack)
        return found

    def _check(self) -> None:
        if sum(map(bool, (self.live, self.file, self.plan))) > 1:
            raise UserError(
                "--live reads an account, --file a world and --plan a preview; give one of them",
                rule="source-ambiguous",
            )
        if self.plan and self.stack:
            raise UserError(
                "--plan is of one stack, which the preview chose; leave out --stack",
                rule="plan-with-stack",
            )
        if self.region and not self.live:
            raise UserError("--region is for --live; add it", rule="region-without-live")
        if (self.vpc or self.nodes) and not (self.live or self.file):
            raise UserError(
                "--vpc and --nodes are for --live and --file: the lab knows its stacks; add one "
                "of them",
                rule="source-without-live",
            )
