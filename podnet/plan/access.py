"""Parsers of who may connect: ranges of addresses, and the public keys of SSH."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable
from ipaddress import IPv4Network

from podnet.plan import parsing
from podnet.plan.problem import BadValueError

WIDEST = 8
KEY_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
"""What Debian 12's sshd takes as a user's key (sshd(8), "AUTHORIZED_KEYS FILE FORMAT")."""


def cidrs(what: str) -> Callable[[str], tuple[IPv4Network, ...]]:
    """A parser of the ranges from which something is reachable; none of them is wide."""

    def parser(raw: str) -> tuple[IPv4Network, ...]:
        ranges = parsing.cidrs(raw)
        for item in ranges:
            if item.prefixlen < WIDEST:
                whole = "the whole internet" if item.prefixlen == 0 else "much of the internet"
                raise BadValueError(
                    f"'{item}' opens {what} to {whole}; name the ranges you connect from, none "
                    f"wider than a /{WIDEST}",
                    rule="cidr-too-wide",
                )
        return ranges

    return parser


def ssh_keys(raw: str) -> tuple[str, ...]:
    """A list of public keys as files of OpenSSH have them, without options."""
    value = parsing.read_json(raw)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BadValueError(
            f"{raw!r} is not a list of public keys; write it like [ssh-ed25519 AAAA… me@here]",
            rule="ssh-keys-not-a-list",
        )
    for key in value:
        if why := _why_no_key(key):
            raise BadValueError(
                f"{key!r} is no public key of OpenSSH: {why}; write the line of a file such as "
                "~/.ssh/id_ed25519.pub",
                rule="ssh-key-form",
            )
    return tuple(dict.fromkeys(value))


def _why_no_key(key: str) -> str | None:
    """What is wrong with a line; a key names its type twice, the second time in its base64."""
    if "PRIVATE KEY" in key:
        return "it is a private one, which must stay where it is"
    kind, _, rest = key.partition(" ")
    if kind not in KEY_TYPES:
        return f"it must begin with its type, one of {', '.join(KEY_TYPES)}, without options"
    data, _, comment = rest.partition(" ")
    try:
        blob = b64decode(data, validate=True)
    except Error:
        blob = b""
    length = int.from_bytes(blob[:4], "big")
    if blob[4 : 4 + length] != kind.encode() or len(blob) <= 4 + length:
        return "what follows the type is not the key of that type in base64"
    if not re.fullmatch(r"[\x20-\x7e\u00a1-\U0010ffff]*", comment):
        return "its comment must be one line of printable characters"
    return None
