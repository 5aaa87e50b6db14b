"""The lab's API on loopback: moto, with AWS's refusals, defaults and side effects added."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any

from podnet.lab.cloud.api import service_quotas
from podnet.lab.cloud.api.backend import Application, Backend
from podnet.lab.cloud.api.call import ApiError, Call
from podnet.lab.cloud.api.consoles import fill
from podnet.lab.cloud.api.corrections import (
    apply_side_effects,
    fill_defaults,
    rewrite_answer,
)
from podnet.lab.cloud.api.emulator import states_of
from podnet.lab.cloud.api.errors import JSON, render
from podnet.lab.cloud.api.fault_injection import control
from podnet.lab.cloud.api.fault_injection.faults import Settings
from podnet.lab.cloud.api.fault_injection.history import History
from podnet.lab.cloud.api.fault_injection.treatment import Treatment
from podnet.lab.cloud.api.machines import Machines
from podnet.lab.cloud.api.refusals import check
from podnet.lab.cloud.api.ssm.calls import TARGET, mask_secure_values
from podnet.lab.cloud.api.ssm.run_command import RunCommand

BAD_REQUEST = 400
APPLIED_PATH = "/lab/applied"
NONE = Machines()


class Api:
    """A WSGI application; `on_change` is called with each call that changed something."""

    def __init__(
        self,
        app: Application,
        on_change: Callable[[Call], None],
        wait_until_applied: Callable[[], bytes],
        on_faults: Callable[[Settings], None] = lambda _: None,
        machines: Machines = NONE,
    ) -> None:
        """`on_faults` is called with the settings of whoever injects faults."""
        self._backend = Backend(app)
        self._run_command = RunCommand(self._backend.client, machines.execute)
        self._consoles = machines.consoles
        self._on_change = on_change
        self._on_faults = on_faults
        self._wait_until_applied = wait_until_applied
        self._treatment = Treatment(self._backend.client)
        self._history = History(states_of)
        # moto is not thread-safe, and what a rule checked must hold until its call is done.
        self.lock = threading.Lock()

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Answer one request."""
        if environ["PATH_INFO"] == APPLIED_PATH:
            return respond(
                start_response,
                200,
                [("Content-Type", "application/json")],
                self._wait_until_applied(),
            )
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body: bytes = environ["wsgi.input"].read(size)
        if environ["PATH_INFO"] == control.PATH:
            return self._control(environ, body, start_response)
        call = Call.parse(
            environ.get("HTTP_AUTHORIZATION", ""), body, environ.get("HTTP_X_AMZ_TARGET", "")
        )
        with self.lock:
            try:
                status, headers, answer = self._treat(environ, call, body)
                is_lost = bool(call and status < BAD_REQUEST and self._treatment.loses(call))
            except ApiError as error:
                return respond(start_response, *render(error, call))
        # Nothing in this machine follows from what speaks JSON: parameters, quotas.
        if call and not call.in_json and not call.reads_only and status < BAD_REQUEST:
            self._on_change(call)
        if is_lost:
            raise ConnectionAbortedError
        return respond(start_response, status, headers, answer)

    def warm(self) -> None:
        """Let moto load EC2, which takes seconds, before the first caller waits for it."""
        with self.lock:
            self._backend.client("ec2", "us-east-1").describe_regions()

    def _control(
        self, environ: dict[str, Any], body: bytes, start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        """Change and report the faults."""
        with self.lock:
            if environ["REQUEST_METHOD"] == "PUT":
                settings = Settings.of_json(json.loads(body))
                self._treatment.change(settings)
                self._on_faults(settings)
            found = json.dumps(self._treatment.report()).encode()
        return respond(start_response, 200, [("Content-Type", "application/json")], found)

    def _treat(
        self, environ: dict[str, Any], call: Call | None, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if call is None:
            return self._do(environ, call, body)
        self._treatment.admit(call)
        if not call.reads_only:
            self._history.keep(call, self._treatment.settings.horizon)
        with self._history.seconds_ago(call, self._treatment.lag(call)):
            return self._do(environ, call, body)

    def _do(
        self, environ: dict[str, Any], call: Call | None, body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        if call and (found := service_quotas.answer(call)) is not None:
            return 200, [("Content-Type", JSON)], found
        if call and (done := self._run_command.answer(call)) is not None:
            return 200, [("Content-Type", JSON)], done
        ec2 = self._backend.client("ec2", call.region) if call and call.service == "ec2" else None
        if call and ec2:
            call = fill_defaults(call)
            check(call, ec2)
            body = call.encode()
        elif call and call.service == "iam":
            check(call, self._backend.client("iam", call.region))
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        status, headers, answer = self._backend.request(environ)
        if call and ec2 and status < BAD_REQUEST:
            apply_side_effects(call, ec2)
            answer = rewrite_answer(call, answer, ec2)
            if call.action == "GetConsoleOutput":
                answer = fill(answer, self._consoles(call.get("InstanceId") or ""))
        if environ.get("HTTP_X_AMZ_TARGET", "").startswith(TARGET):
            answer = mask_secure_values(body, answer)
        return status, headers, answer


def respond(
    start_response: Callable[..., Any], status: int, headers: list[tuple[str, str]], body: bytes
) -> Iterable[bytes]:
    """Answer with this body; its length replaces any other `Content-Length`."""
    others = [(name, value) for name, value in headers if name.lower() != "content-length"]
    start_response(
        f"{status} {'OK' if status < BAD_REQUEST else 'Refused'}",
        [*others, ("Content-Length", str(len(body)))],
    )
    return [body]
