"""Pods on the lab's nodes, attached as a container runtime attaches them."""

from podnet.lab.nodes.pods.pods import Pod, PodError, Pods, check_name
from podnet.lab.nodes.pods.ports import HostPort
from podnet.probe.endpoint import Container
from podnet.system.cni import CniError

__all__ = ["CniError", "Container", "HostPort", "Pod", "PodError", "Pods", "check_name"]
