"""Who is late, from the parameters of nodes."""

from podnet.plan.laggards import by_node, laggards
from tests.nodes import said

OVERLAY = "overlay zones=1 vni=1 port=8472"


def test_parameters_say_who_is_late():
    values = by_node(
        [
            ("/podnet/s/nodes/node-1", said("i-1", OVERLAY)),
            ("/podnet/s/nodes/node-2", said("i-2", None)),
        ]
    )

    assert values.keys() == {"node-1", "node-2"}
    assert laggards(OVERLAY, {"node-1": "i-1", "node-2": "i-2"}, values).keys() == {"node-2"}
    assert laggards(OVERLAY, {"node-1": "i-9"}, values).keys() == {"node-1"}
