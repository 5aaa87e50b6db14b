"""Names and numbers in the kernel, each derived from the id of what it stands for.

Nothing is allocated or stored, so any process can find any piece again.
"""

from __future__ import annotations

import re

from podnet.lab.home import Home

_ROLES = r"vpc-[0-9a-z]+|eni-[0-9a-z]+|internet"
_FIRST_TABLE = 1 << 10


def vpc_namespace(home: Home, vpc_id: str) -> str:
    return home.namespace(f"vpc-{vpc_id[-6:]}")


def port_namespace(home: Home, eni_id: str) -> str:
    return home.namespace(f"eni-{eni_id[-8:]}")


def role(home: Home, namespace: str) -> str | None:
    """`vpc`, `eni` or `internet` for a namespace of this lab's fabric."""
    found = re.fullmatch(f"lab-({_ROLES})-{home.id}", namespace)
    return found and found[1].partition("-")[0]


def bridge(subnet_id: str) -> str:
    return f"br-{subnet_id[-8:]}"


def port(eni_id: str) -> str:
    """The fabric's side of an interface."""
    return f"eni-{eni_id[-8:]}"


def uplink(gateway_id: str) -> str:
    """Both ends of an internet gateway's link, in the VPC's namespace and in the internet's."""
    return f"igw-{gateway_id[-8:]}"


def router_mac(subnet_id: str) -> str:
    """A fixed MAC for the router; a bridge without one changes it as ports come and go."""
    digits = f"{int(subnet_id[-6:], 16):06x}"
    return f"02:70:6e:{digits[:2]}:{digits[2:4]}:{digits[4:]}"


def table(route_table_id: str) -> int:
    """Number of a route table, beyond those the kernel keeps for itself."""
    return _FIRST_TABLE + int(route_table_id[-7:], 16)
