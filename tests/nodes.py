"""Nodes that nobody boots: they have applied at once what they are assigned, and say so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BytesIO
from typing import Any

from podnet.lab.cloud.api.backend import Backend
from podnet.plan.acknowledgement import Acknowledgement, folder
from podnet.plan.tags import FILES, NODE, ROUTING, STACK

READ = ".GetParametersByPath"
FROZEN = "/frozen"
"""The folder of parameters with the names of nodes that say nothing new."""


def with_nodes(app: Any) -> Any:
    """The API, in which nodes write just before somebody reads."""
    backend = Backend(app)

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ.get("HTTP_X_AMZ_TARGET", "").endswith(READ):
            body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            scope = re.search(r"Credential=[^/]*/\d+/([^/]+)/", environ["HTTP_AUTHORIZATION"])
            _acknowledge(backend, scope[1], json.loads(body)["Path"])
            environ["wsgi.input"] = BytesIO(body)
        return app(environ, start_response)

    return answer


def _acknowledge(backend: Backend, region: str, path: str) -> None:
    ec2, ssm = (backend.client(service, region) for service in ("ec2", "ssm"))
    there = ssm.get_parameters_by_path(Path=FROZEN)["Parameters"]
    frozen = {each["Name"].rpartition("/")[2] for each in there}
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    for group in ec2.describe_instances(Filters=running)["Reservations"]:
        for instance in group["Instances"]:
            tags = {tag["Key"]: tag["Value"] for tag in instance.get("Tags", ())}
            if folder(tags.get(STACK, "")) != path or tags[NODE] in frozen:
                continue
            text = said(instance["InstanceId"], tags.get(ROUTING), tags.get(FILES, ""))
            with suppress(ssm.exceptions.ParameterNotFound):
                name = f"{path}/{tags[NODE]}"
                if ssm.get_parameter(Name=name)["Parameter"]["Value"] != text:
                    ssm.put_parameter(Name=name, Value=text, Type="String", Overwrite=True)


@contextmanager
def freezing(ssm: Any, node: str) -> Iterator[None]:
    """Meanwhile a node of this name does not follow."""
    name = f"{FROZEN}/{node}"
    ssm.put_parameter(Name=name, Value="yes", Type="String")
    try:
        yield
    finally:
        ssm.delete_parameter(Name=name)


def said(instance: str, routing: str | None, files: str = "", *problems: str) -> str:
    """What a node says that has applied this."""
    return Acknowledgement(
        instance=instance,
        boot="one",
        routing=routing,
        files=f"podnet-{files[:12]}",
        problems=problems,
        time="2026-11-29T12:00:00+00:00",
    ).text()
