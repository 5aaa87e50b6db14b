"""A creation that ends between its calls is found again, told as it is, and finished."""

from __future__ import annotations

import secrets

import pytest

from lab.aws import TYPES
from lab.engine.values import ProviderError
from tests.unit.aws import samples


class ProcessEndedError(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def half(provider, monkeypatch, stack):
    """Makes a resource and ends right after the call that makes it; how it is found then."""

    def make(type_, **inputs):
        checked = provider.check(type_, inputs)
        token = secrets.token_hex(16)
        with monkeypatch.context() as patch:
            patch.setattr(TYPES[type_], "bring", end)
            with pytest.raises(ProcessEndedError):
                provider.create(type_, checked, token)
        id_, outputs = provider.find(type_, checked, token)
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
    pytest.param((samples.GROUP, lambda w: {"vpcId": w.vpc.id}, {"egress"}), id="security group"),
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
def test_what_is_missing_is_told_and_an_update_brings_it(case, half, world, provider):
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
    told = ec2.describe_instances(InstanceIds=[id_])["Reservations"][0]["Instances"][0]

    assert {"Key": "podnet:token", "Value": told["ClientToken"]} in told["Tags"]
    provider.delete(samples.INSTANCE, id_, outputs)


def test_a_name_of_somebody_else_is_not_taken_for_ones_own(world, stack, provider):
    other = stack.make(samples.ROLE, assumeRolePolicy=samples.TRUST, name="taken")
    inputs = provider.check(samples.ROLE, {"assumeRolePolicy": samples.TRUST, "name": "taken"})

    assert provider.find(samples.ROLE, inputs, secrets.token_hex(16)) is None
    with pytest.raises(ProviderError, match="EntityAlreadyExists"):
        provider.create(samples.ROLE, inputs, secrets.token_hex(16))
    assert other.find() is not None
