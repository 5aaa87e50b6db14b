"""Flow logs of a VPC."""

from __future__ import annotations

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from podnet.lab.providers.aws.base import Attempt
from podnet.lab.providers.aws.ec2.resource import Ec2Resource
from podnet.lab.providers.aws.schema import Schema
from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Values

TRAFFIC = ("ACCEPT", "REJECT", "ALL")
NOT_YET = "Unable to assume given IAM role"
"""What EC2 says of a role that it does not know yet."""


class FlowLog(Ec2Resource):
    """A flow log of a VPC into CloudWatch Logs; but for its tags, EC2 changes nothing of it."""

    type_ = "aws:ec2/flowLog:FlowLog"
    kind = "vpc-flow-log"
    listing = ("describe_flow_logs", "FlowLogIds", "FlowLogs", "FlowLogId")
    schema = Schema(
        required={"vpcId", "trafficType"},
        optional={"iamRoleArn", "logDestination", "logFormat", "tags"},
        computed={"logDestination", "logFormat"},
        replaced_by={"vpcId", "trafficType", "iamRoleArn", "logDestination", "logFormat"},
    )

    def validate(self, inputs: Values) -> None:
        kind = inputs["trafficType"]
        if kind is not UNKNOWN and kind not in TRAFFIC:
            raise ProviderError(
                f"trafficType {kind!r} of {self.type_}: EC2 knows {', '.join(TRAFFIC)}",
                rule="aws-flow-log-traffic-unknown",
            )

    def create_call(self, inputs: Values, attempt: Attempt) -> str:
        names = {
            "iamRoleArn": "DeliverLogsPermissionArn",
            "logDestination": "LogDestination",
            "logFormat": "LogFormat",
        }
        made = self.session.patiently(
            {"InvalidParameter"},
            lambda: self.ec2.create_flow_logs(
                ClientToken=attempt.token,
                ResourceType="VPC",
                ResourceIds=[inputs["vpcId"]],
                TrafficType=inputs["trafficType"],
                **{key: inputs[name] for name, key in names.items() if name in inputs},
                **self.tagging(inputs),
            ),
            saying=NOT_YET,
        )
        _refused(made, "CreateFlowLogs")
        return str(made["FlowLogIds"][0])

    def created(self, id_: str, inputs: Values) -> Values:
        """Read back once: what EC2 does not show yet is an error."""
        return self._outputs(inputs, self._live(id_, inputs))

    def describe(self, id_: str, known: Values) -> Values | None:
        del known
        found = self.fetch(id_)
        # The API does not say whose it is; the ARN of its role does.
        role = found.get("DeliverLogsPermissionArn") if found else None
        return found and {
            "arn": self.arn(id_, role.split(":")[4]) if role else None,
            "vpcId": found["ResourceId"],
            "trafficType": found["TrafficType"],
            "iamRoleArn": role,
            "logDestination": found.get("LogDestination"),
            "logDestinationType": found["LogDestinationType"],
            "logFormat": found["LogFormat"],
            "maxAggregationInterval": found["MaxAggregationInterval"],
            "tags": self.session.read_tags(found.get("Tags", [])),
        }

    def reconcile(self, id_: str, inputs: Values, live: Values) -> None:
        self.retag(id_, inputs.get("tags"), live["tags"])

    def delete_call(self, id_: str, known: Values) -> None:
        del known
        _refused(self.ec2.delete_flow_logs(FlowLogIds=[id_]), "DeleteFlowLogs")


def _refused(answer: Values, operation: str) -> None:
    """Raise what an answer lists as not done: these calls succeed by themselves all the same."""
    for item in answer.get("Unsuccessful", []):
        raise ClientError({"Error": item["Error"]}, operation)
