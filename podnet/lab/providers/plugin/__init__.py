"""Shared by the lab's plugins of the Pulumi CLI: the protocol, the process, the installation."""

from podnet.lab.providers.plugin.install import install
from podnet.lab.providers.plugin.serve import serve
from podnet.lab.providers.plugin.servicer import Servicer

__all__ = ["Servicer", "install", "serve"]
