"""Every message that the page on troubleshooting quotes is one that podnet, or another, prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from podnet.lab.home import PROJECT
from podnet.plan import flow_logs

PAGE = (PROJECT / "docs" / "troubleshooting.md").read_text()
OF_OTHERS = {
    "no IP addresses available in range set": "host-local, a CNI plugin",
    "the stack is currently locked": "the Pulumi CLI",
    "empty result": "the AWS provider",
    "InsufficientInstanceCapacity": "EC2",
    "InvalidIPAddress.InUse": "EC2",
    "InvalidPermission.Duplicate": "EC2",
    "ParameterAlreadyExists": "SSM",
    "RouteAlreadyExists": "EC2",
    "RulesPerSecurityGroupLimitExceeded": "EC2",
    "Unsupported": "EC2",
    "is not a valid tag key": "EC2",
    "node-2 is stopped": "EC2, whose word for the state it is",
}
"""Who prints the messages that are not podnet's own."""
NO_MESSAGE = {"10-mynet.conflist", "nft flush ruleset", "vni", "vxlanPort", "l2", "up", "mtu: …"}
"""What is written as messages are: names of files, settings, modes, commands and checks."""
FEWEST_LETTERS = 6
"""A text in the code of fewer, such as that between two values, fits everything."""


def spans(text: str) -> list[str]:
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


def column(heading: str) -> list[str]:
    """The cells of the column with this heading, in whichever table has it."""
    cells: list[str] = []
    place = None
    for line in PAGE.splitlines():
        row = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            place = None
        elif heading in row:
            place = row.index(heading)
        elif place is not None and set(row[place]) != {"-"}:
            cells.append(row[place])
    return cells


def quoted() -> set[str]:
    """The messages of the page: in columns for them, in bold, or with a gap."""
    bold = re.findall(r"^(?:\* )?\*\*(.+?)\*\*", PAGE, re.MULTILINE | re.DOTALL)
    return {
        *(message for cell in column("text") for message in spans(cell)),
        *(cell.replace("`", "") for cell in column("it says")),
        *(message for text in bold if text.startswith("`") for message in spans(text)),
        *(message for message in spans(PAGE) if re.search(r" …|… ", message)),
    } - NO_MESSAGE


@cache
def printed() -> tuple[tuple[str, ...], ...]:
    """The texts of the code, each cut where values are filled in."""
    folders = (PROJECT / name for name in ("podnet", "components", "userdata"))
    trees = (ast.parse(file.read_text()) for each in folders for file in each.rglob("*.py"))
    return tuple({text for tree in trees for node in ast.walk(tree) for text in cut(node)})


def cut(node: ast.AST) -> Iterator[tuple[str, ...]]:
    match node:
        case ast.Constant(value=str(text)):
            yield (text,)
        case ast.JoinedStr(values=values):
            texts = [each.value if isinstance(each, ast.Constant) else "\0" for each in values]
            yield tuple("".join(texts).strip().split("\0"))


def fits(message: str, text: tuple[str, ...]) -> bool:
    """Whether a message, cut at its gaps, is a part of this text or the text with its values."""
    return all(
        any(piece in literal for literal in text) or is_filled(piece, text)
        for piece in filter(None, map(str.strip, message.split("…")))
    )


def is_filled(message: str, text: tuple[str, ...]) -> bool:
    """Whether a message is this text with values in its gaps."""
    if len(text) == 1 or len("".join(text)) < FEWEST_LETTERS:
        return False
    return re.fullmatch(".+".join(map(re.escape, text)), message, re.DOTALL) is not None


@pytest.mark.parametrize("message", sorted(quoted() - OF_OTHERS.keys()))
def test_a_quoted_message_stands_in_the_code(message):
    assert any(fits(message, text) for text in printed())


def test_a_message_of_another_program_is_quoted():
    assert quoted() >= OF_OTHERS.keys()


def test_a_message_that_nothing_prints_is_found():
    assert not any(fits("no answer in a hurry", text) for text in printed())
    assert not any(fits("node-2 has stopped", text) for text in printed())


def test_the_query_for_rejected_packets_names_every_field_of_a_record_in_its_order():
    (line,) = (line for line in PAGE.splitlines() if line.strip().startswith("parse @message"))
    stars, names = re.fullmatch(r' *parse @message "([* ]+)" as (.+)', line).groups()
    named = dict(zip(names.split(", "), flow_logs.FIELDS, strict=True))

    assert len(stars.split(" ")) == len(flow_logs.FIELDS)
    assert {
        name: named[name]
        for name in (
            "eni",
            "direction",
            "source",
            "target",
            "targetPort",
            "proto",
            "sent",
            "verdict",
        )
    } == {
        "eni": "interface-id",
        "direction": "flow-direction",
        "source": "pkt-srcaddr",
        "target": "pkt-dstaddr",
        "targetPort": "dstport",
        "proto": "protocol",
        "sent": "packets",
        "verdict": "action",
    }
