"""Flow logs as the plan has them: what EC2 is asked for, and in whose words."""

import re

import pytest

from podnet.plan import config, flow_logs
from podnet.plan.config import SettingsError
from podnet.plan.flow_logs import LoggedFlows


@pytest.mark.parametrize(
    ("flows", "kind"),
    [(LoggedFlows.NONE, None), (LoggedFlows.REJECTED, "REJECT"), (LoggedFlows.ALL, "ALL")],
)
def test_flows_have_ec2s_name(flows, kind):
    assert flows.traffic_type == kind


def test_a_format_is_fields_with_one_space_between_two():
    assert re.fullmatch(r"(\$\{[a-z-]+\} )+\$\{[a-z-]+\}", flow_logs.FORMAT)
    assert "${pkt-srcaddr} ${pkt-dstaddr}" in flow_logs.FORMAT
    assert len({*flow_logs.FIELDS}) == len(flow_logs.FIELDS)


def test_the_group_of_a_stack_has_a_name_that_cloudwatch_logs_takes():
    name = flow_logs.group("my-org/pod.net/dev_1")

    assert name == "/podnet/my-org/pod.net/dev_1/flow-logs"
    # CloudWatch Logs API Reference, CreateLogGroup.
    assert re.fullmatch(r"[.\-_/#A-Za-z0-9]{1,512}", name)


@pytest.mark.parametrize("days", flow_logs.RETENTIONS)
def test_every_time_of_cloudwatch_logs_is_taken(days):
    read = config.load({"podnet:flowLogRetentionDays": str(days)})

    assert read.flow_log_retention_days == days


def test_a_time_that_is_refused_is_followed_by_those_that_are_taken():
    with pytest.raises(SettingsError) as caught:
        config.load({"podnet:flowLogRetentionDays": "10"})

    assert "podnet:flowLogRetentionDays 10 is no time" in str(caught.value)
    assert "one of 1, 3, 5, 7, 14, " in str(caught.value)
    assert str(caught.value).endswith("3288 and 3653")
