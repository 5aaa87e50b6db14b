"""The rules about ranges in which pods are seen under their own addresses."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from podnet.plan.problem import Problem
from podnet.plan.settings import Settings

MOST = 8
"""With so many, the longest routing tag has less than the 256 characters that AWS takes."""
UNUSABLE = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3")))
"""Ranges without hosts elsewhere; the metadata service is in the third."""


def problems(settings: Settings) -> Iterator[Problem]:
    """Every rule about these ranges that is broken; the VPC itself may have some of them."""
    ranges = settings.unmasqueraded_cidrs
    if len(ranges) > MOST:
        yield Problem(
            rule="unmasqueraded-too-many",
            text=f"unmasqueradedCidrs has {len(ranges)} ranges, more than the {MOST} that a "
            "node's tag has room for; name fewer and larger ones",
            about=("unmasqueradedCidrs",),
        )
    for one, two in combinations(sorted(ranges), 2):
        if two.subnet_of(one):
            yield Problem(
                rule="unmasqueraded-twice",
                text=f"unmasqueradedCidrs has {two}, and {one} holds all of it; leave one out",
                about=("unmasqueradedCidrs",),
            )
    own = {"podCidr": settings.pod_cidr}
    if settings.has_cluster:
        own["serviceCidr"] = settings.service_cidr
    for one in sorted({*ranges}):
        for name, other in own.items():
            if one.overlaps(other):
                yield Problem(
                    rule="unmasqueraded-overlaps",
                    text=f"unmasqueradedCidrs {one} overlaps {name} {other}, in which no other "
                    "host can be; name ranges that share no address with it",
                    about=("unmasqueradedCidrs", name),
                )
        if bad := [str(other) for other in UNUSABLE if one.overlaps(other)]:
            yield Problem(
                rule="unmasqueraded-unusable",
                text=f"unmasqueradedCidrs {one} overlaps {', '.join(bad)}, where no other network "
                "has hosts; name ranges of networks that know the way to pods",
                about=("unmasqueradedCidrs",),
            )
