"""A bundle of a stack in an account: what its API says, and the consoles of its instances."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial

from podnet.account import stacks
from podnet.account.session import Client, client
from podnet.bundle.addresses import Addresses
from podnet.bundle.patterns import NAMED, PLAIN
from podnet.bundle.redaction import Redactor
from podnet.cli.bundle import api, nodes
from podnet.cli.bundle.write import Wanted, Written, opened
from podnet.cli.versions import versions
from podnet.plan.tags import NODE, STACK, short
from podnet.system.deadline import within
from podnet.system.progress import Progress
from podnet.world.model import Eni, Instance

BY_HAND = (
    "no node was asked: --nodes-by ssm does, or on the node `journalctl --boot --unit "
    "podnet-agent`, `nft list ruleset`, `ip route show table all` and `ethtool -S`"
)
LEAST = 8


def write(
    stack: str | None, vpc: str | None, region: str | None, wanted: Wanted, note: Progress
) -> Written:
    """Write the archive; raises `UserError` where the account cannot be read at all."""
    note("the account")
    found = stacks.find(stack, vpc, region)
    ec2, identity = client("ec2", found.region), found.vpc.tags[STACK]
    redactor = Redactor(environment())
    addresses = Addresses(found.vpc.cidrs) if wanted.hide_public_addresses else None
    with opened(wanted.output, short(identity), redactor, addresses) as archive:
        archive.attempt("versions.json", "of podnet and what it runs on", lambda: dict(versions()))
        place = f"region {found.region}"
        api.collect(
            archive, api.Described(ec2=ec2, identity=identity, place=place, vpc_id=found.vpc.id)
        )
        running: dict[str, str] = {}
        for name, instance in _named(found.world.attached(found.vpc.id), identity):
            note(name)
            archive.attempt(
                f"nodes/{name}/console.txt",
                "the console of its instance",
                partial(_console, ec2, instance.id),
            )
            if not wanted.nodes_by_ssm:
                archive.lacks(f"nodes/{name}", nodes.WHAT, BY_HAND)
            elif instance.state == "running":
                running[name] = instance.id
            else:
                archive.lacks(f"nodes/{name}", nodes.WHAT, f"it is {instance.state}")
        if running:
            note(f"{len(running)} nodes by Systems Manager")
            nodes.collect(archive, redactor, client("ssm", found.region), running)
    return Written.of(archive, redactor)


def _named(
    attached: Iterable[tuple[Instance, Eni]], identity: str
) -> Iterator[tuple[str, Instance]]:
    """The instances of the stack with names that no two of them share."""
    taken: set[str] = set()
    for instance, _ in attached:
        if instance.tags.get(STACK) == identity:
            name = instance.tags.get(NODE, instance.id)
            # A tag may hold anything, and this is the name of a folder.
            is_plain = nodes.NAME.fullmatch(name) and name not in taken
            taken.add(chosen := name if is_plain else instance.id)
            yield chosen, instance


def environment() -> Iterator[str]:
    """The secrets of the user's environment, by the names of its variables."""
    for name, value in os.environ.items():
        if NAMED.fullmatch(name) and len(value) >= LEAST and not PLAIN.fullmatch(value):
            yield value


def _console(ec2: Client, instance_id: str) -> str:
    answer = within(api.SECONDS, lambda: ec2.get_console_output(InstanceId=instance_id))
    if "Output" not in answer:
        raise LookupError("EC2 has none yet")
    return str(answer["Output"])
