"""Protocols of security group rules."""

from __future__ import annotations

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.refusals.registry import rule

NAMES = ("tcp", "udp", "icmp", "icmpv6", "-1")
LAST = 255
"""The largest number in the field of an IP header."""


@rule("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress", "ModifySecurityGroupRules")
def protocol_is_known(call: Call, ec2: Client) -> None:
    """A rule names one of four protocols, or any by its number; moto takes every word.

    The error is as in hashicorp/terraform-provider-aws#1793.
    """
    del ec2
    for name, value in call.parameters.items():
        if not name.endswith("IpProtocol") or value in NAMES:
            continue
        if not (value.isascii() and value.isdigit() and int(value) <= LAST):
            raise ApiError(
                "InvalidParameterValue",
                f"Invalid value '{value}' for IP protocol. Unknown protocol.",
            )
