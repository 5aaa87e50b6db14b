"""Pulumi providers for the lab's APIs, and the protocol by which both engines call them."""
