"""Parameters and policies within roles: what AWS and its provider do that one would not guess."""

from __future__ import annotations

import secrets

import pytest

from podnet.lab.providers.protocol import UNKNOWN, ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import client

GET = "aws:ssm/getParameter:getParameter"
NAME = "/podnet/test/value"


@pytest.fixture(scope="module")
def ssm(endpoint):
    return client(endpoint, "ssm")


@pytest.fixture
def parameter(stack):
    def make(**inputs):
        return stack.make(samples.PARAMETER, **{"name": NAME, "type": "SecureString", **inputs})

    return make


def version(ssm):
    return ssm.get_parameter(Name=NAME)["Parameter"]["Version"]


def test_another_tag_writes_no_value(parameter, ssm):
    made = parameter(value="none", tags=samples.TAGS)
    ssm.put_parameter(Name=NAME, Value="by the cluster", Overwrite=True)
    made.inputs = {**made.inputs, "value": "by the cluster"}  # as a refresh records it

    made.update(tags=samples.OTHER_TAGS)

    assert version(ssm) == 2
    assert (
        ssm.get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"] == "by the cluster"
    )


def test_a_value_that_something_else_wrote_is_reported_as_drift(parameter, ssm):
    made = parameter(value="none")
    ssm.put_parameter(Name=NAME, Value="other", Overwrite=True)

    assert made.read()[0] == {**made.inputs, "value": "other"}


def test_a_parameter_of_somebody_else_is_only_taken_over_where_that_is_asked(
    parameter, ssm, provider
):
    ssm.put_parameter(Name=NAME, Type="SecureString", Value="theirs")
    checked = provider.check(
        samples.PARAMETER, {"name": NAME, "type": "SecureString", "value": "ours"}
    )

    with refused("aws-call-refused", ProviderError) as caught:
        provider.create(samples.PARAMETER, checked, secrets.token_hex(16), "one")
    assert "ParameterAlreadyExists" in str(caught.value)
    taken = parameter(value="ours", overwrite=True, tags=samples.TAGS)
    assert (taken["version"], taken["tags"]) == (2, samples.TAGS)


def test_a_parameter_goes_up_a_tier_in_place_and_down_by_a_new_one(parameter):
    made = parameter(value="x")

    assert made.diff(tier="Advanced").replaces == ()
    made.update(tier="Advanced")
    down = made.diff(tier="Standard")
    assert (down.replaces, down.delete_before_replace) == (("tier",), True)


def test_a_parameter_is_not_made_secret_in_place(parameter, ssm):
    made = parameter(type="String", value="x")

    with refused("aws-parameter-type-fixed", ProviderError):
        made.update(type="SecureString")
    assert version(ssm) == 1


@pytest.mark.parametrize(
    ("inputs", "rule", "value"),
    [
        ({"type": "Secret", "value": "x"}, "aws-parameter-choice-unknown", "SecureString"),
        (
            {"type": "String", "value": "x", "tier": "Gold"},
            "aws-parameter-choice-unknown",
            "Advanced",
        ),
        (
            {"type": "SecureString", "insecureValue": "x"},
            "aws-parameter-secret-insecure",
            "SecureString",
        ),
        (
            {"type": "String", "value": "x", "insecureValue": "x"},
            "aws-properties-exclusive",
            "value",
        ),
        ({"type": "String"}, "aws-properties-exclusive", "value"),
        ({"type": "String", "value": "x" * 4097}, "aws-parameter-too-large", "4,097"),
        (
            {"type": "String", "value": "ä" * 4097, "tier": "Advanced"},
            "aws-parameter-too-large",
            "8,194",
        ),
    ],
)
def test_what_aws_would_refuse_is_refused_before(provider, inputs, rule, value):
    with refused(rule, ProviderError) as caught:
        provider.check(samples.PARAMETER, inputs)
    assert value in str(caught.value)


@pytest.mark.parametrize(
    "inputs",
    [
        {"type": "String", "value": "x" * 4096},
        {"type": "String", "value": UNKNOWN},
        {"type": UNKNOWN, "value": "x", "tier": UNKNOWN},
    ],
)
def test_what_fits_or_is_not_known_yet_passes(provider, inputs):
    assert provider.check(samples.PARAMETER, inputs) == inputs


def test_a_value_that_is_no_secret_is_reported_as_given(parameter):
    made = parameter(type="String", insecureValue="open")

    assert made.read() == (made.inputs, made.outputs)
    assert "value" not in made.outputs
    assert made.update(insecureValue="sesame")["insecureValue"] == "sesame"


def test_the_value_is_secret_by_itself_and_nothing_else_is(provider):
    assert provider.secret(samples.PARAMETER) == provider.secret(GET) == {"value"}
    assert provider.secret(samples.VPC) == provider.secret("aws:ec2/getAmi:getAmi") == set()


def test_a_parameter_is_looked_up_in_clear_unless_that_is_declined(parameter, provider):
    parameter(value="hush")
    result = provider.invoke(GET, {"name": NAME})
    closed = provider.invoke(GET, {"name": NAME, "withDecryption": False})

    assert (result["value"], result["insecureValue"], result["type"]) == (
        "hush",
        "",
        "SecureString",
    )
    assert closed["value"] != "hush"


def test_what_is_open_is_looked_up_under_a_name_that_is_not_sealed(parameter, provider):
    parameter(type="String", value="open")

    assert provider.invoke(GET, {"name": NAME})["insecureValue"] == "open"


def test_a_parameter_that_is_not_there_is_named(provider):
    with refused("aws-parameter-missing", ProviderError):
        provider.invoke(GET, {"name": NAME})


def test_a_role_that_may_takes_the_policies_written_into_it_along(stack, provider, iam):
    role = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST, forceDetachPolicies=True)
    stack.make(samples.ROLE_POLICY, role=role["name"], policy=samples.READING)

    role.delete()

    assert role.read() is None


def test_a_policy_that_reads_the_same_is_no_change(stack, world):
    made = stack.make(samples.ROLE_POLICY, role=world.role["name"], policy=samples.READING)

    assert made.diff(policy=samples.READING.replace(" ", "\n ")).changed == ()


def test_the_parameters_of_a_folder_are_looked_up_page_by_page(provider, parameter, ssm):
    """A page has ten of them."""
    names = [f"/podnet/folder/{number:02}" for number in range(12)]
    for name in names:
        parameter(name=name, type="String", value=f"of {name}")
    parameter(name="/podnet/folder/deeper/one", type="String", value="x")

    found = provider.invoke(
        "aws:ssm/getParametersByPath:getParametersByPath", {"path": "/podnet/folder"}
    )

    assert sorted(zip(found["names"], found["values"], strict=True)) == [
        (name, f"of {name}") for name in names
    ]
    assert provider.secret("aws:ssm/getParametersByPath:getParametersByPath") == {"values"}


def test_a_folder_without_parameters_has_empty_lists(provider):
    found = provider.invoke(
        "aws:ssm/getParametersByPath:getParametersByPath", {"path": "/podnet/none"}
    )

    assert (found["names"], found["values"], found["types"], found["arns"]) == ([], [], [], [])
