"""The nodes of an account in a bundle, which Run Command of Systems Manager asks."""

from __future__ import annotations

import base64
import binascii
import json
import lzma
import re
from collections.abc import Mapping
from typing import Any

from podnet.account.run_command import Document, Instances, ensure_document, here_document
from podnet.account.session import Client
from podnet.bundle.archive import Archive
from podnet.bundle.node_files import ALLOWANCES, COMMANDS, CONFLIST, FILES
from podnet.bundle.redaction import Redactor
from podnet.cli.bundle.on_node import MODULES, START
from podnet.errors import UserError
from podnet.probe.bundle import zipped
from podnet.probe.distributed import Silence

POLICY = "docs/iam/bundle.json"
PREFIX = "podnet-bundle-"
SECONDS = 120
"""For all of a node."""
MOST_BYTES = 64 * 1024 * 1024
"""Of an answer: a node that is not trusted could pack more."""
WHAT = "what the node itself shows"
MEANINGS = {name: what for name, what, _ in (*FILES, *COMMANDS)} | {"allowances.json": ALLOWANCES}
NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,99}")


def document() -> Document:
    """The document of this version: what runs on a node, and leaves nothing there."""
    return Document.of(
        PREFIX,
        "What a node of podnet shows, without secrets: podnet debug bundle --live --nodes-by ssm",
        [
            "set -eu",
            "umask 077",
            "folder=$(mktemp -d /run/podnet-bundle.XXXXXX)",
            "trap 'rm -rf \"$folder\"' EXIT",
            "base64 -d >\"$folder/collect.pyz\" <<'PACKED'",
            *here_document(zipped(MODULES, START), "PACKED"),
            'python3 -I "$folder/collect.pyz"',
        ],
    )


def collect(archive: Archive, redactor: Redactor, ssm: Client, running: Mapping[str, str]) -> None:
    """Add the files of nodes by the ids of their instances; the reason for each that is silent."""
    try:
        agents = Instances(
            ssm=ssm,
            document=ensure_document(ssm, document(), POLICY),
            ids=running,
            seconds=SECONDS,
            policy=POLICY,
        )
        away = agents.away()
        asked = [name for name in running if name not in away]
        answers: dict[str, str | Silence] = {**agents.outputs(asked, {})} if asked else {}
    except UserError as error:
        for name in running:
            archive.lacks(f"nodes/{name}", WHAT, error)
        return
    answers |= {name: Silence(reason) for name, reason in away.items()}
    for name, answer in answers.items():
        if isinstance(answer, Silence):
            archive.lacks(f"nodes/{name}", WHAT, answer.reason)
            continue
        try:
            found = unpack(answer)
        except ValueError as error:
            archive.lacks(f"nodes/{name}", WHAT, f"its command answered oddly: {error}")
        else:
            _add(archive, redactor, f"nodes/{name}", found)


def unpack(text: str) -> dict[str, dict[str, Any]]:
    """What a node printed; raises `ValueError` for what no collector prints."""
    try:
        opened = lzma.LZMADecompressor(memlimit=2 * MOST_BYTES)
        data = opened.decompress(base64.b64decode(text.strip(), validate=True), MOST_BYTES)
        found = json.loads(data)
        parts = {part: dict(found[part]) for part in ("files", "missing", "removed")}
    except (
        binascii.Error,
        lzma.LZMAError,
        EOFError,
        TypeError,
        KeyError,
        RecursionError,
        ValueError,
    ) as error:
        raise ValueError(f"{text.strip()[:80]!r} is cut short, or not its own: {error}") from error
    for name in (*parts["files"], *parts["missing"]):
        if not NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!r} is no name of a file")
    return parts


def _add(
    archive: Archive, redactor: Redactor, folder: str, found: Mapping[str, Mapping[str, Any]]
) -> None:
    """Add the files; the redactor of the archive knows secrets that the node does not."""
    for name, text in found["files"].items():
        archive.text(f"{folder}/{name}", MEANINGS.get(name, CONFLIST), str(text))
    for name, why in found["missing"].items():
        archive.lacks(f"{folder}/{name}", MEANINGS.get(name, CONFLIST), str(why))
    for kind, count in found["removed"].items():
        if isinstance(count, int) and count > 0:
            redactor.removed[redactor.text(str(kind))] += count
