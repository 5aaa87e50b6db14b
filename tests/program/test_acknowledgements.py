"""The parameters in which nodes say what they have applied, and who may write them."""

import json

STACK = "/podnet/organization/podnet/test"
ARN = f"arn:aws:ssm:*:*:parameter{STACK}"
CLUSTER = {"kubernetes": "kubeadm", "routing": "overlay", "nodeCount": "2"}


def parameters(cloud):
    return {
        name: item
        for name, item in cloud.inputs("Parameter").items()
        if name.startswith("acknowledgements-")
    }


def writable(cloud):
    """What the roles may write, by the name of the policy."""
    found = {}
    for name, item in cloud.inputs("RolePolicy").items():
        for statement in json.loads(item["policy"])["Statement"]:
            if statement["Action"] == "ssm:PutParameter":
                found.setdefault(name, []).append(statement["Resource"])
    return found


def test_each_node_has_a_parameter_of_its_own_whose_value_is_the_nodes(cloud):
    cloud.deploy(zones="2", nodeCount="[2, 1]", routing="overlay")

    assert {name: item["name"] for name, item in parameters(cloud).items()} == {
        "acknowledgements-a-node-1": f"{STACK}/nodes/node-1",
        "acknowledgements-a-node-2": f"{STACK}/nodes/node-2",
        "acknowledgements-b-node-65": f"{STACK}/nodes/node-65",
    }
    ignored = {
        item.ignore_changes for item in cloud.of("Parameter") if item.name in parameters(cloud)
    }
    assert ignored == {("value",)}


def test_nodes_may_write_these_parameters_and_no_other(cloud):
    cloud.deploy()

    assert writable(cloud) == {"nodes-acknowledgements": [f"{ARN}/nodes/*"]}


def test_every_role_of_a_cluster_may_write_them(cloud):
    cloud.has_cluster(2).deploy(**CLUSTER)

    found = writable(cloud)
    assert found["nodes-acknowledgements"] == [f"{ARN}/nodes/*"]
    assert found["nodes-control-plane-acknowledgements"] == [f"{ARN}/nodes/*"]


def test_a_node_is_gone_before_its_parameter_which_it_would_make_again(cloud):
    cloud.deploy()
    made = {item.name: item.urn for item in cloud.of("Parameter")}

    assert len(cloud.of("Instance")) == 2
    for instance in cloud.of("Instance"):
        own = instance.name.replace("nodes-", "acknowledgements-")
        assert made[own] in instance.depends_on
