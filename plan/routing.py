"""The words of `podnet:routing`."""

from enum import StrEnum


class RoutingMode(StrEnum):
    """Who forwards pod packets between nodes."""

    VPC_ROUTES = "vpc-routes"
    HOST_GW = "host-gw"
    OVERLAY = "overlay"
    L2 = "l2"


AVAILABLE = (RoutingMode.VPC_ROUTES,)
"""Modes this version can deploy; the others are known words, refused with that reason."""
