"""Another CNI in place of podnet's modes: what is refused, opened and said."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from podnet.plan.cni import PRESETS, Cni
from podnet.plan.cni.calico import CalicoEncapsulation
from podnet.plan.config import SettingsError, load
from podnet.plan.firewall import POD_TRAFFIC, ingress
from podnet.plan.other_cnis import CNIS
from podnet.plan.preview import warnings
from podnet.plan.routing import Routing, RoutingMode
from podnet.plan.settings import Settings

IMAGE = f"a.example/cni:v1@sha256:{64 * '0'}"
CLUSTER = {"kubernetes": "kubeadm", "apiCidrs": '["203.0.113.0/24"]'}
DEPLOYED = [cni for cni, preset in PRESETS.items() if preset.needs_cluster]


def refused(**values: str) -> set[str]:
    """The rules that settings break."""
    try:
        load({f"podnet:{name}": value for name, value in values.items()})
    except SettingsError as error:
        return {problem.rule for problem in error.problems}
    return set()


def external(cni: str, **values: str) -> set[str]:
    wanted = {"routing": "external", "cni": cni}
    if cni != "custom":
        wanted |= {**CLUSTER, "cniImage": IMAGE}
    return refused(**{**wanted, **values})


@pytest.mark.parametrize("cni", PRESETS)
def test_every_preset_is_taken_with_what_it_needs(cni):
    assert external(cni) == set()


def test_the_tags_know_every_preset():
    assert {*CNIS} == {*map(str, PRESETS)} == {*map(str, Cni)} - {"none"}


def test_custom_needs_no_cluster_and_takes_one():
    assert refused(routing="external", cni="custom") == set()
    assert refused(routing="external", cni="custom", **CLUSTER) == set()


@pytest.mark.parametrize("routing", [mode for mode in RoutingMode if mode != "external"])
def test_a_preset_with_another_routing_is_refused(routing):
    assert "cni-without-external" in refused(routing=routing, cni="calico")


def test_external_without_a_preset_is_refused():
    assert refused(routing="external") == {"external-needs-cni"}


@pytest.mark.parametrize("cni", PRESETS)
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("vni", "7", "external-with-setting-of-mode"),
        ("vxlanPort", "4789", "external-with-setting-of-mode"),
        ("checksumOffload", "false", "external-with-setting-of-mode"),
        ("unmasqueradedCidrs", '["10.20.0.0/16"]', "external-with-setting-of-mode"),
        ("crossZoneOnly", "true", "cross-zone-only-needs-overlay"),
        ("uplink", "ethernet", "ethernet-needs-l2"),
        ("encapsulation", "gre", "gre-needs-overlay"),
        ("flannelBackend", "host-gw", "flannel-setting-without-flannel"),
    ],
)
def test_a_preset_with_a_setting_of_a_mode_is_refused(cni, name, value, rule):
    assert external(cni, **{name: value}) == {rule}


@pytest.mark.parametrize("cni", DEPLOYED)
def test_a_preset_that_is_deployed_needs_a_cluster_and_a_way_to_it(cni):
    assert external(cni, kubernetes="none") == {"external-needs-cluster"}
    assert external(cni, apiCidrs="[]") == {"external-needs-api"}


@pytest.mark.parametrize("cni", [cni for cni in DEPLOYED if PRESETS[cni].image is None])
def test_an_image_whose_digest_nobody_knows_must_be_named(cni):
    assert external(cni, cniImage="") == {"cni-image-unknown"}


@pytest.mark.parametrize("cni", DEPLOYED)
def test_an_image_by_a_tag_alone_is_refused(cni):
    assert external(cni, cniImage="a.example/cni:v1") == {"image-not-pinned"}


def test_an_image_for_what_is_not_deployed_is_refused():
    assert external("custom", cniImage=IMAGE) == {"cni-image-not-deployed"}
    assert refused(cniImage=IMAGE) == {"cni-image-not-deployed"}


def test_calicos_encapsulation_is_for_calico_and_none_for_one_zone():
    assert refused(calicoEncapsulation="none") == {"calico-setting-without-calico"}
    assert external("custom", calicoEncapsulation="none") == {"calico-setting-without-calico"}
    assert external("calico", calicoEncapsulation="none", zones="2") == {"calico-none-one-zone"}
    assert external("calico", calicoEncapsulation="cross-subnet", zones="2") == set()


@pytest.mark.parametrize("cni", DEPLOYED)
def test_a_second_engine_of_network_policy_is_refused(cni):
    engine = {"networkPolicy": "kube-network-policies"}

    assert external(cni, **engine) == {"two-network-policy-engines"}
    assert external("custom", **CLUSTER, **engine) == set()


def openings(cni: Cni, zones: int = 1) -> dict[str, tuple[str, int | None, int | None]]:
    rules = ingress(Settings(routing=RoutingMode.EXTERNAL, cni=cni, zones=zones))
    assert all(rule.peer is None for key, rule in rules.items() if key.startswith(str(cni)))
    return {
        key: (rule.protocol, rule.from_port, rule.to_port)
        for key, rule in rules.items()
        if key not in ("nodes", "path-mtu")
    }


PODS = {"pods": ("-1", None, None)}


@pytest.mark.parametrize(
    ("cni", "zones", "expected"),
    [
        (Cni.CALICO, 1, {"calico-udp-4789": ("udp", 4789, 4789)}),
        (Cni.KUBE_ROUTER, 1, {"kube-router-tcp-179": ("tcp", 179, 179)}),
        (
            Cni.KUBE_ROUTER,
            2,
            {"kube-router-tcp-179": ("tcp", 179, 179), "kube-router-4": ("4", None, None)},
        ),
        (Cni.CUSTOM, 2, {}),
    ],
)
def test_the_firewall_opens_what_the_preset_says_between_nodes_and_nothing_else(
    cni, zones, expected
):
    assert openings(cni, zones) == PODS | expected


def test_the_rules_of_presets_are_known_as_rules_for_pods():
    for cni in PRESETS:
        for key in openings(cni, zones=2):
            assert any(fnmatch(key, pattern) for pattern in POD_TRAFFIC)


def test_the_tag_of_nodes_names_the_preset():
    settings = Settings(routing=RoutingMode.EXTERNAL, cni=Cni.CALICO)

    assert settings.node_routing.tag().startswith("external-calico zones=1")
    assert Routing.parse(settings.node_routing.tag()) == settings.node_routing


@pytest.mark.parametrize("cni", PRESETS)
def test_a_preview_says_what_is_left_to_the_preset_and_that_nothing_proves_it(cni):
    found = [
        each.text
        for each in warnings(Settings(routing=RoutingMode.EXTERNAL, cni=cni))
        if each.rule == "left-to-cni"
    ]

    assert len(found) == 1
    assert PRESETS[cni].title in found[0]
    assert PRESETS[cni].expects in found[0]
    assert "says nothing of packets from and to pods" in found[0]


def test_without_another_cni_nothing_is_said_of_one():
    assert [each for each in warnings(Settings()) if each.rule == "left-to-cni"] == []


def test_the_encapsulations_of_calico_are_read():
    raw = {"routing": "external", "cni": "calico", "cniImage": IMAGE, **CLUSTER}
    settings = load(
        {f"podnet:{key}": value for key, value in raw.items()}
        | {"podnet:calicoEncapsulation": "none"}
    )

    assert settings.calico_encapsulation is CalicoEncapsulation.NONE
    assert settings.cni_image == IMAGE
