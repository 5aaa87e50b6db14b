"""The files of a node: its user data, and the release that it fetches and replaces."""

from podnet.userdata import release
from podnet.userdata.rendering import (
    LIBRARY,
    ExtraUserDataTooLargeError,
    UserDataTooLargeError,
    contents,
    encoded,
    node_env,
    render,
    version,
)

__all__ = [
    "LIBRARY",
    "ExtraUserDataTooLargeError",
    "UserDataTooLargeError",
    "contents",
    "encoded",
    "node_env",
    "release",
    "render",
    "version",
]
