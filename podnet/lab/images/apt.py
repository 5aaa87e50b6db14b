"""The Debian sources and the settings of this machine's own apt, without third parties'."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from podnet.errors import UserError

SUITE = "bookworm"
NEXT_SUITE = "trixie"
"""Debian 13, which every mirror of Debian's has beside the other."""
SUITES = {SUITE, f"{SUITE}-updates", f"{SUITE}-security"}
# Others publish under Debian's suite names too, but not under its `main` signed with its key.
COMPONENT = "main"
KEYRING = "debian-archive-"

KEPT_SETTINGS = ("Acquire::http::", "Acquire::https::", "Acquire::Check-", "Acquire::Retries")


class NoSourcesError(UserError):
    """The machine has no apt source of the suite."""


def sources(suite: str = SUITE, apt: Path = Path("/etc/apt")) -> str:
    """The machine's Debian sources, one stanza each, as apt reads them, for this suite."""
    folder = apt / "sources.list.d"
    stanzas = [
        stanza for file in sorted(folder.glob("*.sources")) for stanza in _stanzas(file.read_text())
    ]
    stanzas += [
        stanza
        for file in [apt / "sources.list", *sorted(folder.glob("*.list"))]
        if file.exists()
        for stanza in _lines(file.read_text())
    ]
    kept = [stanza for stanza in stanzas if _is_debian(stanza)]
    if not any(SUITE in stanza["suites"].split() for stanza in kept):
        raise NoSourcesError(
            f"no apt source in {apt} offers {SUITE} {COMPONENT}, from which the "
            "instance image is built; add Debian's, or your mirror's, there",
            rule="apt-source-missing",
        )
    for stanza in kept:
        stanza["suites"] = stanza["suites"].replace(SUITE, suite)
    return (
        "\n\n".join(
            "\n".join(f"{key.title()}: {value}" for key, value in stanza.items()) for stanza in kept
        )
        + "\n"
    )


def settings() -> list[str]:
    """The machine's own apt settings that decide how packages are fetched, such as a proxy."""
    dump = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True)
    return [
        line
        for line in dump.stdout.splitlines()
        if line.startswith(KEPT_SETTINGS) and not line.endswith(' "";')
    ]


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    for block in text.split("\n\n"):
        stanza: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if line.startswith((" ", "\t")):
                stanza[key] += "\n" + line
                continue
            key, _, value = line.partition(":")
            key = key.strip().lower()
            stanza[key] = value.strip()
        if stanza:
            yield stanza


def _lines(text: str) -> Iterator[dict[str, str]]:
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if not line.startswith("deb "):
            continue
        rest = line[4:].strip()
        options = ""
        if rest.startswith("["):
            options, _, rest = rest[1:].partition("]")
        uri, suite, *components = rest.split()
        stanza = {"types": "deb", "uris": uri, "suites": suite, "components": " ".join(components)}
        for option in options.split():
            key, _, value = option.partition("=")
            stanza[key.lower()] = value
        yield stanza


def _is_debian(stanza: dict[str, str]) -> bool:
    return (
        stanza.get("types", "").split() != ["deb-src"]
        and stanza.get("enabled", "yes") != "no"
        and set(stanza.get("suites", "").split()) <= SUITES
        and COMPONENT in stanza.get("components", "").split()
        and KEYRING in stanza.get("signed-by", KEYRING)
    )
