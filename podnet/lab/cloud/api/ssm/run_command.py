"""Run Command, with a double of the agent: documents run for real in the lab's instances.

moto reports success for commands that it never runs. Limits are those of botocore's model of the
API (ssm/2014-11-06/service-2.json), which the comments name by shape.
"""

from __future__ import annotations

import json
import re
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from podnet.lab.clients import Client
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.emulator import IAMPolicy, PermissionResult

SERVICE = "ssm"
MOST_INSTANCES = 50
"""InstanceIdList."""
OUTPUT, PLUGIN_OUTPUT = 24_000, 2_500
"""Characters: StandardOutputContent of an invocation, CommandPluginOutput in a list of them."""
ERROR_OUTPUT = 8_000
"""StandardErrorContent."""
VISIBLE = 0.3
"""Seconds for which an invocation cannot be seen yet: "follows an eventual consistency model"
(GetCommandInvocation); AWS gives no bound."""
AGENT_NEEDS = ("ssm:UpdateInstanceInformation", "ssmmessages:CreateControlChannel")
"""What the role of an instance must allow for its agent to register, and to be reached."""
NOT_SERVED = ("CancelCommand", "ListCommands")

Execute = Callable[[str, str, float], tuple[int | None, str, str]]
"""Runs a script in an instance within some seconds: exit code (None where time ran out), standard
output and error. Raises `LookupError` where the instance has no process."""
Answer = Mapping[str, Any]


def nobody(instance_id: str, _script: str, _seconds: float) -> tuple[int | None, str, str]:
    """The instances of an API without machines."""
    raise LookupError(instance_id)


@dataclass(slots=True)
class Invocation:
    """A command on one instance."""

    instance_id: str
    status: str = "Pending"
    details: str = "Pending"
    code: int = -1
    stdout: str = ""
    stderr: str = ""


@dataclass(slots=True)
class Command:
    """A document that was sent to instances."""

    document: str
    invocations: dict[str, Invocation]
    sent: float = field(default_factory=time.monotonic)


class RunCommand:
    """The calls of Run Command, and what was sent by them."""

    def __init__(self, client_of: Callable[[str, str], Client], execute: Execute) -> None:
        self._client_of = client_of
        self._execute = execute
        self._commands: dict[str, Command] = {}
        self._actions: Mapping[str, Callable[[Answer, str], Answer]] = {
            "SendCommand": self._send,
            "GetCommandInvocation": self._get,
            "ListCommandInvocations": self._list,
            "DescribeInstanceInformation": self._describe,
        }

    def answer(self, call: Call) -> bytes | None:
        """The answer to a call of Run Command; None for what else there is."""
        if call.service != SERVICE:
            return None
        if call.action in NOT_SERVED:
            raise ApiError("UnknownOperationException", f"the lab does not serve {call.action}")
        action = self._actions.get(call.action)
        return json.dumps(action(call.document, call.region)).encode() if action else None

    def _send(self, asked: Answer, region: str) -> Answer:
        instance_ids = asked.get("InstanceIds") or []
        if not 1 <= len(instance_ids) <= MOST_INSTANCES or asked.get("Targets"):
            raise ApiError(
                "ValidationException",
                f"the lab takes 1 to {MOST_INSTANCES} InstanceIds and no Targets; "
                f"got {len(instance_ids)}",
            )
        script, seconds = _script(self._document(asked["DocumentName"], region), asked)
        managed = self._managed(region)
        if unknown := [each for each in instance_ids if each not in managed]:
            raise ApiError(
                "InvalidInstanceId",
                f"Instances {unknown} not in a valid state for account; no agent has registered",
            )
        command = Command(asked["DocumentName"], {each: Invocation(each) for each in instance_ids})
        command_id = str(uuid.uuid4())
        self._commands[command_id] = command
        for invocation in command.invocations.values():
            work = (invocation, script, seconds)
            threading.Thread(target=self._run, args=work, daemon=True).start()
        return {"Command": {"CommandId": command_id, "Status": "Pending"}}

    def _run(self, invocation: Invocation, script: str, seconds: float) -> None:
        invocation.status, invocation.details = "InProgress", "In Progress"
        try:
            code, stdout, stderr = self._execute(invocation.instance_id, script, seconds)
        except LookupError:
            # It waits for an agent that is away, and no test waits for so long.
            invocation.status, invocation.details = "Delayed", "Delayed"
            return
        invocation.stdout, invocation.stderr = stdout, stderr
        if code is None:
            invocation.details = "Execution Timed Out"
            invocation.status = "TimedOut"
            return
        invocation.code = code
        if code:
            # As the agent adds it (gruntwork-io/terratest, modules/aws/ssm_test.go).
            invocation.stderr += f"failed to run commands: exit status {code}"
        invocation.status = invocation.details = "Failed" if code else "Success"

    def _get(self, asked: Answer, _region: str) -> Answer:
        command = self._commands.get(asked["CommandId"])
        found = command.invocations.get(asked["InstanceId"]) if command else None
        if command is None or found is None or time.monotonic() - command.sent < VISIBLE:
            raise ApiError(
                "InvocationDoesNotExist",
                "The command ID and managed node ID you specified didn't match any invocations.",
            )
        is_over = found.status in ("Success", "Failed")
        return {
            **_summary(asked["CommandId"], command, found),
            "ResponseCode": found.code,
            # Empty before the end (GetCommandInvocationResult).
            "StandardOutputContent": found.stdout[:OUTPUT] if is_over else "",
            "StandardErrorContent": found.stderr[:ERROR_OUTPUT],
        }

    def _list(self, asked: Answer, _region: str) -> Answer:
        command = self._commands.get(asked.get("CommandId") or "")
        if command is None or time.monotonic() - command.sent < VISIBLE:
            return {"CommandInvocations": []}
        listed = [
            {
                **_summary(asked["CommandId"], command, each),
                "CommandPlugins": [{"Output": each.stdout[:PLUGIN_OUTPUT]}]
                if asked.get("Details")
                else [],
            }
            for each in command.invocations.values()
        ]
        return {"CommandInvocations": listed}

    def _describe(self, asked: Answer, region: str) -> Answer:
        managed = self._managed(region)
        for each in asked.get("Filters") or []:
            if each["Key"] != "InstanceIds":
                raise ApiError("InvalidFilterKey", f"the lab serves no filter {each['Key']}")
            managed = {key: managed[key] for key in each["Values"] if key in managed}
        first = int(asked.get("NextToken") or 0)
        shown = list(managed.items())[first : first + MOST_INSTANCES]
        more = {"NextToken": str(first + len(shown))} if first + len(shown) < len(managed) else {}
        return {
            "InstanceInformationList": [
                {"InstanceId": key, "PingStatus": status, "PlatformType": "Linux"}
                for key, status in shown
            ],
            **more,
        }

    def _document(self, name: str, region: str) -> Answer:
        ssm = self._client_of(SERVICE, region)
        try:
            document: Answer = json.loads(ssm.get_document(Name=name)["Content"])
        except ssm.exceptions.ClientError:
            raise ApiError(
                "InvalidDocument", f"Document with name {name} does not exist in the lab."
            ) from None
        return document

    def _managed(self, region: str) -> dict[str, str]:
        """Whether the agent of each instance that has registered is there, by instance id."""
        found = {}
        iam = self._client_of("iam", region)
        listed = self._client_of("ec2", region).describe_instances()
        for reservation in listed["Reservations"]:
            for instance in reservation["Instances"]:
                state = instance["State"]["Name"]
                profile = instance.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2]
                if state in ("running", "stopped", "stopping") and _may_register(iam, profile):
                    is_there = state == "running"
                    found[instance["InstanceId"]] = "Online" if is_there else "ConnectionLost"
        return found


def _summary(command_id: str, command: Command, found: Invocation) -> dict[str, Any]:
    return {
        "CommandId": command_id,
        "InstanceId": found.instance_id,
        "DocumentName": command.document,
        "Status": found.status,
        "StatusDetails": found.details,
    }


def _script(document: Answer, asked: Answer) -> tuple[str, float]:
    """The script of a document's one step with these parameters, and its seconds."""
    given = asked.get("Parameters") or {}
    known = document.get("parameters", {})
    values = {}
    for name, about in known.items():
        value = given.get(name, [about.get("default")])[0]
        pattern = about.get("allowedPattern", "(?s).*")
        allowed = about.get("allowedValues", [value])
        if value is None or value not in allowed or not re.fullmatch(pattern.strip("^$"), value):
            raise ApiError("InvalidParameters", f"parameter {name} has no value that it allows")
        values[name] = value
    if unknown := given.keys() - known.keys():
        raise ApiError("InvalidParameters", f"the document has no parameters {sorted(unknown)}")
    steps = document["mainSteps"]
    if len(steps) != 1 or steps[0]["action"] != "aws:runShellScript":
        raise ApiError("InvalidDocument", "the lab runs documents of one step aws:runShellScript")
    inputs = steps[0]["inputs"]

    def filled(text: str) -> str:
        return re.sub(r"\{\{ *(\w+) *\}\}", lambda match: values[match[1]], text)

    lines = "\n".join(map(filled, inputs["runCommand"]))
    return lines, float(filled(str(inputs.get("timeoutSeconds", 3600))))


def _may_register(iam: Client, profile: str) -> bool:
    if not profile:
        return False
    roles = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    policies = [each for role in roles for each in _policies(iam, role["RoleName"])]
    return all(
        any(
            policy.is_action_permitted(action, "*") is PermissionResult.PERMITTED
            for policy in policies
        )
        for action in AGENT_NEEDS
    )


def _policies(iam: Client, role: str) -> list[IAMPolicy]:
    inline = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]
    attached = []
    for each in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = each["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        attached.append(document["PolicyVersion"]["Document"])
    return [IAMPolicy(json.dumps(each)) for each in (*inline, *attached)]
