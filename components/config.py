"""Pulumi's configuration as a whole, and the one way in which bad input is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pulumi
from pulumi.runtime import config as runtime_config


def stack_config() -> dict[str, str]:
    """Every configuration value of the stack, keyed `namespace:name`.

    `pulumi.Config` answers for keys one knows; a misspelt key shows only in the whole. The CLI
    hands the configuration over in the environment, an engine in the same process through
    `set_all_config`; the SDK lets the latter win, and so does this.
    """
    return {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let the engines print bad input as the sentence it is, without a traceback."""
    try:
        yield
    except ValueError as error:
        raise pulumi.RunError(str(error)) from error
