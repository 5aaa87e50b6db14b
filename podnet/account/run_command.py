"""Run Command of Systems Manager: a document of podnet's own, sent to instances by their ids.

Limits are those of the API's model (botocore, ssm/2014-11-06/service-2.json).
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from types import MappingProxyType
from typing import Any

from podnet.account.session import Client, explained
from podnet.errors import UserError
from podnet.probe import wire
from podnet.probe.bundle import bundle
from podnet.probe.distributed import Silence

POLICY = "docs/iam/matrix.json"
PREFIX = "podnet-matrix-"
FOLDER = "/run/podnet-matrix"
AT_ONCE = 50
"""Instances of one command: InstanceIdList."""
MOST = 24_000
"""Characters of a command's output: StandardOutputContent. A list of invocations has 2,500."""
DELIVERY = 30
"""The least number of seconds in which a command must reach its agent: TimeoutSeconds."""
LAST_LINE = "failed to run commands: "
"""What the SSM agent adds to the errors of a script that failed (gruntwork-io/terratest,
modules/aws/ssm_test.go)."""
OVER = ("Success", "Failed", "TimedOut", "Cancelled")
POLL = 1.0
LINE = 76


@dataclass(frozen=True, slots=True)
class Document:
    """The command document: the agent, and the script that starts, asks and ends it."""

    content: str
    prefix: str = PREFIX

    @property
    def name(self) -> str:
        """With a digest of the content, so that a later version of podnet has its own."""
        return f"{self.prefix}{hashlib.sha256(self.content.encode()).hexdigest()[:12]}"

    @classmethod
    def of(
        cls,
        prefix: str,
        description: str,
        script: Sequence[str],
        parameters: Mapping[str, object] = MappingProxyType({}),
    ) -> Document:
        """A document of one script, with these parameters beside its seconds."""
        step = {"timeoutSeconds": "{{ Seconds }}", "runCommand": [*script]}
        seconds = {"type": "String", "allowedPattern": "^[1-9][0-9]{0,3}$"}
        return cls(
            json.dumps(
                {
                    "schemaVersion": "2.2",
                    "description": description,
                    "parameters": {**parameters, "Seconds": seconds},
                    "mainSteps": [
                        {"action": "aws:runShellScript", "name": "probe", "inputs": step}
                    ],
                }
            ),
            prefix,
        )


def here_document(data: bytes, mark: str) -> list[str]:
    """Lines of a script after `<<'mark'`: data in base64."""
    packed = base64.b64encode(data).decode()
    return [*(packed[first : first + LINE] for first in range(0, len(packed), LINE)), mark]


def document() -> Document:
    """The document of this version."""
    script = [
        "set -eu",
        "umask 077",
        f"mkdir -p {FOLDER}",
        # Renamed, since an agent may be reading the file of the same name.
        f"base64 -d >{FOLDER}/new <<'PROBE'",
        *here_document(bundle(), "PROBE"),
        f"mv {FOLDER}/new {FOLDER}/probe.pyz",
        f"python3 -I {FOLDER}/probe.pyz node {{{{ Action }}}} <<'MESSAGE'",
        "{{ Message }}",
        "MESSAGE",
        f"if [ {{{{ Action }}}} = stop ]; then rm -rf {FOLDER}; fi",
    ]
    return Document.of(
        PREFIX,
        "Packets between podnet's nodes and pods: podnet matrix --live=ssm",
        script,
        {
            "Action": {"type": "String", "allowedValues": ["start", "request", "stop"]},
            # No character that a shell, or the document's own syntax, would take for its.
            "Message": {"type": "String", "allowedPattern": "^[A-Za-z0-9+/=]*$"},
        },
    )


def ensure_document(ssm: Client, wanted: Document, policy: str = POLICY) -> str:
    """The name of a document, created where the account has none."""
    with explained("ssm", policy):
        try:
            ssm.describe_document(Name=wanted.name)
        except ssm.exceptions.InvalidDocument:
            # Another run may do the same at this moment.
            with suppress(ssm.exceptions.DocumentAlreadyExists):
                ssm.create_document(
                    Name=wanted.name,
                    Content=wanted.content,
                    DocumentType="Command",
                    DocumentFormat="JSON",
                )
        status = "unknown"
        for _ in range(DELIVERY):
            status = ssm.describe_document(Name=wanted.name)["Document"]["Status"]
            if status == "Active":
                return wanted.name
            time.sleep(POLL)
    raise UserError(
        f"the document {wanted.name} of Systems Manager is {status}, not Active; look at it in the "
        "console, and delete it if it failed",
        rule="command-document-not-active",
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Instances:
    """The agents of a probe on instances, by the names of their nodes."""

    ssm: Client
    document: str
    ids: Mapping[str, str]
    seconds: int
    """The time that a command may take on its node."""
    policy: str = POLICY
    """What allows the calls."""

    def ask(self, places: Collection[str], message: object) -> Mapping[str, Any]:
        """The answer of each node's agent to the same message."""
        return self.run("request", places, message)

    def away(self) -> dict[str, str]:
        """The nodes whose SSM agent takes no command, with the reason."""
        found: dict[str, str] = {}
        with explained("ssm", self.policy):
            for batch in _batches(self.ids.values()):
                filters = [{"Key": "InstanceIds", "Values": batch}]
                pages = self.ssm.get_paginator("describe_instance_information")
                for page in pages.paginate(Filters=filters):
                    for each in page["InstanceInformationList"]:
                        found[each["InstanceId"]] = each["PingStatus"]
        return {
            name: f"the SSM agent of {name} ({instance_id}) is offline: {found[instance_id]}"
            if instance_id in found
            else f"no SSM agent of {name} ({instance_id}) has registered; podnet:sessionManager "
            "installs one"
            for name, instance_id in self.ids.items()
            if found.get(instance_id) != "Online"
        }

    def run(self, action: str, places: Collection[str], message: object) -> dict[str, Any]:
        """The answer of each node to an action, or a `Silence`."""
        answers = self.outputs(places, {"Action": action, "Message": wire.pack(message)})
        return {
            place: each if isinstance(each, Silence) else _message(each)
            for place, each in answers.items()
        }

    def outputs(
        self, places: Collection[str], parameters: Mapping[str, str]
    ) -> dict[str, str | Silence]:
        """What the document prints on each node."""
        answers: dict[str, str | Silence] = {}
        for batch in _batches(places):
            answers |= self._run(batch, parameters)
        return answers

    def _run(
        self, places: Sequence[str], parameters: Mapping[str, str]
    ) -> dict[str, str | Silence]:
        names = {self.ids[place]: place for place in places}
        given = {**parameters, "Seconds": str(self.seconds)}
        with explained("ssm", self.policy):
            sent = self.ssm.send_command(
                DocumentName=self.document,
                InstanceIds=list(names),
                TimeoutSeconds=DELIVERY,
                Parameters={name: [value] for name, value in given.items()},
            )["Command"]["CommandId"]
            states = self._wait(sent, names)
            return {
                place: self._answer(sent, instance_id, states.get(instance_id, "not sent"))
                for instance_id, place in names.items()
            }

    def _wait(self, sent: str, names: Collection[str]) -> dict[str, str]:
        """The status of each invocation when all are over, or the time has passed."""
        limit = time.monotonic() + DELIVERY + self.seconds
        states: dict[str, str] = {}
        while time.monotonic() < limit:
            listed = self.ssm.list_command_invocations(CommandId=sent, MaxResults=AT_ONCE)
            states = {each["InstanceId"]: each["Status"] for each in listed["CommandInvocations"]}
            if all(states.get(each) in OVER for each in names):
                break
            time.sleep(POLL)
        return states

    def _answer(self, sent: str, instance_id: str, state: str) -> str | Silence:
        if state not in OVER:
            waited = DELIVERY + self.seconds
            return Silence(f"its command is {state} after {waited} s: its SSM agent took none")
        # Seen in a list, an invocation may still be unknown to this call for a moment.
        for _ in range(DELIVERY):
            try:
                found = self.ssm.get_command_invocation(CommandId=sent, InstanceId=instance_id)
                break
            except self.ssm.exceptions.InvocationDoesNotExist:
                time.sleep(POLL)
        else:
            return Silence("its command has no result")
        if state == "Success":
            return str(found["StandardOutputContent"])
        if state == "TimedOut":
            return Silence(
                f"its command timed out after {self.seconds} s ({found['StatusDetails']})"
            )
        lines = found["StandardErrorContent"].strip().splitlines()
        lines = [line for line in lines if not line.startswith(LAST_LINE)]
        said = lines[-1] if lines else f"code {found['ResponseCode']}"
        return Silence(f"its command ended as {state}: {said}")


def _message(output: str) -> Any:  # noqa: ANN401  # JSON
    if len(output) >= MOST:
        return Silence(f"its answer is longer than the {MOST} characters that Run Command returns")
    try:
        return wire.unpack(output)
    except wire.WireError as error:
        return Silence(f"its command answered oddly: {error}")


def _batches(items: Collection[str]) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch
