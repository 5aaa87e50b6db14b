"""The tables that a cluster needs, beside the filters of other programs."""

from collections.abc import Iterator
from pathlib import Path

from filters import Filters
from machine import Node, run
from podnet.plan.routing import Routing

FIREWALL = Path("/etc/podnet/kubernetes.nft")
"""What closes the ports of the node, loaded before the kubelet starts."""
CLOSED = ("inet", "podnet-kubernetes", "input")
PROXY = ("ip", "kube-proxy")


class ClusterFilters(Filters):
    """Keeps the node's firewall too, and names kube-proxy's table when it is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.proxied = self.lost = False
        """Whether kube-proxy's table has been there, and is there no more."""

    def keep(self, node: Node, routing: Routing) -> str:
        """Keep what any node keeps, and load the firewall where it is gone."""
        done = super().keep(node, routing)
        proxied = PROXY in {key[:2] for key in self.chains}
        self.lost = self.proxied and not proxied
        self.proxied |= proxied
        if CLOSED in self.chains or not FIREWALL.exists():
            return done
        run("nft", "-f", str(FIREWALL))
        return "; ".join(filter(None, [done, f"loaded {FIREWALL}"]))

    def dropped(self, node: Node, _: Routing) -> Iterator[str]:
        """The rules of others that drop packets of pods, and those that Services lack."""
        if self.lost:
            yield "nftables table ip kube-proxy is gone; change a Service or restart kube-proxy"
        yield from super().dropped(node, _)
