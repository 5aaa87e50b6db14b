"""The files of a node: one `#cloud-config` text, and a pack that nodes of a cluster fetch."""

from podnet.userdata.packing import digest, pieces
from podnet.userdata.rendering import (
    LIBRARY,
    UserDataTooLargeError,
    contents,
    encoded,
    node_env,
    render,
    version,
)

__all__ = [
    "LIBRARY",
    "UserDataTooLargeError",
    "contents",
    "digest",
    "encoded",
    "node_env",
    "pieces",
    "render",
    "version",
]
