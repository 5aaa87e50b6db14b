"""Other numbers than the defaults work too: nothing is hard-wired."""

import pytest

pytestmark = pytest.mark.lab

NUMBERS = {
    "vpcCidr": "172.20.4.0/22",
    "podCidr": "10.64.0.0/12",
    "podBlockPrefix": 26,
    "serviceCidr": "10.96.0.0/12",
    "subnetPrefix": 24,
    "nodeRangePrefix": 25,
    "nodeCount": [2, 1, 1],
    "zones": 3,
}


def test_other_ranges_small_blocks_and_three_zones_are_green(make_lab):
    lab = make_lab()

    lab.up(**NUMBERS)

    assert lab.red() == set()
    assert {
        name: (node["privateIp"], node["podBlock"]) for name, node in lab.outputs["nodes"].items()
    } == {
        "node-1": ("172.20.4.11", "10.64.0.64/26"),
        "node-2": ("172.20.4.12", "10.64.0.128/26"),
        "node-129": ("172.20.5.11", "10.64.32.64/26"),
        "node-257": ("172.20.6.11", "10.64.64.64/26"),
    }
