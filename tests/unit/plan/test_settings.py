"""What a stack may say, and that all its problems are reported together."""

from __future__ import annotations

import json
from base64 import b64encode
from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podnet.plan import config
from podnet.plan.config import PARSERS, SettingsError
from podnet.plan.flow_logs import LoggedFlows
from podnet.plan.kubernetes import Kubernetes
from podnet.plan.routing import FlannelBackend, RoutingMode, Uplink
from podnet.plan.settings import Encapsulation, Fabric, Settings, Unproved
from podnet.plan.shape import RootVolume

KEY = f"ssh-ed25519 {b64encode(bytes((0, 0, 0, 11)) + b'ssh-ed25519' + bytes(36)).decode()} me"
FLANNEL = {"routing": "flannel", "kubernetes": "kubeadm", "apiCidrs": '["203.0.113.0/24"]'}


def settings(**values: str) -> Settings:
    return config.load({f"podnet:{name}": value for name, value in values.items()})


def rules(**values: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(**values)
    return [problem.rule for problem in caught.value.problems]


def test_all_problems_are_reported_together():
    assert rules(vpcCidr="nonsense", nodeCount="0", zones="7", routing="magic", nodecuont="2") == [
        "cidr-unreadable",
        "choice-unknown",
        "setting-unknown",
        "zones-range",
        "node-count-minimum",
    ]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        pytest.param(
            {"vpcCidr": "10.9.0.0", "podCidr": "192.168.0.0/16"},
            "cidr-without-prefix",
            id="the default VPC would overlap this pod range",
        ),
        pytest.param(
            {"podCidr": "oops", "vpcCidr": "172.16.0.0/16", "podBlockPrefix": "27"},
            "cidr-unreadable",
            id="the default pod range is too small for this VPC",
        ),
        pytest.param({"zones": "many", "podCidr": "10.1.0.0/19"}, "integer-unreadable", id="zones"),
    ],
)
def test_an_unreadable_value_makes_no_rule_complain_about_its_default(values, rule):
    assert rules(**values) == [rule]


def test_a_problem_names_the_setting_as_yaml_does():
    with pytest.raises(SettingsError) as caught:
        settings(vxlanPort="x", nodeCount="0")

    assert [(each.about, each.text.split(" ")[0]) for each in caught.value.problems] == [
        (("vxlanPort",), "podnet:vxlanPort"),
        (("nodeCount",), "podnet:nodeCount"),
    ]


def test_the_message_counts_the_problems_and_gives_each_a_line():
    with pytest.raises(SettingsError) as caught:
        settings(nodeCount="0", zones="0")

    assert str(caught.value) == (
        "2 problems in the settings of this stack:\n"
        "  - podnet:zones must be 1 to 3, got 0\n"
        "  - podnet:nodeCount must be at least 1, got 0"
    )


def test_one_problem_is_counted_as_one():
    with pytest.raises(SettingsError, match=r"^1 problem in the settings of this stack:\n"):
        settings(nodeCount="0")


def test_every_setting_is_read_into_its_type():
    assert settings(
        vpcCidr="172.20.4.0/22",
        podCidr="10.64.0.0/12",
        podBlockPrefix="26",
        serviceCidr="10.112.0.0/12",
        routing="l2",
        encapsulation="vxlan",
        vni="7",
        vxlanPort="4789",
        checksumOffload="false",
        uplink="vxlan",
        fabric="switch",
        kubernetes="kubeadm",
        kubernetesVersion="1.36.1",
        clusterTimeoutSeconds="60",
        nodePortCidrs='["0.0.0.0/0"]',
        subnetPrefix="24",
        nodeRangePrefix="28",
        zones="3",
        nodeCount="[4, 2, 1]",
        instanceType="m7g.large",
        imageId="ami-0123456789abcdef0",
        zoneNames='["us-east-1f", "us-east-1a", "us-east-1b"]',
        tags='{"team": "network", "Namespace": "a b/c"}',
        apiCidrs='["203.0.113.0/24", "198.51.100.7/32"]',
        rootVolume='{"size": 30, "type": "gp2", "kmsKeyId": "alias/mine"}',
        extraUserData='{"packages": ["jq"]}',
        extraPolicies='["arn:aws-cn:iam::aws:policy/service-role/X"]',
        extraSecurityGroups='["sg-01234567"]',
        sshKeys=json.dumps([KEY, KEY]),
        sshCidrs='["192.0.2.0/24"]',
        sessionManager="false",
        flowLogs="rejected",
        flowLogRetentionDays="3653",
        ignoreQuotas="true",
        unproved="allow",
        roll='["node-3", "node-2", "node-3"]',
    ) == Settings(
        vpc_cidr=IPv4Network("172.20.4.0/22"),
        pod_cidr=IPv4Network("10.64.0.0/12"),
        pod_block_prefix=26,
        service_cidr=IPv4Network("10.112.0.0/12"),
        routing=RoutingMode.L2,
        encapsulation=Encapsulation.VXLAN,
        vni=7,
        vxlan_port=4789,
        checksum_offload=False,
        uplink=Uplink.VXLAN,
        fabric=Fabric.SWITCH,
        kubernetes=Kubernetes.KUBEADM,
        kubernetes_version="1.36.1",
        cluster_timeout_seconds=60,
        node_port_cidrs=(IPv4Network("0.0.0.0/0"),),
        subnet_prefix=24,
        node_range_prefix=28,
        zones=3,
        zone_names=("us-east-1f", "us-east-1a", "us-east-1b"),
        node_count=(4, 2, 1),
        instance_type="m7g.large",
        image_id="ami-0123456789abcdef0",
        tags={"team": "network", "Namespace": "a b/c"},
        api_cidrs=(IPv4Network("203.0.113.0/24"), IPv4Network("198.51.100.7/32")),
        root_volume=RootVolume(size=30, type="gp2", kms_key_id="alias/mine"),
        extra_user_data={"packages": ["jq"]},
        extra_policies=("arn:aws-cn:iam::aws:policy/service-role/X",),
        extra_security_groups=("sg-01234567",),
        ssh_keys=(KEY,),
        ssh_cidrs=(IPv4Network("192.0.2.0/24"),),
        session_manager=False,
        flow_logs=LoggedFlows.REJECTED,
        flow_log_retention_days=3653,
        ignore_quotas=True,
        unproved=Unproved.ALLOW,
        roll=("node-3", "node-2"),
    )


def test_every_setting_of_flannel_is_read_into_its_type():
    read = settings(
        routing="flannel",
        kubernetes="kubeadm",
        apiCidrs='["203.0.113.0/24"]',
        flannelBackend="vxlan",
        flannelDirectRouting="true",
        flannelImage=f"a.example/b@sha256:{64 * '0'}",
        flannelPluginImage=f"a.example/c:v1@sha256:{64 * '1'}",
    )

    assert read == Settings(
        routing=RoutingMode.FLANNEL,
        kubernetes=Kubernetes.KUBEADM,
        api_cidrs=(IPv4Network("203.0.113.0/24"),),
        flannel_backend=FlannelBackend.VXLAN,
        flannel_direct_routing=True,
        flannel_image=f"a.example/b@sha256:{64 * '0'}",
        flannel_plugin_image=f"a.example/c:v1@sha256:{64 * '1'}",
    )


def test_an_empty_stack_has_the_defaults():
    assert config.load({}) == Settings()


def test_an_empty_image_id_stands_for_none():
    assert settings(imageId="").image_id is None


def test_keys_of_other_namespaces_are_left_alone():
    assert config.load({"aws:region": "eu-central-1", "pulumi:x": "y"}) == Settings()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(
            {"vpcCidr": "10.0.0.0/16", "podCidr": "172.16.0.0/12", "podBlockPrefix": "28"},
            id="largest VPC",
        ),
        pytest.param(
            {"vpcCidr": "192.168.1.0/28", "nodeRangePrefix": "28", "nodeCount": "4"},
            id="smallest VPC, full",
        ),
        pytest.param({"nodeCount": "53"}, id="every node address of the default VPC"),
        pytest.param(
            {"nodeRangePrefix": "24", "nodeCount": "244"}, id="every address of its subnet"
        ),
        pytest.param({"nodeCount": "[53, 0, 0]", "zones": "3"}, id="zones without nodes"),
        pytest.param({"routing": "l2", "nodeRangePrefix": "27", "nodeCount": "21"}, id="l2, full"),
        pytest.param(
            {"routing": "l2", "nodeRangePrefix": "28", "zones": "3", "nodeCount": "5"},
            id="l2 in three zones, full",
        ),
        pytest.param(
            {"vpcCidr": "10.0.0.0/22", "subnetPrefix": "24", "zones": "3"},
            id="zones inside a VPC beside which AWS adds none",
        ),
        pytest.param({"vpcCidr": "10.2.0.0/24", "zones": "3"}, id="zones in 10.0.0.0/8"),
        pytest.param({"vpcCidr": "100.64.0.0/24", "zones": "3"}, id="zones in 100.64.0.0/10"),
        pytest.param(
            {
                "routing": "l2",
                "nodeRangePrefix": "27",
                "uplink": "ethernet",
                "fabric": "switch",
            },
            id="l2 on a switch",
        ),
        pytest.param(
            {"routing": "overlay", "crossZoneOnly": "true", "zones": "1"}, id="hybrid in one zone"
        ),
        pytest.param({"vni": "16777214", "vxlanPort": "65535"}, id="largest VNI and port"),
        pytest.param(
            {
                "vpcCidr": "10.0.0.0/16",
                "podCidr": "172.16.0.0/12",
                "podBlockPrefix": "28",
                "nodeRangePrefix": "22",
                "nodeCount": "1013",
            },
            id="as many nodes as there may be",
        ),
        pytest.param(
            {"podCidr": "10.1.0.0/21", "podBlockPrefix": "27"}, id="as many blocks as addresses"
        ),
        pytest.param({"vpcCidr": "172.20.4.0/22", "podCidr": "10.64.0.0/12"}, id="other ranges"),
    ],
)
def test_the_limits_themselves_are_allowed(values):
    assert settings(**values)


TEXT = st.text(st.characters(max_codepoint=127), max_size=30) | st.sampled_from(
    ["", "0", "-1", "10.1.0.0/16", "192.168.1.0/32", "0.0.0.0/0", "[]", "{}", "[[]]", "null"]
)


@given(st.dictionaries(st.sampled_from([*PARSERS, "other"]), TEXT))
def test_no_text_makes_the_settings_fail_in_any_other_way(values):
    try:
        settings(**values)
    except SettingsError as error:
        assert error.problems  # noqa: PT017  # either outcome is fine, any other error is not
