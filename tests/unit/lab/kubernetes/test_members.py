"""Node objects in words."""

from podnet.lab.kubernetes.members import members, not_ready


def node(name, ready="True", block="10.1.1.0/24", **more):
    condition = {"type": "Ready", "status": ready, "message": f"{name} says {ready}"}
    return {
        "metadata": {"name": name},
        "spec": {"podCIDR": block, **more},
        "status": {
            "conditions": [condition],
            "nodeInfo": {"kubeletVersion": "v1.36.0", "bootID": f"{name}-1"},
        },
    }


def test_a_node_is_reported_with_its_version_and_block():
    found = members([node("node-1"), node("node-2", unschedulable=True)])

    assert (found["node-1"].version, found["node-1"].block) == ("v1.36.0", "10.1.1.0/24")
    assert (found["node-1"].schedulable, found["node-2"].schedulable) == (True, False)
    assert found["node-1"].why_not_ready is None


def test_each_late_node_has_its_own_reason():
    new = {"metadata": {"name": "node-4"}, "status": {}}
    found = members([node("node-1"), node("node-2", ready="False"), node("node-3", block=""), new])

    wanted = {f"node-{number}": f"node-{number}-1" for number in range(1, 6)}

    assert not_ready(found, wanted) == {
        "node-2": "node-2 says False",
        "node-3": "it has no podCIDR yet",
        "node-4": "its kubelet has not reported yet",
        "node-5": "it has not joined the cluster",
    }


def test_what_a_kubelet_said_before_its_node_booted_does_not_count():
    found = members([node("node-1")])

    assert not_ready(found, {"node-1": "node-1-1"}) == {}
    assert not_ready(found, {"node-1": "node-1-2"}) == {
        "node-1": "its kubelet has not reported since it booted"
    }
