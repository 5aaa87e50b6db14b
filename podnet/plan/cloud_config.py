"""Parser of `extraUserData`: what of cloud-init's configuration podnet merges with its own.

cloud-init reads a configuration as a whole, and all commands or all files as one list: one item of
another form costs a node podnet's own too. So forms are checked here (cloud-init, "Module
reference").
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping

from podnet.plan import parsing
from podnet.plan.problem import BadValueError

FILE_KEYS = frozenset({"path", "content", "encoding", "permissions", "owner", "append", "defer"})
ENCODINGS = frozenset({"text/plain", "b64", "base64", "gz", "gzip", "gz+b64", "gzip+base64"})
OF_PODNET = re.compile(
    r"podnet|/(etc/cni|var/lib/cni|etc/kubernetes|var/lib/kubelet)(/|$)"
    r"|/etc/apt/keyrings/(kubernetes|docker)\.asc$"
)
"""Paths that an agent, a release or a cluster writes; anywhere in a path, since links such as
/proc/self/root lead to all of them."""
PACKAGE = re.compile(r"[\w.+:~-]+")
UNREADABLE = re.compile("[\x00\ud800-\udfff]")
"""What neither a file of UTF-8 nor a command can hold."""


def extra_user_data(raw: str) -> Mapping[str, object]:
    """An object of the keys that podnet merges, each in the form that cloud-init takes."""
    value = parsing.read_json(raw)
    if not isinstance(value, dict):
        raise BadValueError(
            "is no object; write it as cloud-init's cloud-config, like {packages: [jq]}",
            rule="extra-user-data-no-object",
        )
    if other := sorted(value.keys() - FORMS.keys()):
        raise BadValueError(
            f"has {', '.join(other)}; podnet merges {', '.join(FORMS)}, and any other key might "
            "undo what a node needs; a key of SSH belongs in sshKeys",
            rule="extra-user-data-key",
        )
    if any(UNREADABLE.search(text) for text in _texts(value)):
        raise BadValueError(
            "holds a NUL or half a surrogate pair, with which cloud-init would read nothing at "
            "all, podnet's part neither; leave it out, or write the file in base64 (encoding: b64)",
            rule="extra-user-data-characters",
        )
    for key, given in value.items():
        has_form, form = FORMS[key]
        if not has_form(given):
            raise BadValueError(
                f"{key} is not {form}, as cloud-init takes it",
                rule="extra-user-data-form",
            )
    for file in value.get("write_files", ()):
        _check_path(file["path"])
    return value


def leaves_out_default(extra: Mapping[str, object]) -> bool:
    """Whether the image's own user, who gets the keys, is not among the users."""
    users = extra.get("users", ["default"])
    return isinstance(users, list) and "default" not in users


def _check_path(path: str) -> None:
    normal = posixpath.normpath("/" + path.lstrip("/"))
    if path != normal:
        raise BadValueError(
            f"write_files has the path {path!r}; write a whole one without . and .. and doubled "
            f"slashes, like {normal}",
            rule="extra-user-data-path-form",
        )
    if OF_PODNET.search(path):
        raise BadValueError(
            f"write_files has the path {path}, which podnet or the cluster writes; choose another "
            "(podnet's own have podnet in them, or are below /etc/cni, /var/lib/cni, "
            "/etc/kubernetes and /var/lib/kubelet)",
            rule="extra-user-data-path",
        )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_command(value: object) -> bool:
    words = value if isinstance(value, list) else []
    return _is_text(value) or (bool(words) and all(isinstance(word, str) for word in words))


def _is_package(value: object) -> bool:
    """A name, or a name and a version."""
    parts = value if isinstance(value, list) and len(value) == 2 else [value]  # noqa: PLR2004
    return all(isinstance(part, str) and PACKAGE.fullmatch(part) for part in parts)


def _is_file(value: object) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() <= FILE_KEYS
        and _is_text(value.get("path"))
        and str(value.get("encoding", "b64")) in ENCODINGS
        and re.fullmatch("[0-7]{3,4}", str(value.get("permissions", "0644"))) is not None
        and all(isinstance(value.get(key, ""), str) for key in ("content", "owner", "permissions"))
        and all(isinstance(value.get(key, False), bool) for key in ("append", "defer"))
    )


def _is_named(value: object) -> bool:
    """A user or a group: a name, or an object with one."""
    return _is_text(value) or (
        isinstance(value, dict) and bool(value) and all(map(_is_text, value))
    )


def _list_of(is_item: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: isinstance(value, list) and all(map(is_item, value))


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


FORMS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "apt": (_is_object, "an object"),
    "bootcmd": (_list_of(_is_command), "a list of commands, each a text or a list of texts"),
    "ca_certs": (_is_object, "an object"),
    "groups": (_list_of(_is_named), "a list of names, or of objects"),
    "locale": (_is_text, "a text"),
    "ntp": (_is_object, "an object"),
    "package_update": (_is_boolean, "true or false"),
    "package_upgrade": (_is_boolean, "true or false"),
    "packages": (_list_of(_is_package), "a list of packages, each a name or [name, version]"),
    "runcmd": (_list_of(_is_command), "a list of commands, each a text or a list of texts"),
    "timezone": (_is_text, "a text"),
    "users": (_list_of(_is_named), "a list of names, or of objects"),
    "write_files": (
        _list_of(_is_file),
        f"a list of files, each an object of {', '.join(sorted(FILE_KEYS))}, with a path",
    ),
}
"""What each key that podnet merges must be, and how a refusal says so."""
