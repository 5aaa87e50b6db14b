from __future__ import annotations

import pytest

from podnet.lab.images.apt import NoSourcesError, sources
from tests.refusals import refused

DEBIAN = """\
# a comment
Types: deb
URIs: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.invalid/security
Suites: bookworm-security
Components: main
"""


@pytest.fixture
def apt(tmp_path):
    (tmp_path / "sources.list.d").mkdir()

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name if name == "sources.list" else tmp_path / "sources.list.d" / name
            path.write_text(text)
        return sources(apt=tmp_path)

    return write


def test_debian_stanzas_are_taken_as_they_are(apt):
    assert (
        apt(**{"debian.sources": DEBIAN})
        == """\
Types: deb
Uris: http://mirror.invalid/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
Uris: http://mirror.invalid/security
Suites: bookworm-security
Components: main
"""
    )


def test_lines_of_the_old_form_are_taken_too(apt):
    text = (
        "deb [arch=amd64] http://mirror.invalid/debian bookworm main contrib # why\ndeb-src a b c\n"
    )

    assert (
        apt(**{"sources.list": text})
        == """\
Types: deb
Uris: http://mirror.invalid/debian
Suites: bookworm
Components: main contrib
Arch: amd64
"""
    )


@pytest.mark.parametrize(
    "text",
    [
        "deb http://third.invalid/a bookworm stable",
        "deb http://third.invalid/a nodistro main",
        "deb [signed-by=/usr/share/keyrings/third.gpg] http://third.invalid/a bookworm main",
    ],
    ids=["other component", "other suite", "other key"],
)
def test_sources_of_third_parties_are_left_out(apt, text):
    found = apt(**{"debian.sources": DEBIAN, "third.list": text, "notes.disabled": text})

    assert "third" not in found


def test_a_source_that_is_switched_off_is_left_out(apt):
    with refused("apt-source-missing", NoSourcesError):
        apt(**{"debian.sources": DEBIAN.replace("Types: deb", "Enabled: no\nTypes: deb")})


def test_a_machine_of_another_suite_is_refused_and_the_missing_source_named(apt):
    with refused("apt-source-missing", NoSourcesError):
        apt(**{"debian.sources": DEBIAN.replace("bookworm", "trixie")})


def test_another_suite_is_asked_of_the_same_mirrors(tmp_path):
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list").write_text(
        "deb http://bookworm.invalid/debian bookworm-updates main\n"
        "deb http://bookworm.invalid/debian bookworm main\n"
    )

    wanted = sources(apt=tmp_path).replace("Suites: bookworm", "Suites: trixie")
    assert sources("trixie", tmp_path) == wanted
    assert wanted.count("http://bookworm.invalid/debian") == 2
