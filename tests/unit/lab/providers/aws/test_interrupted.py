"""What a creation that ended between its calls left is read as it is, and finished."""

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
def half(provider, monkeypatch):
    """Makes a resource and ends right after the call that makes it; how it reads then."""

    def make(type_, **inputs):
        checked = provider.check(type_, inputs)
        made: list[str] = []

        def end(_, id_, __):
            made.append(id_)
            raise ProcessEndedError

        with monkeypatch.context() as patch:
            patch.setattr(TYPES[type_], "created", end)
            with pytest.raises(ProcessEndedError):
                provider.create(type_, checked, secrets.token_hex(16), "one")
        found, outputs = provider.read(type_, made[0], checked, checked)
        return checked, made[0], found, outputs

    return make


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


def test_a_launch_that_ends_before_it_runs_says_why(stack, world, ec2, monkeypatch):
    create_call = TYPES[samples.INSTANCE].create_call

    def ended(self, inputs, attempt):
        id_ = create_call(self, inputs, attempt)
        ec2.terminate_instances(InstanceIds=[id_])
        return id_

    monkeypatch.setattr(TYPES[samples.INSTANCE], "create_call", ended)

    with refused("aws-instance-ended", ProviderError) as caught:
        stack.make(samples.INSTANCE, **samples.instance(world, "192.168.1.50"))
    assert "Client.UserInitiatedShutdown" in str(caught.value)
