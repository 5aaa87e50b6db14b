"""Configuration of the stack, and errors in it without a traceback."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime import config as runtime_config

from podnet.errors import UserError
from podnet.plan.config import load
from podnet.plan.settings import Settings

EXIT_AFTER_LOGGED_ERROR = 32
"""By which a Python program says that its error is logged (pulumi/pulumi, sdk/python/cmd/
pulumi-language-python)."""


def stack_config() -> dict[str, str]:
    """Every configuration value of the stack, keyed `namespace:name`.

    `pulumi.Config` answers for keys one knows; a misspelt key shows only in the whole. The CLI
    hands the configuration over in the environment, an engine in the same process through
    `set_all_config`; the SDK lets the latter win, and so does this.
    """
    return {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}


def load_settings() -> Settings:
    """The checked settings of the stack; raises `SettingsError`."""
    return load(stack_config(), os.environ)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let the engines print bad input as the sentence it is, without a traceback.

    The language host adds an error of its own to every other exit code, that of `RunError` as well.
    """
    try:
        yield
    except (UserError, ValueError) as error:
        pulumi.log.error(str(error))
        sys.exit(EXIT_AFTER_LOGGED_ERROR)
