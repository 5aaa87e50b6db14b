"""Links of network namespaces that tests make."""

import json

from podnet.system.commands import run
from podnet.system.waiting import wait_until

SECONDS = 10


def wait_until_up(namespace, link):
    """Wait until a bridge forwards what a port sends, as the plugin `bridge` does.

    The kernel lets a port forward when it gets to its queue of link events, a second after the link
    is up where other programs change many links (plugins, bridge.go, "check bridge port state").
    """

    def is_up():
        listed = json.loads(run("ip", "-n", namespace, "-j", "link", "show", link))
        return listed[0]["operstate"] == "UP"

    assert wait_until(is_up, SECONDS, poll=0.02), f"{link} of {namespace} does not come up"
