"""Seals secret properties with a key beside the state file, so that none is kept in clear."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from podnet.lab.providers.protocol import Values
from podnet.system.files import write_atomically


class VaultError(RuntimeError):
    """A sealed property cannot be opened."""


class Vault:
    """The key of one state file; made, readable by its owner alone, with the first secret."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # The same secret is sealed once: sealing is random, and a changed file is a written file.
        self._sealed: dict[str, str] = {}

    def seal(self, values: Values, secret: Iterable[str]) -> Values:
        """The values, those named by `secret` as sealed text."""
        names = [name for name in secret if name in values]
        return values | {name: self._seal(values[name]) for name in names} if names else values

    def open(self, values: Values, secret: Iterable[str]) -> Values:
        """The values with those named by `secret` in clear again."""
        names = [name for name in secret if name in values]
        return values | {name: self._open(values[name]) for name in names} if names else values

    def _seal(self, value: object) -> str:
        text = json.dumps(value)
        if text not in self._sealed:
            self._sealed[text] = self._key.encrypt(text.encode()).decode()
        return self._sealed[text]

    def _open(self, sealed: object) -> object:
        if not isinstance(sealed, str):
            raise VaultError(f"one of them is not sealed text, but {type(sealed).__name__}")
        if not self.path.exists():
            raise VaultError(f"their key {self.path} is not there")
        try:
            text = self._key.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise VaultError(f"{self.path} is not the key they were sealed with") from error
        self._sealed[text] = sealed
        return json.loads(text)

    @cached_property
    def _key(self) -> Fernet:
        if not self.path.exists():
            write_atomically(self.path, Fernet.generate_key().decode(), 0o600, durably=True)
        try:
            return Fernet(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise VaultError(f"{self.path} is not a key ({error})") from error
