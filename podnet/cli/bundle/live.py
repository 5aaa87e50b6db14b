"""A bundle of a stack in an account: what its API says, and the consoles of its instances."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from podnet.account import stacks
from podnet.account.session import Client, client
from podnet.bundle.addresses import Addresses
from podnet.bundle.patterns import NAMED, PLAIN
from podnet.bundle.redaction import Redactor
from podnet.cli.bundle import api
from podnet.cli.bundle.write import Wanted, Written, opened
from podnet.cli.versions import versions
from podnet.plan.tags import NODE, STACK, short
from podnet.system.deadline import within
from podnet.system.progress import Progress

BY_HAND = (
    "no node of an account is asked; on the node, `journalctl --boot --unit podnet-agent`, "
    "`nft list ruleset`, `ip route show table all` and `ethtool -S` say it"
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
        for instance, _ in found.world.attached(found.vpc.id):
            if instance.tags.get(STACK) != identity:
                continue
            name = instance.tags.get(NODE, instance.id)
            note(name)
            archive.attempt(
                f"nodes/{name}/console.txt",
                "the console of its instance",
                partial(_console, ec2, instance.id),
            )
            archive.lacks(f"nodes/{name}", "what the node itself shows", BY_HAND)
    return Written.of(archive, redactor)


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
