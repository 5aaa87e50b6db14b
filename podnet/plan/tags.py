"""Tag keys: the contract between the program, the nodes, and the commands that look for them."""

from __future__ import annotations

STACK = "podnet:stack"
PROJECT = "podnet:project"
"""On the VPC: the Pulumi project of the stack, since another project may have one of its name."""
NODE = "podnet:node"
"""Name of the node."""
NETWORK = "podnet:network"
"""`Settings.fingerprint` that a node was created with; another value needs another node."""
VERSION = "podnet:version"
"""Version of the files that a node was created with; a later one leaves the node alone."""
ROUTING = "podnet:routing"
"""Routing assigned to a node; read by the node, and changed while it runs."""
SETTLED = "podnet:settled"
"""On the VPC: the routing that all nodes have had time to apply."""
