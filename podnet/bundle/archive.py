"""Writes the archive: every text goes through the redactor, and a manifest names every file."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import time
from collections.abc import Callable
from pathlib import PurePosixPath
from types import TracebackType
from typing import BinaryIO, Self

from podnet.bundle.addresses import Addresses
from podnet.bundle.redaction import Redactor

MANIFEST = "MANIFEST.json"
FORMAT = 1
MOST_BYTES = 8 * 1024 * 1024
"""Of one file; of a longer one the end is kept, which is the newest of a log."""
LONGEST_REASON = 2000


class Archive:
    """A tar.gz while it is written, file by file; the manifest comes last."""

    def __init__(
        self, file: BinaryIO, root: str, redactor: Redactor, addresses: Addresses | None = None
    ) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w:gz")  # noqa: SIM115  # closed by __exit__
        self._root = PurePosixPath(root)
        self._redactor, self._addresses = redactor, addresses
        self._files: list[dict[str, object]] = []
        self._missing: list[dict[str, str]] = []
        self._made = time.time()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if kind is None:
            self._write(MANIFEST, self._manifest())
        self._tar.close()

    @property
    def missing(self) -> list[dict[str, str]]:
        """What could not be had, with the reasons."""
        return self._missing

    @property
    def names(self) -> list[str]:
        """The files so far."""
        return [str(each["name"]) for each in self._files]

    def text(self, name: str, what: str, text: str) -> None:
        """Add a file of text, without its secrets."""
        data = text.encode(errors="replace")
        if is_cut := len(data) > MOST_BYTES:
            # From a whole line on, so that no secret begins before what is seen.
            data = data[-MOST_BYTES:].partition(b"\n")[2]
        cleaned = self._redactor.document(data.decode(errors="replace"))
        self._add(name, what, self._hidden(cleaned), is_cut=is_cut)

    def json(self, name: str, what: str, value: object) -> None:
        """Add a value as a file of JSON, without its secrets; dates and the like become text."""
        plain = json.loads(json.dumps(value, default=str))
        cleaned = json.dumps(self._redactor.value(plain), indent=1) + "\n"
        self._add(name, what, self._hidden(cleaned))

    def headers(self, name: str, what: str, data: bytes) -> None:
        """Add bytes as they are, of which whoever makes them says that they hold no secret."""
        self._record(name, what, data)

    def lacks(self, name: str, what: str, why: object) -> None:
        """Write down that a file could not be had."""
        reason = f"{type(why).__name__}: {why}" if isinstance(why, Exception) else str(why)
        self._missing.append(
            {"name": name, "what": what, "why": self._clean(reason)[:LONGEST_REASON]}
        )

    def attempt(self, name: str, what: str, get: Callable[[], object]) -> object:
        """Add what a call returns, text or JSON; None, and its reason, where it fails."""
        try:
            found = get()
            if isinstance(found, str):
                self.text(name, what, found)
            else:
                self.json(name, what, found)
        except Exception as error:  # noqa: BLE001  # whatever is broken must not stop the report
            self.lacks(name, what, error)
            return None
        return found

    def _clean(self, text: str) -> str:
        return self._hidden(self._redactor.text(text))

    def _hidden(self, text: str) -> str:
        return self._addresses.text(text) if self._addresses else text

    def _add(self, name: str, what: str, text: str, *, is_cut: bool = False) -> None:
        self._record(name, what, text.encode(), **({"cut": True} if is_cut else {}))

    def _record(self, name: str, what: str, data: bytes, **more: object) -> None:
        digest = hashlib.sha256(data).hexdigest()
        self._files.append(
            {"name": name, "what": what, "bytes": len(data), "sha256": digest} | more
        )
        self._write(name, data)

    def _write(self, name: str, data: bytes) -> None:
        entry = tarfile.TarInfo(str(self._root / name))
        entry.size, entry.mode, entry.mtime = len(data), 0o600, int(self._made)
        self._tar.addfile(entry, io.BytesIO(data))

    def _manifest(self) -> bytes:
        """Redaction comes first: what it counts is in here."""
        body = {
            "format": FORMAT,
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._made)),
            "files": self._files,
            "missing": self._missing,
            "removed": dict(self._redactor.removed),
            "public addresses": "replaced" if self._addresses else "as they are",
        }
        return (json.dumps(body, indent=1) + "\n").encode()
