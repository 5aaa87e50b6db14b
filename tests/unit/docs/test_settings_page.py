"""docs/settings.md is the table that the code writes."""

import os

import pytest

from docs import settings


def test_the_page_lists_every_setting_as_the_code_has_it():
    if os.environ.get("UPDATE_GOLDEN"):
        settings.PAGE.write_text(settings.page())
        pytest.fail(f"{settings.PAGE} is rewritten; read the change, and run again")

    assert settings.PAGE.read_text() == settings.page(), "run: python -m docs.settings"
