"""Engines that run the Pulumi program: the embedded one and the Pulumi CLI."""
