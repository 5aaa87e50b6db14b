"""The command line `podnet`: the lab from deployment to verdict."""

from lab.cli import (
    cluster_commands,
    kubernetes_commands,
    pod_commands,
    roll_commands,
    stack_commands,
    switch_commands,
)
from lab.cli.app import app, main

__all__ = [
    "app",
    "cluster_commands",
    "kubernetes_commands",
    "main",
    "pod_commands",
    "roll_commands",
    "stack_commands",
    "switch_commands",
]
