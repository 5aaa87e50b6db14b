"""Every setting of a routing mode that is refused, with its whole message."""

from __future__ import annotations

import pytest

from podnet.plan import config
from podnet.plan.config import SettingsError

BAD = {
    "host-gw in several zones": ({"routing": "host-gw", "zones": "3"}, "host-gw-one-zone"),
    "l2 ethernet on AWS": (
        {"routing": "l2", "nodeRangePrefix": "27", "uplink": "ethernet"},
        "ethernet-needs-switch",
    ),
    "l2 ethernet in several zones": (
        {
            "routing": "l2",
            "nodeRangePrefix": "28",
            "uplink": "ethernet",
            "fabric": "switch",
            "zones": "2",
        },
        "ethernet-one-zone",
    ),
    "an uplink without l2": ({"uplink": "ethernet", "fabric": "switch"}, "ethernet-needs-l2"),
    "unknown uplink": (
        {"routing": "l2", "nodeRangePrefix": "27", "uplink": "gre"},
        "choice-unknown",
    ),
    "unknown fabric": ({"fabric": "hub"}, "choice-unknown"),
    "more possible nodes than l2 takes": ({"routing": "l2"}, "node-range-l2"),
    "more possible nodes in all zones than l2 takes": (
        {"routing": "l2", "nodeRangePrefix": "27", "zones": "2"},
        "node-range-l2",
    ),
    "unknown encapsulation": ({"routing": "overlay", "encapsulation": "geneve"}, "choice-unknown"),
    "GRE without a mode": ({"encapsulation": "gre"}, "gre-needs-overlay"),
    "GRE in host-gw": ({"routing": "host-gw", "encapsulation": "gre"}, "gre-needs-overlay"),
    "GRE in l2": (
        {"routing": "l2", "nodeRangePrefix": "27", "encapsulation": "gre"},
        "gre-needs-overlay",
    ),
    "a reserved port with GRE": (
        {"routing": "overlay", "encapsulation": "gre", "vxlanPort": "53"},
        "vxlan-port-reserved",
    ),
    "no VNI": ({"vni": "0"}, "vni-range"),
    "a VNI beyond 24 bits": ({"vni": "16777215"}, "vni-range"),
    "no port": ({"vxlanPort": "0"}, "vxlan-port-range"),
    "a port beyond 16 bits": ({"vxlanPort": "65536"}, "vxlan-port-range"),
    "a port of something else": ({"vxlanPort": "22"}, "vxlan-port-reserved"),
    "crossZoneOnly without overlay": ({"crossZoneOnly": "true"}, "cross-zone-only-needs-overlay"),
    "rolling nodes there are not": (
        {"roll": '["node-1", "node-4", "node-9"]', "nodeCount": "3"},
        "roll-unknown-node",
    ),
    "rolling a node there is not beside one": (
        {"roll": '["node-2"]', "nodeCount": "1"},
        "roll-unknown-node",
    ),
    "rolling no list": ({"roll": "node-1"}, "node-names-not-a-list"),
    "rolling by number": ({"roll": "[1]"}, "node-names-not-a-list"),
    "rolling what is no node": ({"roll": '["node-01"]'}, "node-names-not-a-list"),
}


@pytest.mark.parametrize(("values", "rule"), BAD.values(), ids=BAD)
def test_bad_input_is_the_one_problem(values, rule):
    with pytest.raises(SettingsError) as caught:
        config.load({f"podnet:{name}": value for name, value in values.items()})

    (problem,) = caught.value.problems
    assert problem.rule == rule
    assert all(name in problem.text for name in problem.about[:1])
