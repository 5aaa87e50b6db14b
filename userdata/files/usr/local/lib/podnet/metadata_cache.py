"""What a node has from the metadata service, kept in files for when it does not answer.

Unknown is not default: before the service has answered, and without a file that can be read, there
is no value, and the agent leaves the kernel as it is.
"""

import os
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Generic, TypeVar

from links import has_gre
from podnet.plan.address import AddressPlan
from podnet.plan.routing import Routing

T = TypeVar("T")


class Cached(Generic[T]):
    """A value that is asked for, in a file."""

    def __init__(
        self, file: Path, ask: Callable[[], str], parse: Callable[[str], T], pause: int = 0
    ) -> None:
        self.file = file
        self.ask = ask
        self.parse = parse
        self.pause = pause
        """How many polls an answer is good for."""
        self.value: T | None = None
        self.wait = 0

    def refresh(self) -> str:
        """Ask; returns what was said if it changed, and raises where the last value stays."""
        if self.wait:
            self.wait -= 1
            return ""
        unreadable = ""
        if self.value is None:
            try:
                self.value = self._kept()
            except (OSError, ValueError) as error:
                unreadable = f"; {self.file} cannot be read either: {error}"
        try:
            text = self.ask()
            value = self.parse(text)
        except (OSError, LookupError, ValueError) as error:
            kept = "; the last one stays" if self.value else "; nothing is changed before"
            raise OSError(f"{error}{unreadable}{kept}") from error
        changed, self.value = value != self.value, value
        if changed or not self._is_kept(value):
            draft = self.file.with_suffix(".new")
            draft.write_text(f"{text}\n")
            draft.replace(self.file)
        self.wait = self.pause
        return text if changed else ""

    def _kept(self) -> T | None:
        try:
            return self.parse(self.file.read_text().strip())
        except FileNotFoundError:
            return None

    def _is_kept(self, value: T) -> bool:
        try:
            return self._kept() == value
        except (OSError, ValueError):
            return False


def parse_address(plan: AddressPlan) -> Callable[[str], IPv4Address]:
    """A node's address in a text; raises where the rule gives it to no node."""

    def parse(text: str) -> IPv4Address:
        address = IPv4Address(text)
        plan.block(address)
        return address

    return parse


def parse_routing(
    plan: AddressPlan, own: Callable[[], IPv4Address | None]
) -> Callable[[str], Routing]:
    """The routing in a tag; raises where it leaves out the node that reads it, or its kernel."""

    def parse(text: str) -> Routing:
        routing = Routing.parse(text)
        if (address := own()) and plan.zone(address) >= routing.zones:
            raise ValueError(f"{text!r} has no room for this node, {address}")
        if routing.variant.gre and not has_gre():
            raise ValueError(
                f"{text!r} needs GRE, which kernel {os.uname().release} of {address} lacks; use an "
                "image whose kernel has ip_gre, or set podnet:encapsulation to vxlan"
            )
        return routing

    return parse
