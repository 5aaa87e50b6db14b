"""Flow logs and their groups: what is refused, asked for again, read once, and in whose name."""

from __future__ import annotations

import secrets

import pytest
from botocore.exceptions import ClientError

from podnet.lab.providers.aws import TYPES
from podnet.lab.providers.protocol import UNKNOWN, ProviderError
from podnet.plan.flow_logs import RETENTIONS
from tests.refusals import refused
from tests.unit.lab.providers.aws import samples
from tests.unit.lab.providers.aws.conftest import client
from tests.unit.lab.providers.aws.samples import SAMPLES

NOT_YET = "Unable to assume given IAM role: 'arn:aws:iam::1:role/new'"


def inputs_of(type_, world):
    (sample,) = (one for one in SAMPLES if one.type == type_)
    return sample.inputs(world)


def answers(monkeypatch, provider, operation, *given):
    """Let a call of EC2 raise what of these is an error, and then do what it does."""
    ec2, left = provider._session.ec2, list(given)  # noqa: SLF001
    real = getattr(ec2, operation)

    def call(**arguments):
        answer = left.pop(0) if left else real(**arguments)
        if isinstance(answer, ClientError):
            raise answer
        return answer

    monkeypatch.setattr(ec2, operation, call)


def error(code, message):
    return ClientError({"Error": {"Code": code, "Message": message}}, "CreateFlowLogs")


def create(provider, type_, inputs):
    checked = provider.check(type_, inputs)
    return provider.create(type_, checked, secrets.token_hex(16), "one")


@pytest.mark.parametrize("kind", ["reject", "NONE", ""])
def test_traffic_of_another_kind_is_refused(provider, world, kind):
    with refused("aws-flow-log-traffic-unknown", ProviderError):
        provider.check(samples.FLOW_LOG, inputs_of(samples.FLOW_LOG, world) | {"trafficType": kind})


@pytest.mark.parametrize("days", [2, 10, -1, 3654])
def test_a_time_that_cloudwatch_logs_does_not_have_is_refused(provider, days):
    with refused("aws-log-group-retention-unknown", ProviderError):
        provider.check(samples.LOG_GROUP, {"retentionInDays": days})


@pytest.mark.parametrize("days", [0, *RETENTIONS, UNKNOWN])
def test_every_other_time_is_taken_and_what_is_not_known_yet(provider, days):
    assert provider.check(samples.LOG_GROUP, {"retentionInDays": days})["retentionInDays"] == days
    unknown = {"vpcId": UNKNOWN, "trafficType": UNKNOWN}
    assert provider.check(samples.FLOW_LOG, unknown) == unknown


def test_a_role_that_iam_has_not_spread_yet_is_asked_for_again(provider, stack, world, monkeypatch):
    answers(monkeypatch, provider, "create_flow_logs", error("InvalidParameter", NOT_YET))

    assert stack.make(samples.FLOW_LOG, **inputs_of(samples.FLOW_LOG, world)).id.startswith("fl-")


@pytest.mark.parametrize(
    ("code", "message"), [("InvalidParameter", "Unknown fields"), ("Other", NOT_YET)]
)
def test_any_other_refusal_ends_the_creation(provider, world, monkeypatch, code, message):
    answers(monkeypatch, provider, "create_flow_logs", error(code, message))

    with refused("aws-call-refused", ProviderError) as caught:
        create(provider, samples.FLOW_LOG, inputs_of(samples.FLOW_LOG, world))
    assert message in str(caught.value)


def test_what_an_answer_lists_as_not_done_is_an_error(provider, stack, world, monkeypatch):
    made = stack.make(samples.FLOW_LOG, **inputs_of(samples.FLOW_LOG, world))
    item = {"ResourceId": "x", "Error": {"Code": "Access", "Message": "LogDestination: no"}}
    for operation in ("create_flow_logs", "delete_flow_logs"):
        answers(monkeypatch, provider, operation, {"FlowLogIds": [], "Unsuccessful": [item]})
    with refused("aws-call-refused", ProviderError) as caught:
        create(provider, samples.FLOW_LOG, inputs_of(samples.FLOW_LOG, world))
    assert "CreateFlowLogs was refused: Access: LogDestination: no" in str(caught.value)
    with refused("aws-call-refused", ProviderError):
        made.delete()
    assert made.read() is not None


@pytest.mark.parametrize("type_", [samples.FLOW_LOG, samples.LOG_GROUP])
def test_a_creation_reads_once_what_the_api_may_show_late(provider, world, monkeypatch, type_):
    with monkeypatch.context() as patch:
        patch.setattr(TYPES[type_], "describe", lambda *_: None)
        with refused("aws-resource-gone", ProviderError) as caught:
            create(provider, type_, inputs_of(type_, world))
    made = caught.value.created

    assert provider.read(type_, made.id, {}, made.outputs)[1]["tags"] == samples.TAGS
    provider.delete(type_, made.id, made.outputs)


def test_a_group_whose_name_begins_like_another_is_not_taken_for_it(stack, provider):
    longer = stack.make(samples.LOG_GROUP, name="/podnet/test/other")

    assert provider.read(samples.LOG_GROUP, "/podnet/test", {}, {}) is None
    assert longer.read() is not None


def test_records_are_kept_for_ever_where_the_program_says_no_time(stack, endpoint):
    group = stack.make(samples.LOG_GROUP, name="/podnet/test", retentionInDays=14)
    group.update(retentionInDays=None)
    (found,) = client(endpoint, "logs").describe_log_groups()["logGroups"]

    assert group["retentionInDays"] == 0
    assert "retentionInDays" not in found


def test_a_name_that_is_not_given_is_made_up(stack):
    assert stack.make(samples.LOG_GROUP).id.startswith("sample-")


def test_a_retention_changed_by_hand_is_reported_and_repaired(stack, endpoint):
    group = stack.make(samples.LOG_GROUP, name="/podnet/test", retentionInDays=14)
    client(endpoint, "logs").put_retention_policy(logGroupName=group.id, retentionInDays=1)
    found, outputs = group.read()

    assert found["retentionInDays"] == 1
    provider = group.provider
    provider.update(samples.LOG_GROUP, group.id, found, outputs, group.inputs)
    assert group.read()[0] == group.inputs


def test_a_flow_log_deleted_by_hand_is_gone(world, stack, ec2):
    made = stack.make(samples.FLOW_LOG, **inputs_of(samples.FLOW_LOG, world))
    ec2.delete_flow_logs(FlowLogIds=[made.id])

    assert made.read() is None


def test_a_flow_log_is_in_the_name_of_its_roles_account(world, stack):
    made = stack.make(samples.FLOW_LOG, **inputs_of(samples.FLOW_LOG, world))

    assert made["arn"] == f"arn:aws:ec2:eu-central-1:123456789012:vpc-flow-log/{made.id}"
