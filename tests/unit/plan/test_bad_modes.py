"""Every setting of a routing mode that is refused, with its whole message."""

from __future__ import annotations

import pytest

from plan.settings import Settings, SettingsError

BAD = {
    "host-gw in several zones": (
        {"routing": "host-gw", "zones": "3"},
        (
            "podnet:routing host-gw takes 1 zone, got zones 3: a frame for a node in another "
            "subnet goes to the VPC router, which knows no pod route; use vpc-routes, overlay "
            "(with crossZoneOnly it forwards as host-gw inside a subnet) or l2, or 1 zone"
        ),
    ),
    "l2 ethernet on AWS": (
        {"routing": "l2", "maxNodes": "32", "uplink": "ethernet"},
        (
            "podnet:uplink ethernet cannot work in a VPC, which carries no broadcast and drops "
            "frames of MACs that are not of its own interfaces, so pods could not find each other; "
            "use uplink vxlan (a lab on this machine carries it with `podnet up --fabric switch`)"
        ),
    ),
    "l2 ethernet in several zones": (
        {
            "routing": "l2",
            "maxNodes": "32",
            "uplink": "ethernet",
            "fabric": "switch",
            "zones": "2",
        },
        (
            "podnet:uplink ethernet takes 1 zone, got zones 2: frames do not leave their subnet; "
            "use uplink vxlan, or 1 zone"
        ),
    ),
    "an uplink without l2": (
        {"uplink": "ethernet", "fabric": "switch"},
        "podnet:uplink ethernet is for routing l2, got routing vpc-routes; leave it out, or use l2",
    ),
    "unknown uplink": (
        {"routing": "l2", "maxNodes": "32", "uplink": "gre"},
        "podnet:uplink 'gre' is unknown; known: vxlan, ethernet",
    ),
    "unknown fabric": ({"fabric": "hub"}, "podnet:fabric 'hub' is unknown; known: vpc, switch"),
    "more nodes than maxNodes": (
        {"nodeCount": "11", "maxNodes": "10"},
        (
            "podnet:nodeCount 11 is more than maxNodes 10, and nodes know no peer beyond that; "
            "use fewer nodes or a larger maxNodes"
        ),
    ),
    "more nodes than maxNodes in l2": (
        {"routing": "l2", "nodeCount": "11", "maxNodes": "10"},
        (
            "podnet:nodeCount 11 is more than maxNodes 10, and nodes know no peer beyond that; "
            "use fewer nodes or a larger maxNodes"
        ),
    ),
    "more nodes than l2 takes": (
        {"routing": "l2", "nodeCount": "33", "maxNodes": "32"},
        (
            "podnet:nodeCount 33 is more than maxNodes 32, and nodes know no peer beyond that; "
            "use fewer nodes or another mode"
        ),
    ),
    "maxNodes beyond what l2 takes": (
        {"routing": "l2", "maxNodes": "33"},
        (
            "podnet:maxNodes 33 is more than the 32 that routing l2 takes, since each broadcast of "
            "a pod is copied to every possible node; set maxNodes to 32 or less, or use another "
            "mode"
        ),
    ),
    "no possible node": ({"maxNodes": "0"}, "podnet:maxNodes must be 1 to 1000, got 0"),
    "too many possible nodes": (
        {"maxNodes": "1001"},
        "podnet:maxNodes must be 1 to 1000, got 1001",
    ),
    "unknown encapsulation": (
        {"routing": "overlay", "encapsulation": "geneve"},
        "podnet:encapsulation 'geneve' is unknown; known: vxlan",
    ),
    "no VNI": ({"vni": "0"}, "podnet:vni must be 1 to 16777214, got 0 (l2 uses the next one too)"),
    "a VNI beyond 24 bits": (
        {"vni": "16777215"},
        "podnet:vni must be 1 to 16777214, got 16777215 (l2 uses the next one too)",
    ),
    "no port": ({"vxlanPort": "0"}, "podnet:vxlanPort must be 1 to 65535, got 0"),
    "a port beyond 16 bits": (
        {"vxlanPort": "65536"},
        "podnet:vxlanPort must be 1 to 65535, got 65536",
    ),
    "a port of something else": (
        {"vxlanPort": "22"},
        (
            "podnet:vxlanPort 22 is the port of SSH; use 8472, Linux's own for VXLAN, 4789 or "
            "another free port"
        ),
    ),
    "crossZoneOnly without overlay": (
        {"crossZoneOnly": "true"},
        (
            "podnet:crossZoneOnly is for routing overlay, got routing vpc-routes; leave it out, or "
            "use overlay"
        ),
    ),
    "rolling nodes there are not": (
        {"roll": '["node-1", "node-4", "node-9"]', "nodeCount": "3"},
        "podnet:roll names node-4, node-9, but the stack has node-1 to node-3",
    ),
    "rolling a node there is not beside one": (
        {"roll": '["node-2"]', "nodeCount": "1"},
        "podnet:roll names node-2, but the stack has node-1 alone",
    ),
    "rolling no list": (
        {"roll": "node-1"},
        "podnet:roll 'node-1' is not a list of nodes; write it like [node-1]",
    ),
    "rolling by number": (
        {"roll": "[1]"},
        "podnet:roll '[1]' is not a list of nodes; write it like [node-1]",
    ),
    "rolling what is no node": (
        {"roll": '["node-01"]'},
        "podnet:roll '[\"node-01\"]' is not a list of nodes; write it like [node-1]",
    ),
}


@pytest.mark.parametrize(("values", "problem"), BAD.values(), ids=BAD)
def test_bad_input_is_the_one_problem_told(values, problem):
    with pytest.raises(SettingsError) as caught:
        Settings.from_config({f"podnet:{name}": value for name, value in values.items()})

    assert caught.value.problems == [problem]
