"""The page in a browser: nothing is cut off or too faint, in light and dark, narrow and wide."""

import json
import os
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest

from tests.unit.report.matrices import packets
from tests.unit.verify.broken import Paper

pytestmark = pytest.mark.long

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
MEASURE = Path(__file__).with_name("measure.js")
NARROW, WIDE = 375, 1280
DARK, LIGHT = 0, 1
"""Blink's numbers of colour schemes (third_party/blink, preferred_color_scheme.mojom)."""


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip(
            f"none of {', '.join(BROWSERS)} is on PATH; `apt-get install chromium` gives one"
        )
    return found


def measured(browser, source, scheme, folder):
    """What a browser makes of a page in a frame of each width."""
    frames = "".join(
        f'<iframe width="{width}" height="900" style="border:0" srcdoc="{escape(source)}"></iframe>'
        for width in (NARROW, WIDE)
    )
    harness = folder / "harness.html"
    harness.write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{frames}<pre></pre>"
        f"<script>{MEASURE.read_text()}</script>"
    )
    root = ("--no-sandbox",) if os.geteuid() == 0 else ()
    done = subprocess.run(
        [
            browser,
            "--headless=new",
            *root,
            "--disable-gpu",
            f"--user-data-dir={folder / 'profile'}",
            f"--blink-settings=preferredColorScheme={scheme}",
            "--window-size=1400,900",
            "--dump-dom",
            harness.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    text = re.search(r"<pre>(.*?)</pre>", done.stdout, re.DOTALL)[1]
    return {each.pop("width"): each for each in json.loads(unescape(text))}


@pytest.mark.parametrize("made", ["whole", "broken"])
def test_nothing_is_cut_off_or_too_faint(browser, page, tmp_path, made):
    paper = Paper.of(node_count=3)
    if made == "broken":
        paper = paper.route("10.1.2.0/24", "eni-gone").stopped("node-3")
    failing = ("pod-2a",) if made == "broken" else ()
    source = page(paper, packets=packets(3, failing)).source
    found = {scheme: measured(browser, source, scheme, tmp_path) for scheme in (LIGHT, DARK)}

    for by_width in found.values():
        assert by_width.keys() == {NARROW, WIDE}
        for each in by_width.values():
            assert each["overflow"] <= 0
            assert each["unreachable"] == 0
            assert each["faint"] == []
            assert each["picture"] > 700
        assert by_width[NARROW]["scrolling"] >= 2
    grounds = {scheme: by_width[WIDE]["background"] for scheme, by_width in found.items()}
    assert grounds == {LIGHT: "rgb(255, 255, 255)", DARK: "rgb(18, 24, 31)"}
