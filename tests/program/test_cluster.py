"""What a stack with a cluster registers: parameters, roles, and nothing secret in clear."""

from __future__ import annotations

import bz2
import gzip
import json
from base64 import b64decode

import pytest
import yaml

from podnet.plan import config
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.settings import Settings
from podnet.userdata import release
from tests.program.conftest import KUBECONFIG

ROOT = "/podnet/organization/podnet/test/kubernetes"
ARN = f"arn:aws:ssm:here:1:parameter{ROOT}"
FILES = Settings(kubernetes=Kubernetes.KUBEADM)
SHORT = release.digest(FILES)[:12]
PIECES = release.pieces(FILES)
CLUSTER = {"kubernetes": "kubeadm", "nodeCount": "3"}
SESSIONS = {
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
}


@pytest.fixture
def cluster(cloud):
    """A stack of three nodes, as deployed where the cluster is there at once."""
    return cloud.has_cluster(3).deploy(**CLUSTER)


def parameters(cloud):
    """Every parameter by its name in Systems Manager: (type, value)."""
    return {
        item["name"]: (item["type"], item["value"]) for item in cloud.inputs("Parameter").values()
    }


def statements(cloud, name):
    """What a policy allows, as (effect, action, resources) in any order."""
    policy = json.loads(cloud.inputs("RolePolicy")[name]["policy"])
    assert policy["Version"] == "2012-10-17"
    return {
        (item["Effect"], item["Action"], tuple(sorted(item["Resource"])))
        for item in policy["Statement"]
    }


def node(number):
    """A node that is there and was made for this network."""
    return {
        "address": f"192.168.1.{10 + number}",
        "image": "ami-1",
        "podnet:routing": "vpc-routes zones=1 vni=1 port=8472",
        "podnet:network": config.load(
            {f"podnet:{name}": value for name, value in CLUSTER.items()}
        ).fingerprint,
        "podnet:version": "0000000000",
        "podnet:files": release.digest(FILES),
    }


def test_a_stack_without_a_cluster_has_nothing_of_one(cloud):
    cloud.deploy()

    assert not cloud.of("Cluster")
    assert {name.partition("-")[0] for name in cloud.inputs("Parameter")} == {
        "acknowledgements",
        "release",
    }
    assert set(cloud.inputs("RolePolicy")) == {"nodes-files", "nodes-acknowledgements"}
    assert not cloud.exports.keys() & {"kubeconfig", "endpoint", "cloudController"}
    assert {token for token, _ in cloud.calls if "ssm" in token} == {cloud.SAID}


def test_nodes_and_program_meet_at_parameters_below_the_name_of_the_stack(cluster):
    assert parameters(cluster) == {
        f"{ROOT}/nodes": ("String", "3"),
        f"{ROOT}/settled": ("String", "0"),
        f"{ROOT}/join": ("SecureString", "none"),
        f"{ROOT}/kubeconfig": ("SecureString", "none"),
        f"{ROOT}/network-policies/found": ("String", "none"),
        **{
            f"{ROOT.removesuffix('/kubernetes')}/files/{SHORT}/{number}": ("String", piece)
            for number, piece in enumerate(PIECES, start=1)
        },
        **{
            f"{ROOT.removesuffix('/kubernetes')}/nodes/node-{number}": ("String", "none")
            for number in (1, 2, 3)
        },
    }


def test_the_control_plane_reads_what_is_wanted_and_writes_what_others_read(cluster):
    assert statements(cluster, "nodes-control-plane-cluster") == {
        ("Allow", "ssm:GetParameter", (f"{ARN}/nodes",)),
        (
            "Allow",
            "ssm:PutParameter",
            (
                f"{ARN}/join",
                f"{ARN}/kubeconfig",
                f"{ARN}/network-policies/found",
                f"{ARN}/settled",
            ),
        ),
    }


def test_the_other_nodes_read_with_what_to_join_and_write_nothing(cluster):
    assert statements(cluster, "nodes-cluster") == {
        ("Allow", "ssm:GetParameter", (f"{ARN}/join",)),
    }


def test_node_1_alone_wears_the_profile_of_the_control_plane(cluster):
    profiles = {
        name: cluster.names["InstanceProfile", name] for name in ("nodes", "nodes-control-plane")
    }

    assert {
        name: item["iamInstanceProfile"] for name, item in cluster.inputs("Instance").items()
    } == {
        "nodes-a-node-1": profiles["nodes-control-plane"],
        "nodes-a-node-2": profiles["nodes"],
        "nodes-a-node-3": profiles["nodes"],
    }
    assert {name: item["role"] for name, item in cluster.inputs("InstanceProfile").items()} == {
        name: cluster.names["Role", name] for name in profiles
    }
    assert {name: item["role"] for name, item in cluster.inputs("RolePolicy").items()} == {
        f"{role}-{what}": cluster.names["Role", role]
        for role in profiles
        for what in ("acknowledgements", "cluster", "files", "session-manager")
    }


def test_session_manager_gets_no_policy_that_can_read_parameters(cluster):
    assert cluster.of("RolePolicyAttachment") == []
    for role in ("nodes", "nodes-control-plane"):
        (statement,) = json.loads(
            cluster.inputs("RolePolicy")[f"{role}-session-manager"]["policy"]
        )["Statement"]
        assert statement == {"Effect": "Allow", "Action": sorted(SESSIONS), "Resource": "*"}


def test_without_session_manager_a_role_holds_files_and_cluster_alone(cloud):
    cloud.has_cluster(3).deploy(**CLUSTER, sessionManager="false")

    assert set(cloud.inputs("RolePolicy")) == {
        f"{role}-{what}"
        for role in ("nodes", "nodes-control-plane")
        for what in ("acknowledgements", "cluster", "files")
    }


def test_no_node_boots_before_it_can_read_and_write_what_it_needs(cluster):
    needed = {item.urn for item in cluster.resources if item.type == "aws:ssm/parameter:Parameter"}
    profiles = {item.name: item.depends_on for item in cluster.of("InstanceProfile")}
    policies = {item.name: item.urn for item in cluster.of("RolePolicy")}

    own = {
        item.name.replace("acknowledgements-", "nodes-"): item.urn
        for item in cluster.of("Parameter")
        if item.name.startswith("acknowledgements-")
    }

    assert len(needed) == 5 + 3 + len(PIECES)
    for item in cluster.of("Instance"):
        assert needed - item.depends_on == {*own.values()} - {own[item.name]}
    for name, needed_first in profiles.items():
        assert {
            policies[f"{name}-{what}"] for what in ("acknowledgements", "cluster", "files")
        } <= needed_first


def test_what_the_control_plane_writes_is_left_alone_while_it_is_there(cloud):
    cloud.holds(node(1), node(2), node(3), settled=None).has_cluster(3).deploy(**CLUSTER)

    assert {item.name: item.ignore_changes for item in cloud.of("Parameter")} == {
        "cluster-nodes": (),
        **{
            f"cluster-{name}": ("value", "description")
            for name in ("settled", "join", "kubeconfig", "policies")
        },
        **{f"release-{SHORT}-{number}": () for number in range(1, len(PIECES) + 1)},
        **{f"acknowledgements-a-node-{number}": ("value",) for number in (1, 2, 3)},
    }


@pytest.mark.parametrize(
    ("there", "roll"),
    [([], []), ([2, 3], []), ([1, 2, 3], ["node-1", "node-2", "node-3"])],
    ids=["first", "lost", "rolled"],
)
def test_with_a_new_control_plane_everything_begins_again(cloud, there, roll):
    cloud.holds(*map(node, there), settled=None).has_cluster(3)
    cloud.deploy(**CLUSTER, roll=json.dumps(roll), protectControlPlane="false")
    written = [item for item in cloud.of("Parameter") if "description" in item.inputs]

    names = {f"cluster-{name}" for name in ("settled", "join", "kubeconfig", "policies")}
    assert {item.name for item in written} == names
    assert {item.ignore_changes for item in written} == {()}
    made_with = f"user data {cloud.exports['version']}, image ami-0123456789abcdef0"
    assert {item.inputs["description"] for item in written} == {
        f"Written by the control plane, made with {made_with}"
    }


def test_the_kubeconfig_is_a_secret_wherever_it_goes(cloud):
    cloud.has_cluster(3).deploy(**CLUSTER, routing="flannel", apiCidrs='["203.0.113.0/24"]')

    carrying = [
        (item.name, name)
        for item in cloud.resources
        for name, value in item.inputs.items()
        if KUBECONFIG in repr(value)
    ]

    assert carrying == [("cluster", "kubeconfig")]
    assert all(
        name in item.secrets
        for item in cloud.resources
        for name, value in item.inputs.items()
        if KUBECONFIG in repr(value)
    )
    assert [name for name, value in cloud.exports.items() if KUBECONFIG in repr(value)] == [
        "kubeconfig"
    ]
    assert cloud.monitor.secret_exports >= {"kubeconfig"}
    assert KUBECONFIG not in repr(cloud.said)


def test_what_stands_in_for_a_secret_is_a_secret_from_the_first_deployment_on(cluster):
    sealed = {item.name: item.secrets for item in cluster.of("Parameter")}

    assert "value" in sealed["cluster-join"]
    assert "value" in sealed["cluster-kubeconfig"]


def test_user_data_names_the_parameters_and_holds_none_of_their_secrets(cluster):
    texts = {
        gzip.decompress(b64decode(item["userDataBase64"])).decode()
        for item in cluster.inputs("Instance").values()
    }
    (text,) = texts
    (pack,) = yaml.safe_load(text)["write_files"]
    files = bz2.decompress(b64decode(pack["content"])).decode()

    assert f"PODNET_PARAMETERS={ROOT}\n" in files
    assert KUBECONFIG not in text + files


def test_the_exports_say_how_to_reach_the_cluster_and_what_a_cloud_controller_must_not_do(cluster):
    assert cluster.exports["kubeconfig"] == KUBECONFIG
    assert cluster.exports["endpoint"] == "https://public-nodes-a-node-1:6443"
    assert cluster.exports["kubernetesVersion"] == "1.36.0"
    assert "--configure-cloud-routes=false" in cluster.exports["cloudController"]


ALONE = (
    "nodeCount is 1 with kubernetes kubeadm: node-1 is the control plane alone, and pods that do "
    "not tolerate its taint (node-role.kubernetes.io/control-plane) wait for a second node"
)
SHUT = (
    "apiCidrs is empty, so the API server answers nodes and pods only: the kubeconfig is of no "
    "use from elsewhere"
)


@pytest.mark.parametrize(
    ("settings", "said"),
    [({}, []), ({"nodeCount": "1"}, [ALONE]), ({"apiCidrs": "[]"}, [SHUT])],
    ids=["nothing", "one node", "no way in"],
)
@pytest.mark.parametrize("dry_run", [True, False], ids=["preview", "up"])
def test_what_may_surprise_is_said_and_allowed(cloud, settings, said, dry_run):
    given = {**CLUSTER, "routing": "overlay", "apiCidrs": '["203.0.113.0/24"]', **settings}
    cloud.has_cluster(int(given["nodeCount"])).deploy(**given, dry_run=dry_run)

    assert cloud.said == [("info", text) for text in said]


def test_what_has_a_fixed_name_is_made_after_the_vpc_that_a_second_state_is_refused(cluster):
    (vpc,) = cluster.of("Vpc")
    parameters = cluster.of("Parameter")

    assert len(parameters) > 4
    assert [item.name for item in parameters if vpc.urn not in item.depends_on] == []
