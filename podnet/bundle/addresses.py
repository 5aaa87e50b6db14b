"""Takes public addresses out of text, each replaced by the same other one everywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, ip_address

SPARE = IPv4Network("198.18.0.0/15")
"""Stands for them: addresses that are nobody's on the internet (RFC 2544)."""
IPV4_BITS = 32
_V4 = re.compile(
    r"(?<!\d)(?<!\d[.])(\d{1,3}([.-])\d{1,3}(?:\2\d{1,3}){2})(?:/(\d\d?))?(?!\d|[.-]\d)"
)
_V6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:.])")


class Addresses:
    """Replaces public addresses but for those in `kept` ranges, which are the VPC's own."""

    def __init__(self, kept: Iterable[IPv4Network] = ()) -> None:
        self._kept = tuple(kept)
        self._found: dict[str, str] = {}

    def text(self, text: str) -> str:
        """The text without them; in names of hosts their dashes stay."""
        return _V6.sub(self._v6, _V4.sub(self._v4, text))

    def _v4(self, found: re.Match[str]) -> str:
        text, dash = found[1].replace("-", "."), found[2]
        try:
            address = IPv4Address(text)
        except ValueError:
            return found[0]
        if not address.is_global or any(address in each for each in self._kept):
            return found[0]
        if text not in self._found:
            self._found[text] = str(SPARE[len(self._found) + 1])
        other = self._found[text]
        if found[3] and int(found[3]) < IPV4_BITS:
            # A range must begin where its length says.
            other = str(IPv4Network(f"{other}/{found[3]}", strict=False)[0])
        return other.replace(".", dash) + (f"/{found[3]}" if found[3] else "")

    def _v6(self, found: re.Match[str]) -> str:
        try:
            address = ip_address(found[0])
        except ValueError:
            return found[0]
        if not address.is_global:
            return found[0]
        if str(address) not in self._found:
            self._found[str(address)] = f"2001:db8::{len(self._found) + 1:x}"
        return self._found[str(address)]
