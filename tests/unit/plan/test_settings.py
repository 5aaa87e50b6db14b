"""What a stack may say, and how what it may not say is told together."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plan.routing import RoutingMode
from plan.settings import PARSERS, Settings, SettingsError


def settings(**values: str) -> Settings:
    return Settings.from_config({f"podnet:{name}": value for name, value in values.items()})


def problems(**values: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        settings(**values)
    return caught.value.problems


@pytest.mark.parametrize("mode", ["host-gw", "overlay", "l2"])
def test_modes_of_later_versions_are_known_but_refused(mode):
    assert problems(routing=mode) == [
        f"podnet:routing {mode} is not yet available in this version; use vpc-routes"
    ]


def test_all_problems_are_told_together():
    assert problems(
        vpcCidr="nonsense", nodeCount="0", zones="7", routing="magic", nodecuont="2"
    ) == [
        "podnet:vpcCidr 'nonsense' is not an IPv4 range; write it like 10.1.0.0/16",
        "podnet:routing 'magic' is unknown; known: vpc-routes, host-gw, overlay, l2",
        "podnet:nodecuont is not a setting of podnet; did you mean podnet:nodeCount?",
        "podnet:zones must be 1 to 3, got 7",
        "podnet:nodeCount must be at least 1, got 0",
    ]


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        pytest.param(
            {"vpcCidr": "10.9.0.0", "podCidr": "192.168.0.0/16"},
            "podnet:vpcCidr '10.9.0.0' has no prefix length; add one, as in 10.1.0.0/16",
            id="the default VPC would overlap this pod range",
        ),
        pytest.param(
            {"podCidr": "oops", "vpcCidr": "172.16.0.0/16", "podBlockPrefix": "27"},
            "podnet:podCidr 'oops' is not an IPv4 range; write it like 10.1.0.0/16",
            id="the default pod range is too small for this VPC",
        ),
        pytest.param(
            {"zones": "many", "vpcCidr": "192.168.1.0/28"},
            "podnet:zones 'many' is not a whole number of at most nine digits",
            id="zones",
        ),
    ],
)
def test_an_unreadable_value_makes_no_rule_complain_about_its_default(values, problem):
    assert problems(**values) == [problem]


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
        routing="vpc-routes",
        zones="3",
        nodeCount="7",
        instanceType="m7g.large",
        imageId="ami-0123456789abcdef0",
        tags='{"team": "network", "Namespace": "a b/c"}',
        adminCidrs='["203.0.113.0/24", "198.51.100.7/32"]',
        sessionManager="false",
    ) == Settings(
        vpc_cidr=IPv4Network("172.20.4.0/22"),
        pod_cidr=IPv4Network("10.64.0.0/12"),
        pod_block_prefix=26,
        service_cidr=IPv4Network("10.112.0.0/12"),
        routing=RoutingMode.VPC_ROUTES,
        zones=3,
        node_count=7,
        instance_type="m7g.large",
        image_id="ami-0123456789abcdef0",
        tags={"team": "network", "Namespace": "a b/c"},
        admin_cidrs=(IPv4Network("203.0.113.0/24"), IPv4Network("198.51.100.7/32")),
        session_manager=False,
    )


def test_an_empty_stack_has_the_defaults():
    assert Settings.from_config({}) == Settings()


def test_an_empty_image_id_stands_for_none():
    assert settings(imageId="").image_id is None


def test_keys_of_other_namespaces_are_left_alone():
    assert Settings.from_config({"aws:region": "eu-central-1", "pulumi:x": "y"}) == Settings()


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(
            {"vpcCidr": "10.0.0.0/16", "podCidr": "172.16.0.0/12", "podBlockPrefix": "28"},
            id="largest VPC",
        ),
        pytest.param({"vpcCidr": "192.168.1.0/28", "nodeCount": "4"}, id="smallest VPC, full"),
        pytest.param({"nodeCount": "244"}, id="every address of the article's VPC"),
        pytest.param(
            {"podCidr": "10.1.0.0/19", "podBlockPrefix": "27"}, id="as many blocks as addresses"
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
