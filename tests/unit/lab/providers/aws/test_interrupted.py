"""A creation that ends between its calls is found again, reported as it is, and finished."""

from __future__ import annotations

import secrets

import pytest

from podnet.lab.providers.aws import TYPES
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples


class ProcessEndedError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def half(provider, monkeypatch, stack):
    """Makes a resource and ends right after the call that makes it; how it is found then."""

    def make(type_, **inputs):
        checked = provider.check(type_, inputs)
        token = secrets.token_hex(16)
        with monkeypatch.context() as patch:
            patch.setattr(TYPES[type_], "created", end)
            with pytest.raises(ProcessEndedError):
                provider.create(type_, checked, token, "one")
        id_, outputs = provider.find(type_, checked, token, "one")
        found, outputs = provider.read(type_, id_, checked, outputs)
        return checked, id_, found, outputs

    return make


def end(*_):
    raise ProcessEndedError


CASES = [
    pytest.param((samples.GATEWAY, lambda w: {"vpcId": w.vpc.id}, {"vpcId"}), id="gateway"),
    pytest.param(
        (
            samples.VPC,
            lambda _: {"cidrBlock": "10.3.0.0/16", "enableDnsHostnames": True},
            {"enableDnsHostnames"},
        ),
        id="vpc",
    ),
    pytest.param((samples.PROFILE, lambda w: {"role": w.role["name"]}, {"role"}), id="profile"),
    pytest.param(
        (
            samples.INSTANCE,
            lambda w: samples.instance(w, "192.168.1.50"),
            {"sourceDestCheck", "rootBlockDevice"},
        ),
        id="instance",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_what_is_missing_is_reported_and_an_update_creates_it(case, half, world, provider):
    type_, inputs, missing = case
    checked, id_, found, outputs = half(type_, **inputs(world))
    diff = provider.diff(type_, id_, found, outputs, checked)

    assert set(diff.changed) == missing
    assert diff.replaces == ()
    provider.update(type_, id_, found, outputs, checked)
    whole, outputs = provider.read(type_, id_, checked, outputs)
    assert whole == checked
    provider.delete(type_, id_, outputs)


def test_an_instance_bears_its_token_from_the_first_call(half, world, ec2, provider):
    _, id_, _, outputs = half(samples.INSTANCE, **samples.instance(world, "192.168.1.50"))
    instance = ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]

    assert {"Key": "podnet:token", "Value": instance["ClientToken"]} in instance["Tags"]
    provider.delete(samples.INSTANCE, id_, outputs)


def test_a_name_of_somebody_else_is_not_taken_for_ones_own(world, stack, provider):
    other = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST, name="taken")
    inputs = provider.check(samples.ROLE, {"assumeRolePolicy": samples.TRUST, "name": "taken"})

    assert provider.find(samples.ROLE, inputs, secrets.token_hex(16), "one") is None
    with refused("aws-call-refused", ProviderError) as caught:
        provider.create(samples.ROLE, inputs, secrets.token_hex(16), "one")
    assert "EntityAlreadyExists" in str(caught.value)
    assert other.find() is not None
