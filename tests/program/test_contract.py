"""What holds of every component, and of all of them together."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import json
import pkgutil
import re
from collections.abc import Callable
from ipaddress import IPv4Network

import pulumi
import pulumi_aws as aws
import pytest

from podnet import components
from podnet.components.acknowledgements import Acknowledgements, AcknowledgementsArgs
from podnet.components.calico import Calico, CalicoArgs
from podnet.components.cluster_parameters import ClusterParameters, ClusterParametersArgs
from podnet.components.firewall import Firewall, FirewallArgs
from podnet.components.flannel_overlay import FlannelOverlay, FlannelOverlayArgs
from podnet.components.flow_logs import FlowLogs, FlowLogsArgs
from podnet.components.kube_network_policies import KubeNetworkPolicies, KubeNetworkPoliciesArgs
from podnet.components.kube_router import KubeRouter, KubeRouterArgs
from podnet.components.network import Network, NetworkArgs
from podnet.components.node_template import NodeTemplate
from podnet.components.nodes import Nodes, NodesArgs
from podnet.components.pod_routes import PodRoutes, PodRoutesArgs
from podnet.components.release import (
    AssignedRelease,
    AssignedReleaseArgs,
    Release,
    ReleaseArgs,
)
from podnet.components.routing_mode import RoutingMode, RoutingModeArgs
from podnet.components.routing_wait import RoutingWait
from podnet.components.tags import common
from podnet.plan import firewall
from podnet.plan.cni import calico
from podnet.plan.kubernetes import Parameters
from podnet.plan.nodes import planned_nodes, planned_zones
from podnet.plan.settings import Settings

SETTINGS = Settings(node_count=3, zones=2, ssh_cidrs=(IPv4Network("203.0.113.0/24"),))
TAGS = common("test", {"team": "network"})
ZONES = [zone.name for zone in planned_zones(SETTINGS)]
NODES = planned_nodes(SETTINGS)


def network(opts: pulumi.ResourceOptions | None = None) -> Network:
    args = NetworkArgs(
        vpcs=(),
        vpc_cidr=SETTINGS.vpc_cidr,
        zones=planned_zones(SETTINGS),
        instance_type="t3.small",
        tags=TAGS,
        nodes=NODES,
    )
    return Network("x", args, opts)


def release() -> Release:
    return Release("x", ReleaseArgs(stack="test", settings=SETTINGS, tags=TAGS))


def nodes(of: Release) -> Nodes:
    return Nodes(
        "x",
        NodesArgs(
            nodes=NODES,
            subnet_ids={zone: f"subnet-{zone}" for zone in ZONES},
            security_group_id="sg",
            template=NodeTemplate(
                user_data="",
                version="v",
                files="0123456789abcdef",
                network_fingerprint="n",
                image_id="ami-1",
                instance_type="t3.small",
                volume=SETTINGS.root_volume,
            ),
            reused=["node-1"],
            session_manager=True,
            release=of,
            acknowledgements=acknowledgements(),
            depends_on=[],
            tags=TAGS,
        ),
    )


def acknowledgements() -> Acknowledgements:
    return Acknowledgements("x", AcknowledgementsArgs(stack="test", nodes=NODES, tags=TAGS))


def assigned(of: Release) -> AssignedRelease:
    args = AssignedReleaseArgs(nodes=NODES, instances=nodes(of).instances, release=of)
    return AssignedRelease("x", args)


COMPONENTS: dict[str, Callable[[], pulumi.ComponentResource]] = {
    "Network": network,
    "Firewall": lambda: Firewall(
        "x",
        FirewallArgs(
            vpc_id="vpc", ingress=firewall.ingress(SETTINGS), egress=firewall.egress(), tags=TAGS
        ),
    ),
    "Nodes": lambda: nodes(release()),
    "Release": release,
    "Acknowledgements": acknowledgements,
    "AssignedRelease": lambda: assigned(release()),
    "ClusterParameters": lambda: ClusterParameters(
        "x",
        ClusterParametersArgs(
            parameters=Parameters("test"),
            node_counts="3",
            template="user data v, image ami-1",
            keeps_control_plane=False,
            tags=TAGS,
        ),
    ),
    "Calico": lambda: Calico(
        "x",
        CalicoArgs(
            image="a",
            pool=calico.pool(
                SETTINGS.pod_cidr, SETTINGS.pod_block_prefix, SETTINGS.calico_encapsulation
            ),
            conflist=calico.conflist(),
            environment=calico.environment(SETTINGS.calico_encapsulation),
        ),
    ),
    "KubeNetworkPolicies": lambda: KubeNetworkPolicies("x", KubeNetworkPoliciesArgs(image="a")),
    "KubeRouter": lambda: KubeRouter("x", KubeRouterArgs(image="a", service_cidr="b")),
    "FlannelOverlay": lambda: FlannelOverlay(
        "x",
        FlannelOverlayArgs(
            net_conf="{}", conflist="{}", image="a@sha256:0", plugin_image="b@sha256:1"
        ),
    ),
    "FlowLogs": lambda: FlowLogs(
        "x",
        FlowLogsArgs(
            stack="test", vpc=network().vpc, traffic_type="ALL", retention_days=1, tags=TAGS
        ),
    ),
    "PodRoutes": lambda: PodRoutes(
        "x",
        PodRoutesArgs(
            nodes=NODES,
            interface_ids={node.name: f"eni-{node.name}" for node in NODES},
            route_table_ids={zone: f"rtb-{zone}" for zone in ZONES},
            vpc=COMPONENTS["Network"]().vpc,
            tables={},
        ),
    ),
    "RoutingMode": lambda: RoutingMode(
        "x",
        RoutingModeArgs(
            nodes=NODES,
            instances=COMPONENTS["Nodes"]().instances,
            routing="overlay",
            after=[],
            wait=RoutingWait(
                stack="test", nodes=NODES, routing="overlay", timeout_seconds=60, doubted={}
            ),
            vpc=COMPONENTS["Network"]().vpc,
            firewall=COMPONENTS["Firewall"](),
            is_exclusive=True,
        ),
    ),
}
DEPLOYED_AS = {"ClusterParameters": "Cluster"}
"""Classes with another name than their token: a token of deployed resources never changes."""
every_component = pytest.mark.parametrize("build", COMPONENTS.values(), ids=COMPONENTS)


def classes(base: type) -> set[type]:
    """The subclasses that the component modules define."""
    modules = [
        importlib.import_module(f"components.{item.name}")
        for item in pkgutil.iter_modules(components.__path__)
    ]
    return {
        item
        for module in modules
        for _, item in inspect.getmembers(module, inspect.isclass)
        if item.__module__ == module.__name__ and issubclass(item, base)
    }


def takes_tags(kind: str) -> bool:
    """Whether AWS resources of this type, such as `aws:ec2/vpc:Vpc`, have tags."""
    _, module, name = re.fullmatch(r"(aws):(\w+)/\w+:(\w+)", kind).groups()
    resource = getattr(getattr(aws, module), name)
    return "tags" in inspect.signature(resource._internal_init).parameters  # noqa: SLF001


def test_these_tests_know_every_component():
    assert {item.__name__ for item in classes(pulumi.ComponentResource)} == set(COMPONENTS)


@every_component
def test_nothing_hangs_off_the_stack_but_the_component(cloud, build):
    cloud.build(build)

    assert {item.type for item in cloud.resources if "pulumi:Stack$" in item.urn} == {
        item.type for item in cloud.resources if not item.custom
    }
    assert [urn for urn in cloud.urns() if "::aws:" in urn or "::kubernetes:" in urn] == []


@every_component
def test_a_component_has_the_token_of_its_class(cloud, build):
    built = []
    cloud.build(lambda: built.append(build()))

    name = type(built[0]).__name__
    assert f"podnet:index:{DEPLOYED_AS.get(name, name)}" in {
        item.type for item in cloud.resources if not item.custom
    }


@every_component
def test_everything_taggable_is_tagged_with_settings_stack_and_name(cloud, build):
    cloud.build(build)

    for item in cloud.resources:
        if item.type.startswith("aws:") and takes_tags(item.type):
            assert item.inputs["tags"].items() >= TAGS.items(), item.urn
            assert re.fullmatch(r"test-[a-z0-9.-]+", item.inputs["tags"]["Name"]), item.urn


@every_component
def test_names_are_made_of_the_component_and_what_a_thing_is(cloud, build):
    cloud.build(build)
    name = re.compile(
        r"x(-[ab])?(-node-([123]|6[567]))?(-internet|-session-manager|-settled|-(in|out)-"
        r"(nodes|pods|path-mtu|all|ssh-203\.0\.113\.0-24)|"
        r"-nodes|-join|-kubeconfig|-files|-acknowledgements|-policies|-[0-9a-f]{12}-[1-9]|"
        rf"-calico-(node|cni-plugin)|-({'|'.join(plural for plural, _ in calico.KINDS.values())}))?"
    )

    assert [item.name for item in cloud.resources if not name.fullmatch(item.name)] == []


@every_component
def test_no_two_resources_share_a_name(cloud, build):
    cloud.build(build)

    assert len(cloud.urns()) == len(cloud.resources)


@pytest.mark.parametrize(
    "args",
    sorted(
        (item for item in classes(object) if item.__name__.endswith("Args")),
        key=lambda item: item.__name__,
    ),
    ids=lambda item: item.__name__,
)
def test_arguments_are_frozen_and_keyword_only(args):
    assert dataclasses.is_dataclass(args)
    assert args.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(args))


def test_a_component_passes_its_provider_on_to_its_children(cloud):
    def program() -> None:
        provider = aws.Provider("elsewhere", region="eu-west-1")
        network(pulumi.ResourceOptions(providers=[provider]))

    cloud.build(program)
    children = [item for item in cloud.resources if item.type.startswith("aws:")]

    assert {item.provider.split("::")[-2] for item in children} == {"elsewhere"}


def test_no_node_may_change_anything_in_the_account(cloud):
    cloud.deploy()

    assert {item.type for item in cloud.resources if item.type.startswith("aws:iam")} == {
        "aws:iam/role:Role",
        "aws:iam/instanceProfile:InstanceProfile",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    }
    assert [_actions(item["policy"]) for _, item in sorted(cloud.inputs("RolePolicy").items())] == [
        {"ssm:PutParameter"},
        {"ssm:GetParameter"},
    ]
    assert {item["policyArn"] for item in cloud.inputs("RolePolicyAttachment").values()} == {
        "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    }
    role = cloud.inputs("Role")["nodes"]
    assert not {"inlinePolicies", "managedPolicyArns"} & role.keys()
    assert json.loads(role["assumeRolePolicy"])["Statement"] == [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ec2.amazonaws.com"},
        }
    ]


def _actions(policy: str) -> set[str]:
    return {statement["Action"] for statement in json.loads(policy)["Statement"]}
