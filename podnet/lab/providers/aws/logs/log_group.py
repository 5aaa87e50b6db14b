"""Groups of CloudWatch Logs."""

from __future__ import annotations

from podnet.lab.providers.aws.base import Attempt, Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Values
from podnet.plan.flow_logs import RETENTIONS

FOR_EVER = 0
"""How the provider writes that records are kept without end."""
BUSY = frozenset({"OperationAbortedException"})


class LogGroup(Resource):
    """A log group; its name is its id, and its records end with it."""

    type_ = "aws:cloudwatch/logGroup:LogGroup"
    schema = Schema(
        optional={"name", "retentionInDays", "tags"},
        defaults={"retentionInDays": FOR_EVER},
        computed={"name"},
        replaced_by={"name"},
    )

    def validate(self, inputs: Values) -> None:
        days = inputs.get("retentionInDays", FOR_EVER)
        if days is not UNKNOWN and days not in {FOR_EVER, *RETENTIONS}:
            raise ProviderError(
                f"retentionInDays {days} of {self.type_}: CloudWatch Logs knows "
                f"{', '.join(map(str, RETENTIONS))}, and the provider {FOR_EVER} for ever",
                rule="aws-log-group-retention-unknown",
            )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        name = str(inputs.get("name") or attempt.made_up_name)
        tags = inputs.get("tags")
        self.session.logs.create_log_group(logGroupName=name, **({"tags": tags} if tags else {}))
        return name

    def created(self, id_: str, inputs: Values) -> Values:
        """Set how long it keeps records, and read back once."""
        if (days := inputs["retentionInDays"]) != FOR_EVER:
            self.session.logs.put_retention_policy(logGroupName=id_, retentionInDays=days)
        return self._outputs(inputs, self._live(id_, inputs))

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        found = self.session.all(
            self.session.logs, "describe_log_groups", "logGroups", logGroupNamePrefix=id_
        )
        for group in found:
            if group["logGroupName"] == id_:
                arn = group["arn"].removesuffix(":*")
                tags = self.session.logs.list_tags_for_resource(resourceArn=arn)["tags"]
                return {
                    "arn": arn,
                    "name": id_,
                    "retentionInDays": group.get("retentionInDays", FOR_EVER),
                    "tags": self.session.read_tags(
                        [{"Key": key, "Value": value} for key, value in tags.items()]
                    ),
                }
        return None

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        days, logs = inputs["retentionInDays"], self.session.logs
        if days != live["retentionInDays"]:
            if days == FOR_EVER:
                logs.delete_retention_policy(logGroupName=id_)
            else:
                logs.put_retention_policy(logGroupName=id_, retentionInDays=days)
        wanted, have = inputs.get("tags") or {}, live["tags"]
        if new := {key: value for key, value in wanted.items() if have.get(key) != value}:
            logs.tag_resource(resourceArn=live["arn"], tags=new)
        if stale := have.keys() - wanted.keys():
            logs.untag_resource(resourceArn=live["arn"], tagKeys=sorted(stale))

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        self.session.patiently(BUSY, lambda: self.session.logs.delete_log_group(logGroupName=id_))
