"""What the lab's plugins of the Pulumi CLI share: the protocol, the process, the place."""

from lab.plugin.install import install
from lab.plugin.serve import serve
from lab.plugin.servicer import Servicer

__all__ = ["Servicer", "install", "serve"]
