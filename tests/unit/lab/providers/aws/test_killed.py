"""What a creation that was killed right after its call left is in the way of the next one."""

from __future__ import annotations

import secrets

import pytest

from podnet.lab.providers.aws import TYPES
from podnet.lab.providers.protocol import ProviderError
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.samples import SAMPLES

REFUSED = {
    samples.SUBNET: "InvalidSubnet.Conflict",
    samples.INGRESS: "InvalidPermission.Duplicate",
    samples.EGRESS: "InvalidPermission.Duplicate",
    samples.PARAMETER: "ParameterAlreadyExists",
    samples.RESERVATION: "InvalidParameterValue",
    samples.FLOW_LOG: "FlowLogAlreadyExists",
    samples.LOG_GROUP: "ResourceAlreadyExistsException",
}
"""What AWS refuses the second creation with."""

SAME = {
    samples.ASSOCIATION,
    samples.TAG,
    samples.ATTACHMENT,
    samples.DEFAULT_GROUP,
    samples.EXCLUSIVE,
    samples.ROUTE,
}
"""Whose second creation is the first one again; a second route is refused by AWS and the lab's API,
and not by moto."""

TWICE = {
    samples.VPC,
    samples.SECONDARY_RANGE,
    samples.GATEWAY,
    samples.TABLE,
    samples.GROUP,
    samples.ROLE,
    samples.ROLE_POLICY,
    samples.PROFILE,
    samples.INSTANCE,
}
"""What exists twice then; a second range of the same addresses is refused by AWS and the lab's API,
and not by moto."""


class ProcessEndedError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.type.split(":")[-1])
def test_what_a_killed_creation_made_is_in_the_way(sample, world, provider, monkeypatch):
    type_, inputs = sample.type, provider.check(sample.type, sample.inputs(world))
    # The lab's API refuses a fixed address that is in use, and moto fails.
    inputs.pop("privateIp", None)
    made: list[str] = []

    def end(_, id_, __):
        made.append(id_)
        raise ProcessEndedError

    def create():
        return provider.create(type_, inputs, secrets.token_hex(16), "one")

    with monkeypatch.context() as patch:
        patch.setattr(TYPES[type_], "created", end)
        with pytest.raises(ProcessEndedError):
            create()
    if code := REFUSED.get(type_):
        with refused("aws-call-refused", ProviderError) as caught:
            create()
        assert code in str(caught.value)
    else:
        made.append(create()[0])

        assert len({*made}) == (1 if type_ in SAME else 2)
    for id_ in {*made}:
        provider.delete(type_, id_, inputs)


def test_every_type_is_refused_made_again_or_there_twice():
    assert REFUSED.keys() | SAME | TWICE == set(TYPES)
