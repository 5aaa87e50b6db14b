"""Turns the SDK's property messages into plain values and back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

from podnet.lab.providers.protocol import UNKNOWN, Value, Values

SIGNATURE = rpc._special_sig_key  # noqa: SLF001  # the SDK names its wire format nowhere else
SECRET = rpc._special_secret_sig  # noqa: SLF001


def decode(struct: struct_pb2.Struct) -> tuple[Values, frozenset[str]]:
    """The properties, and the names of those that are or contain a secret."""
    values: Values = {}
    secret = set()
    for name, field in _fields(struct):
        value, is_secret = _decoded(field)
        if value is None:
            continue  # to Pulumi, a null property is one that was not given
        values[name] = value
        if is_secret:
            secret.add(name)
    return values, frozenset(secret)


def encode(values: Values, secret: Collection[str] = ()) -> struct_pb2.Struct:
    """Properties for the SDK, those named by `secret` marked as such."""
    struct = struct_pb2.Struct()
    struct.update(
        {
            name: {SIGNATURE: SECRET, "value": marked(value)} if name in secret else marked(value)
            for name, value in values.items()
        }
    )
    return struct


def contains_unknown(value: object) -> bool:
    """Whether `UNKNOWN` stands anywhere in a value."""
    if isinstance(value, dict):
        return any(map(contains_unknown, value.values()))
    if isinstance(value, list):
        return any(map(contains_unknown, value))
    return value is UNKNOWN


def marked(value: Value) -> Value:
    """A value with Pulumi's marker in place of `UNKNOWN`."""
    if isinstance(value, dict):
        return {name: marked(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [marked(item) for item in value]
    return rpc.UNKNOWN if value is UNKNOWN else value


def _decoded(field: struct_pb2.Value) -> tuple[Any, bool]:
    kind = field.WhichOneof("kind")
    if kind == "struct_value":
        return _decoded_struct(field.struct_value)
    if kind == "list_value":
        pairs = [_decoded(item) for item in field.list_value.values]
        return [value for value, _ in pairs], _any_secret(pairs)
    if kind == "number_value":
        number = field.number_value
        return int(number) if number.is_integer() else number, False
    if kind == "string_value":
        return UNKNOWN if field.string_value == rpc.UNKNOWN else field.string_value, False
    return (field.bool_value if kind == "bool_value" else None), False


def _decoded_struct(struct: struct_pb2.Struct) -> tuple[Any, bool]:
    if SIGNATURE in struct.fields:
        if struct.fields[SIGNATURE].string_value != SECRET:
            raise ValueError(
                "assets and archives are not supported by the embedded engine; pass the text itself"
            )
        return _decoded(struct.fields["value"])[0], True
    pairs = {name: _decoded(item) for name, item in _fields(struct)}
    values = {name: value for name, (value, _) in pairs.items() if value is not None}
    return values, _any_secret(pairs.values())


def _fields(struct: struct_pb2.Struct) -> list[tuple[str, struct_pb2.Value]]:
    """Sorted: messages keep no order, and the same program must give the same state and texts."""
    return sorted(struct.fields.items())


def _any_secret(pairs: Iterable[tuple[Any, bool]]) -> bool:
    return any(secret for _, secret in pairs)
