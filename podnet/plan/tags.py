"""Tag keys: the contract between the program, the nodes, and the commands that look for them."""

from __future__ import annotations

STACK = "podnet:stack"
"""The `identity` of the stack."""
NODE = "podnet:node"
"""Name of the node."""
NETWORK = "podnet:network"
"""`Settings.fingerprint` that a node was created with; another value needs another node."""
VERSION = "podnet:version"
"""Version of the user data that a node was created with; a later one leaves the node alone."""
FILES = "podnet:files"
"""SHA-256 of the release that a node is to run; read by the node, and changed while it runs."""
ROUTING = "podnet:routing"
"""Routing assigned to a node; read by the node, and changed while it runs."""
SETTLED = "podnet:settled"
"""On the VPC: the routing that all nodes have said they applied."""
NODES = "podnet:nodes"
"""On the VPC: which nodes the stack is to have, as `plan.nodes.listed` writes them."""
POD_ROUTES = "podnet:pod-routes"
"""On the VPC: that the stack has routes to pods in it, or may have some that it is to delete."""


ORGANIZATION = "organization"
"""What a backend without organisations calls its one (pulumi/pulumi, pkg/backend/diy)."""


def identity(organization: str, project: str, stack: str) -> str:
    """A stack as its tag and its SSM parameters name it, as the CLI does when asked for the whole.

    Pulumi keeps each part to letters, digits, hyphens, underscores and periods, all of which tags
    and parameters take (pulumi/pulumi, sdk/go/common/tokens).
    """
    return f"{organization}/{project}/{stack}"


def short(identity: str) -> str:
    """The name of the stack in its project."""
    return identity.rpartition("/")[2]
