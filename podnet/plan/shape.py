"""What a node is made of beside its type: root volume, policies of its role, security groups."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from podnet.plan import parsing
from podnet.plan.problem import BadValueError

VOLUME_TYPES = ("gp3", "gp2")
"""Types that need no number of operations (EBS User Guide, "Amazon EBS volume types")."""
SMALLEST, LARGEST = 1, 16_384
"""Sizes in GiB of those types, from the same page."""
MOST_POLICIES = 24
"""A role takes 25 policies at most (IAM User Guide, "IAM and AWS STS quotas"), Session Manager's is
one of them."""
MOST_GROUPS = 15
"""An interface takes 16 groups at most (VPC User Guide, "Amazon VPC quotas"), podnet's is one."""
IN_CLUSTER = 20
"""GiB of a node's disk in a cluster: the images of its containers fill Debian's 8 GiB."""
KMS_KEY = re.compile(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[A-Za-z0-9/_-]+|alias/[A-Za-z0-9/_-]+"
    r"|(mrk-)?[0-9a-f][0-9a-f-]{31,35}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RootVolume:
    """The root volume of new nodes."""

    size: int | None = None
    """GiB; None for 20 in a cluster, else what the image has."""
    type: str = VOLUME_TYPES[0]
    kms_key_id: str | None = None
    """Key of the encryption; None for the account's own key for EBS."""

    def gib(self, image: int | None, *, cluster: bool) -> int | None:
        """The size to ask for, where the image needs so much; None for that of the image."""
        if self.size is not None or not cluster:
            return self.size
        return max(IN_CLUSTER, image or 0)


def root_volume(raw: str) -> RootVolume:
    """An object of size, type and kmsKeyId."""
    value = parsing.read_json(raw)
    known = {"size", "type", "kmsKeyId"}
    if not isinstance(value, dict) or value.keys() - known:
        raise BadValueError(
            f"{raw!r} is not an object of {', '.join(sorted(known))}; write it like "
            "{size: 30, type: gp3}",
            rule="root-volume-form",
        )
    size, kind, key = value.get("size"), value.get("type", "gp3"), value.get("kmsKeyId")
    if size is not None and (type(size) is not int or not SMALLEST <= size <= LARGEST):
        raise BadValueError(
            f"size {size!r}: it is a number of GiB from {SMALLEST} to {LARGEST:,}",
            rule="root-volume-size",
        )
    if kind not in VOLUME_TYPES:
        raise BadValueError(
            f"type {kind!r}: podnet makes {' and '.join(VOLUME_TYPES)} volumes",
            rule="root-volume-type",
        )
    if key is not None and not (isinstance(key, str) and KMS_KEY.fullmatch(key)):
        raise BadValueError(
            f"kmsKeyId {key!r} is neither the id nor the ARN of a key of KMS, nor an alias/…",
            rule="root-volume-key",
        )
    return RootVolume(size=size, type=kind, kms_key_id=key)


def _listed(what: str, form: str, most: int, example: str) -> Callable[[str], tuple[str, ...]]:
    def parser(raw: str) -> tuple[str, ...]:
        value = parsing.read_json(raw)
        if not isinstance(value, list) or not all(
            isinstance(item, str) and re.fullmatch(form, item) for item in value
        ):
            raise BadValueError(
                f"{raw!r} is not a list of {what}; write it like [{example}]",
                rule="list-of-ids-form",
            )
        if len(found := tuple(dict.fromkeys(value))) > most:
            raise BadValueError(
                f"has {len(found)} {what}; AWS leaves podnet {most} on request, and no more",
                rule="list-of-ids-too-long",
            )
        return found

    return parser


policies = _listed(
    "ARNs of IAM policies",
    r"arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\w+=,.@/-]+",
    MOST_POLICIES,
    "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
)
security_groups = _listed(
    "ids of security groups", r"sg-([0-9a-f]{8}|[0-9a-f]{17})", MOST_GROUPS, "sg-0123456789abcdef0"
)
