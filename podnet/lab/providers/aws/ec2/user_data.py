"""User data of an instance: text, or bytes in base64."""

from __future__ import annotations

from base64 import b64decode

from podnet.lab.providers.protocol import UNKNOWN, ProviderError, Values

MOST = 16_384  # bytes before encoding (EC2 User Guide, "User data")
NAMES = frozenset({"userData", "userDataBase64"})
"""The two ways to give it, of which a program takes one."""


def raw(inputs: Values) -> bytes | None:
    """The bytes that an instance reads."""
    text, encoded = inputs.get("userData"), inputs.get("userDataBase64")
    if encoded:
        return b64decode(encoded)
    return str(text).encode() if text else None


def live(encoded: str | None, known: Values) -> Values:
    """User data in the form that the program gave; the API has it in base64."""
    if known.get("userDataBase64"):
        return {"userData": None, "userDataBase64": encoded}
    text = b64decode(encoded).decode(errors="replace") if encoded else None
    return {"userData": text, "userDataBase64": None}


def check(inputs: Values) -> None:
    """Refuse what EC2 or the provider would not take."""
    given = {name for name in NAMES if inputs.get(name)}
    if UNKNOWN in (inputs.get(name) for name in given):
        return
    if len(given) > 1:
        raise ProviderError(
            f"{' and '.join(sorted(given))} are two ways to give the same; give one of them",
            rule="aws-user-data-twice",
        )
    try:
        data = raw(inputs) or b""
    except ValueError as error:
        raise ProviderError(
            f"userDataBase64 is not base64: {error}", rule="aws-user-data-not-base64"
        ) from error
    if len(data) > MOST:
        raise ProviderError(
            f"{min(given)} of {len(data)} bytes; EC2 takes at most {MOST}",
            rule="aws-user-data-too-large",
        )
