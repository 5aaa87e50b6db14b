"""Pods on the lab's nodes, attached as a container runtime attaches them."""

from lab.pods.cni import CniError
from lab.pods.pods import Container, Pod, PodError, Pods, check_name

__all__ = ["CniError", "Container", "Pod", "PodError", "Pods", "check_name"]
