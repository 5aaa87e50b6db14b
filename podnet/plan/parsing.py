"""Parsers of the raw text of one setting; each raises `BadValueError`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import TypeVar

from podnet.plan.kubernetes import unsupported_reason
from podnet.plan.names import node_number
from podnet.plan.problem import BadValueError

E = TypeVar("E", bound=StrEnum)

# Tag limits: AWS Tagging User Guide, "Tag naming limits and requirements"; the program adds
# up to six keys of its own.
MOST_TAGS = 44
LONGEST_KEY = 128
LONGEST_VALUE = 256
# What both the keys of tags in instance metadata (EC2 User Guide, "View tags for your EC2
# instances using instance metadata") and those of IAM roles (IAM API, Tag) may hold.
TAG_KEY = re.compile(r"[A-Za-z0-9+\-=._:@]+")
TAG_VALUE = re.compile(r"[\w .:/=+\-@]*")


def cidr(raw: str) -> IPv4Network:
    """An IPv4 range in CIDR form without host bits."""
    try:
        network = ip_network(raw, strict=False)
    except ValueError:
        raise BadValueError(
            f"{raw!r} is not an IPv4 range; write it like 10.1.0.0/16", rule="cidr-unreadable"
        ) from None
    if isinstance(network, IPv6Network):
        raise BadValueError(
            f"{raw!r} is IPv6; podnet routes IPv4 pods, give an IPv4 range", rule="cidr-ipv6"
        )
    if "/" not in raw:
        raise BadValueError(
            f"{raw!r} has no prefix length; add one, as in 10.1.0.0/16", rule="cidr-without-prefix"
        )
    if str(network) == raw:
        return network
    if str(network.network_address) != raw.partition("/")[0]:
        raise BadValueError(
            f"{raw!r} has host bits set; the range is {network}", rule="cidr-host-bits"
        )
    raise BadValueError(f"{raw!r} is not in CIDR form; write it {network}", rule="cidr-form")


def integer(raw: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"-?[0-9]{1,9}", raw):
        raise BadValueError(
            f"{raw!r} is not a whole number of at most nine digits", rule="integer-unreadable"
        )
    return int(raw)


def counts(raw: str) -> int | tuple[int, ...]:
    """A number of nodes for every zone, or a list with one for each."""
    value = read_json(raw)
    if not isinstance(value, list):
        return integer(raw)
    if not all(isinstance(item, int) and not isinstance(item, bool) for item in value):
        raise BadValueError(
            f"{raw!r} is not a list of whole numbers; write it like [3, 1, 1], or 3 for every zone",
            rule="counts-not-a-list",
        )
    return tuple(integer(str(item)) for item in value)


def boolean(raw: str) -> bool:
    """`true` or `false`, as Pulumi writes them."""
    try:
        return {"true": True, "false": False}[raw.lower()]
    except KeyError:
        raise BadValueError(
            f"{raw!r} is neither true nor false", rule="boolean-unreadable"
        ) from None


def one_of(kind: type[E]) -> Callable[[str], E]:
    """A parser of the values of an enumeration."""

    def parser(raw: str) -> E:
        try:
            return kind(raw)
        except ValueError:
            raise BadValueError(
                f"{raw!r} is unknown; known: {', '.join(kind)}", rule="choice-unknown"
            ) from None

    return parser


def instance_type(raw: str) -> str:
    """An EC2 instance type such as t3.small."""
    if not re.fullmatch(r"[a-z][a-z0-9-]*\.[a-z0-9-]+", raw):
        raise BadValueError(
            f"{raw!r} is not an instance type; write it like t3.small", rule="instance-type-form"
        )
    return raw


def image_id(raw: str) -> str | None:
    """The id of a machine image, or nothing for the one that is looked up."""
    if not raw:
        return None
    if not re.fullmatch(r"ami-([0-9a-f]{8}|[0-9a-f]{17})", raw):
        raise BadValueError(
            f"{raw!r} is not an image id; write it like ami-0123456789abcdef0, "
            "or leave it out for the newest Debian 12",
            rule="image-id-form",
        )
    return raw


def key_name(raw: str) -> str | None:
    """The name of an EC2 key pair, or nothing for none."""
    if not raw:
        return None
    # EC2 API, CreateKeyPair: up to 255 ASCII characters, no space before or after them.
    if not re.fullmatch(r"[!-~]([ -~]{0,253}[!-~])?", raw):
        raise BadValueError(
            f"{raw!r} is not the name of a key pair; write one that `aws ec2 describe-key-pairs` "
            "lists, or leave it out for none",
            rule="key-name-form",
        )
    return raw


def kubernetes_version(raw: str) -> str:
    """A version of Kubernetes that nodes can run."""
    if reason := unsupported_reason(raw):
        raise BadValueError(reason, rule="kubernetes-version-unsupported")
    return raw


def pinned_image(raw: str) -> str:
    """A container image whose digest says which one it is."""
    if not re.fullmatch(r"[a-z0-9.-]+(:[0-9]+)?(/[\w.-]+)+(:[\w.-]+)?@sha256:[0-9a-f]{64}", raw):
        raise BadValueError(
            f"{raw!r} is not a container image pinned by its digest; write it like "
            "registry.example/path/name:tag@sha256:..., since a tag alone can be moved to "
            "another image",
            rule="image-not-pinned",
        )
    return raw


def tags(raw: str) -> Mapping[str, str]:
    """A map of tags for every resource."""
    value = read_json(raw)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise BadValueError(
            f"{raw!r} is not a map of text to text; write it like {{team: network}}, "
            "numbers in quotes",
            rule="tags-not-a-map",
        )
    if len(value) > MOST_TAGS:
        raise BadValueError(
            f"has {len(value)} tags; AWS takes 50 a resource and podnet sets six",
            rule="tags-too-many",
        )
    for key, item in value.items():
        check_tag(key, item)
    return value


def default_tags(raw: str) -> Mapping[str, str]:
    """The tags of `aws:defaultTags`, which the provider puts on every resource, nodes as well.

    What is not written as the provider wants it is the provider's to refuse.
    """
    value = read_json(raw)
    found = value.get("tags") if isinstance(value, dict) else None
    # Pulumi keeps a nested value of a provider as JSON text in some forms of its configuration.
    read = read_json(found) if isinstance(found, str) else found
    if not isinstance(read, dict):
        return {}
    tags = {key: each if isinstance(each, str) else json.dumps(each) for key, each in read.items()}
    for key, each in tags.items():
        check_tag(key, each)
    return tags


def cidrs(raw: str) -> tuple[IPv4Network, ...]:
    """A list of IPv4 ranges."""
    value = read_json(raw)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadValueError(
            f"{raw!r} is not a list of ranges; write it like [203.0.113.0/24]",
            rule="cidrs-not-a-list",
        )
    return tuple(cidr(item) for item in value)


def node_names(raw: str) -> tuple[str, ...]:
    """Names of nodes, as in node-1."""
    value = read_json(raw)
    if not isinstance(value, list) or not all(
        isinstance(item, str) and node_number(item) for item in value
    ):
        raise BadValueError(
            f"{raw!r} is not a list of nodes; write it like [node-1]", rule="node-names-not-a-list"
        )
    return tuple(dict.fromkeys(value))


def zone_names(raw: str) -> tuple[str, ...]:
    """Availability zones by the names that AWS gives them, one for each zone in order."""
    value = read_json(raw)
    if not isinstance(value, list) or not all(
        isinstance(item, str) and re.fullmatch(r"[a-z]{2,}(-[a-z0-9]+)+", item) for item in value
    ):
        raise BadValueError(
            f"{raw!r} is not a list of availability zones; write it like [eu-central-1a]",
            rule="zone-names-not-a-list",
        )
    if twice := sorted({item for item in value if value.count(item) > 1}):
        raise BadValueError(
            f"names {', '.join(twice)} twice; name another zone for each",
            rule="zone-names-twice",
        )
    return tuple(value)


def check_tag(key: str, value: str) -> None:
    """Raise `BadValueError` for a tag that a node, its role or its metadata cannot have."""
    if not 1 <= len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
        raise BadValueError(
            f"{key!r}: a key has 1 to {LONGEST_KEY} characters, a value at most {LONGEST_VALUE}",
            rule="tag-length",
        )
    if key.lower().startswith("aws:"):
        raise BadValueError(
            f"{key!r}: AWS keeps keys that begin with aws: to itself", rule="tag-of-aws"
        )
    if key == "Name" or key.startswith("podnet:"):
        raise BadValueError(
            f"{key!r}: podnet sets this key itself; choose another", rule="tag-of-podnet"
        )
    if not TAG_KEY.fullmatch(key) or key in (".", "..", "_index"):
        raise BadValueError(
            f"{key!r}: nodes read their tags from the metadata service, which takes "
            "letters, digits and + - = . _ : @ in a key",
            rule="tag-key-characters",
        )
    if not TAG_VALUE.fullmatch(value):
        raise BadValueError(
            f"{key!r}: {value!r} holds more than AWS takes in the tags of a role: "
            "letters, digits, spaces and + - = . _ : / @",
            rule="tag-value-characters",
        )


def read_json(raw: str) -> object:
    """The value of a list or map; text that is neither stands for itself."""
    try:
        return json.loads(raw)
    except ValueError:  # a number too long for Python is one too
        return raw
