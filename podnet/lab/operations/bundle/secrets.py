"""The secrets that are known by their values, so that they are found wherever they stand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from podnet.cli.bundle.live import LEAST, environment
from podnet.lab.home import Home
from podnet.lab.stack.lab_stack import LabStack
from podnet.system.deadline import within
from podnet.world.reader.calls import Api

SECONDS = 20.0
OF_USERS = (".aws/credentials",)


def of_machine(home: Home, stack: str) -> Iterator[str]:
    """Of the user's environment and files, and of the lab's own."""
    yield from environment()
    for file in (home.pulumi / "passphrase", home.state(stack).with_suffix(".json.key")):
        yield from _lines(file)
    for name in OF_USERS:
        for line in _lines(Path.home() / name):
            yield line.partition("=")[2].strip()


def of_api(stack: LabStack) -> list[str]:
    """The values of the stack's encrypted parameters; raises the client's errors."""

    def values() -> list[str]:
        rows = Api(stack.ssm).all("describe_parameters", "Parameters")
        names = [row["Name"] for row in rows if row["Type"] == "SecureString"]
        found = []
        for name in names:
            answer = stack.ssm.get_parameter(Name=name, WithDecryption=True)
            value = str(answer["Parameter"]["Value"])
            found += [value, *(line.strip() for line in value.splitlines())]
        return [each for each in found if len(each) >= LEAST]

    return within(SECONDS, values)


def _lines(file: Path) -> Iterator[str]:
    try:
        yield from file.read_text(errors="replace").splitlines()
    except OSError:
        return
