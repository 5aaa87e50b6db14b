"""The engines of NetworkPolicy as the program deploys them into the cluster."""

from __future__ import annotations

import re

import pulumi
import pytest

from podnet.components.kube_router import KubeRouter, KubeRouterArgs
from podnet.plan import kube_router
from podnet.plan.network_policy import KUBE_NETWORK_POLICIES

STACK = {"kubernetes": "kubeadm", "nodeCount": "3", "apiCidrs": '["203.0.113.0/24"]'}
ROUTER = {
    **STACK,
    "networkPolicy": "kube-router",
    "kubeRouterImage": kube_router.LAB_IMAGE,
}
POLICIES = {**STACK, "networkPolicy": "kube-network-policies"}
ENGINES = [pytest.param(ROUTER, id="kube-router"), pytest.param(POLICIES, id="policies")]


def spec(cloud):
    """The pods of the only DaemonSet."""
    (daemons,) = cloud.inputs("DaemonSet").values()
    return daemons["spec"]["template"]["spec"]


def container(cloud):
    (only,) = spec(cloud)["containers"]
    return only


def rules(cloud):
    (role,) = cloud.inputs("ClusterRole").values()
    return {
        (group, kind, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for kind in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("routing", ["vpc-routes", "host-gw", "overlay", "l2", "flannel"])
@pytest.mark.parametrize("stack", ENGINES)
def test_an_engine_goes_beside_every_routing(cloud, stack, routing):
    cloud.has_cluster(3).deploy(**{**stack, "routing": routing, "nodeRangePrefix": "28"})
    (provider,) = (item for item in cloud.resources if "providers" in item.type)
    made = [item for item in cloud.resources if item.type.startswith("kubernetes:")]

    assert stack["networkPolicy"] in cloud.inputs("DaemonSet")
    assert len(cloud.inputs("DaemonSet")) == (2 if routing == "flannel" else 1)
    assert {item.provider.rpartition("::")[0] for item in made} == {provider.urn}


def test_without_an_engine_nothing_goes_into_the_cluster(cloud):
    cloud.has_cluster(3).deploy(**STACK)

    assert [item.type for item in cloud.resources if item.type.startswith("kubernetes:")] == []


@pytest.mark.parametrize("stack", ENGINES)
def test_an_engine_runs_on_every_node_in_a_namespace_of_its_own(cloud, stack):
    cloud.has_cluster(3).deploy(**stack)
    name = stack["networkPolicy"]
    metadata = cloud.inputs("Namespace")[name]["metadata"]
    daemons = cloud.inputs("DaemonSet")[name]["metadata"]

    assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "privileged"
    assert (daemons["namespace"], daemons["name"]) == (metadata["name"], name) == (name, name)
    assert spec(cloud)["tolerations"] == [{"operator": "Exists"}]
    assert spec(cloud)["hostNetwork"] is True
    assert not spec(cloud).keys() & {"hostPID", "hostIPC"}


def test_kube_router_may_read_what_it_watches_and_nothing_else(cloud):
    cloud.has_cluster(3).deploy(**ROUTER)
    watched = {
        *(("", kind) for kind in ("endpoints", "namespaces", "nodes", "pods", "services")),
        ("discovery.k8s.io", "endpointslices"),
        ("networking.k8s.io", "networkpolicies"),
    }

    assert rules(cloud) == {(*each, verb) for each in watched for verb in ("list", "watch")} | {
        ("", "nodes", "get")
    }


def test_kube_network_policies_may_read_pods_namespaces_and_policies(cloud):
    cloud.has_cluster(3).deploy(**POLICIES)
    watched = {("", "pods"), ("", "namespaces"), ("networking.k8s.io", "networkpolicies")}

    assert rules(cloud) == {(*each, verb) for each in watched for verb in ("list", "watch")}


@pytest.mark.parametrize(
    ("stack", "capabilities", "read_only", "mounts"),
    [
        pytest.param(ROUTER, ["NET_ADMIN", "NET_RAW"], False, ["/run/xtables.lock"], id="router"),
        pytest.param(POLICIES, ["NET_ADMIN"], True, [], id="policies"),
    ],
)
def test_no_engine_has_more_rights_than_its_firewall_uses(
    cloud, stack, capabilities, read_only, mounts
):
    cloud.has_cluster(3).deploy(**stack)

    assert container(cloud)["securityContext"] == {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": read_only,
        "capabilities": {"drop": ["ALL"], "add": capabilities},
    }
    assert [each["mountPath"] for each in container(cloud)["volumeMounts"]] == mounts
    assert [each["hostPath"]["path"] for each in spec(cloud).get("volumes", [])] == mounts
    assert spec(cloud)["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}


def test_kube_router_is_a_firewall_alone_that_knows_the_range_of_services(cloud):
    cloud.has_cluster(3).deploy(**ROUTER, serviceCidr="10.128.0.0/16")

    assert container(cloud)["command"] == [
        "/usr/local/bin/kube-router",
        "--run-firewall=true",
        "--run-router=false",
        "--run-service-proxy=false",
        "--service-cluster-ip-range=10.128.0.0/16",
        "--health-port=20244",
        "--iptables-sync-period=30s",
    ]
    assert container(cloud)["image"] == kube_router.LAB_IMAGE


def test_kube_router_can_be_asked_to_route_alone(cloud):
    def program() -> None:
        args = KubeRouterArgs(
            image="a", service_cidr="b", firewall=False, router=True, options=("--c=d",)
        )
        provider = pulumi.ProviderResource("kubernetes", "elsewhere", {})
        KubeRouter("x", args, pulumi.ResourceOptions(providers=[provider]))

    cloud.build(program)
    command = container(cloud)["command"]

    assert {"--run-firewall=false", "--run-router=true", "--c=d"} <= {*command}
    assert {
        item.provider.split("::")[-2]
        for item in cloud.resources
        if item.type.startswith("kubernetes:")
    } == {"elsewhere"}


def test_the_image_of_the_settings_is_run_and_the_default_is_pinned(cloud, make_cloud):
    own = f"registry.example/policies@sha256:{64 * '1'}"
    cloud.has_cluster(3).deploy(**POLICIES, kubeNetworkPoliciesImage=own)
    default = make_cloud().has_cluster(3).deploy(**POLICIES)

    assert container(cloud)["image"] == own
    assert container(default)["image"] == KUBE_NETWORK_POLICIES
    assert re.search(r"@sha256:[0-9a-f]{64}$", KUBE_NETWORK_POLICIES)


@pytest.mark.parametrize("stack", ENGINES)
def test_an_engine_begins_only_when_it_may_read_what_it_needs(cloud, stack):
    cloud.has_cluster(3).deploy(**stack)
    (binding,) = cloud.of("ClusterRoleBinding")
    (daemon,) = cloud.of("DaemonSet")

    assert binding.urn in daemon.depends_on


TAG = "vpc-routes zones=1 vni=1 port=8472"
TWO = '{"engine": "%s", "policies": ["default/deny", "shop/web"]}'


def living(cloud, found, tag=TAG):
    """A cluster that lives, whose control plane has written this of its policies."""
    nodes = [
        {
            "address": f"192.168.1.{10 + number}",
            "image": "ami-1",
            "podnet:routing": tag,
            "podnet:network": "192.168.1.0/24 10.1.0.0/16 /24 subnets=/24 nodes=/26 kubeadm "
            "10.96.0.0/12",
            "podnet:version": "0000000000",
        }
        for number in (1, 2, 3)
    ]
    cloud.network_policies = found
    said = cloud.said_by_nodes
    cloud.holds(*nodes, settled=tag).has_cluster(3)
    cloud.answers[cloud.SAID] = said
    return cloud


@pytest.mark.parametrize("dry_run", [True, False], ids=["preview", "up"])
@pytest.mark.parametrize(
    ("engine", "stack"),
    [("kube-router", STACK), ("kube-network-policies", ROUTER), ("kube-router", POLICIES)],
)
def test_an_engine_does_not_go_while_the_cluster_has_policies(cloud, engine, stack, dry_run):
    with pytest.raises(pulumi.RunError, match="default/deny, shop/web") as caught:
        living(cloud, TWO % engine).deploy(**stack, dry_run=dry_run)

    assert f"networkPolicy cannot change from {engine}" in str(caught.value)
    assert cloud.resources == []


@pytest.mark.parametrize(
    ("found", "stack"),
    [
        ('{"engine": "kube-router", "policies": []}', STACK),
        (TWO % "kube-router", ROUTER),
        (TWO % "none", ROUTER),
        ("none", STACK),
        ("", STACK),
    ],
    ids=["no policies", "same engine", "first engine", "unwritten", "no parameter"],
)
def test_an_engine_goes_stays_and_comes_without_a_word_otherwise(cloud, found, stack):
    living(cloud, found).deploy(**stack)

    assert [text for _, text in cloud.said if "NetworkPolicy" in text] == []
    assert ("kube-router" in cloud.inputs("DaemonSet")) == (stack is ROUTER)


def test_a_preview_says_that_nothing_enforces_the_policies_that_there_are(cloud):
    living(cloud, TWO % "none").deploy(**STACK, dry_run=True)
    ((loud, text),) = [each for each in cloud.said if "NetworkPolicy" in each[1]]

    assert loud == "warning"
    assert "(default/deny, shop/web)" in text


def test_of_another_cni_nothing_is_said_and_nothing_refused(cloud):
    own = "external-kube-router zones=1"
    settings = {**STACK, "routing": "external", "cni": "kube-router"}
    living(cloud, TWO % "kube-router", tag=own)
    cloud.deploy(**settings, cniImage=kube_router.LAB_IMAGE, dry_run=True)

    assert [text for _, text in cloud.said if "default/deny" in text] == []
