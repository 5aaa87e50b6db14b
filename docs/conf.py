"""How Sphinx makes a site of the project's Markdown; `make docs` runs it and fails on a warning.

The source folder is the root of the repository, not `docs/`: README and the other pages at the top
are documents like all others, so the same relative links are right here and on GitHub.
"""

from collections.abc import Iterable
from pathlib import Path

from sphinx.application import Sphinx

project = "podnet"
copyright = "the podnet authors"  # noqa: A001  # the name that Sphinx reads
extensions = ["myst_parser"]
root_doc = "README"
include_patterns = ["*.md", "docs/**.md"]
# Folders that Sphinx need not search; the virtual environment alone holds thousands.
exclude_patterns = [".*", "**/.*", "**/__pycache__", "*.egg-info", "tests", "docs/_build"]

# GitHub gives each heading an anchor, so links to headings must lead somewhere here too.
myst_heading_anchors = 4
# Most blocks are commands and what they print, which are in no language.
highlight_language = "text"

html_theme = "furo"
html_title = "podnet"
html_copy_source = False
html_show_sphinx = False

SECTIONS = {
    "Use": ("docs/getting-started-aws", "docs/lab", "docs/choosing", "docs/settings"),
    "Understand": ("docs/modes", "docs/kubernetes", "docs/other-cni"),
    "Operate": ("docs/operating", "docs/verify", "docs/ci", "docs/troubleshooting"),
    "Project": (
        "ARCHITECTURE",
        "CONTRIBUTING",
        "CHANGELOG",
        "docs/conformance",
        "docs/provider-fidelity",
        "docs/proved-on-aws",
        "docs/adr/README",
    ),
}
"""The site's contents. A page of no section fails the build, so that none is forgotten."""


def contents(name: str) -> str:
    """The table of contents below one page; empty for most."""
    if name == "README":
        sections = dict(SECTIONS)
        # Results are there once somebody has run the tests that take minutes.
        if results := _pages("docs/results"):
            sections["Results"] = tuple(f"docs/results/{page}" for page in results)
        return "".join(_toctree(pages, caption) for caption, pages in sections.items())
    if name == "docs/adr/README":
        return _toctree(page for page in _pages("docs/adr") if page != "README")
    return ""


def _pages(folder: str) -> list[str]:
    root = Path(__file__).parent.parent
    return sorted(path.stem for path in (root / folder).glob("*.md"))


def _toctree(pages: Iterable[str], caption: str = "") -> str:
    options = ":hidden:\n" + (f":caption: {caption}\n" if caption else "")
    return f"\n```{{toctree}}\n{options}\n" + "\n".join(pages) + "\n```\n"


def add_contents(_: Sphinx, name: str, source: list[str]) -> None:
    """Put the contents below a page as it is read: in the file, GitHub would show them as code."""
    source[0] += contents(name)


def add_front_door(app: Sphinx, failure: Exception | None) -> None:
    """Lead from the site's address to README, since Sphinx names pages after their sources."""
    if failure is None:
        page = '<!doctype html><meta http-equiv="refresh" content="0; url=README.html">\n'
        Path(app.outdir, "index.html").write_text(page)


def setup(app: Sphinx) -> None:
    """Sphinx calls this when it has read the settings above."""
    app.connect("source-read", add_contents)
    app.connect("build-finished", add_front_door)
