"""Frozen values as plain JSON values and back, by the annotations of their fields."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from types import MappingProxyType, NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

Value = TypeVar("Value")
ADDRESSES = (IPv4Address, IPv4Network)
PEER = {IPv4Network, str}
"""What a field holds that is a range or an id; it says which."""


class MalformedError(Exception):
    """What is wrong with a value, and where it stands."""


def encode(value: Any) -> Any:  # noqa: ANN401  # any JSON value
    """A frozen value as JSON has it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name: _field(hint, getattr(value, name)) for name, hint in _hints(type(value)).items()
        }
    if isinstance(value, tuple):
        return [encode(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def decode(kind: type[Value], value: object) -> Value:
    """The value of a dataclass; raises `MalformedError` for all that `encode` does not write."""
    found: Value = _decode(kind, value, "world")
    return found


def _field(kind: Any, value: Any) -> Any:  # noqa: ANN401  # an annotation and its value
    if set(get_args(kind)) == PEER:
        is_id = isinstance(value, str)
        return {"group": value} if is_id else {"range": [str(value)]}
    if _address(kind):
        return [] if value is None else [str(value)]
    if _address(_item(kind)):
        return [str(each) for each in value]
    return encode(value)


def _address(kind: Any) -> Any:  # noqa: ANN401  # a class, or None
    """The class of an annotation that is an address or range, or one or none of them."""
    members = set(get_args(kind) or (kind,)) - {NoneType}
    return next((each for each in ADDRESSES if members == {each}), None)


def _item(kind: Any) -> Any:  # noqa: ANN401  # an annotation
    """What a tuple holds; nothing for all else."""
    return get_args(kind)[0] if get_origin(kind) is tuple else None


@cache
def _hints(kind: Hashable) -> dict[str, Any]:
    return get_type_hints(kind)


def _decode(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401  # any value
    if address := _address(kind):
        return _one_address(address, value, place, optional=address is not kind)
    if isinstance(kind, UnionType):
        return _union(kind, value, place)
    if is_dataclass(kind):
        return _object(kind, value, place)
    if item := _item(kind):
        return _tuple(item, _expect(list, value, place), place)
    if get_origin(kind) is Mapping:
        texts = _expect(dict, value, place)
        return MappingProxyType(
            {key: _expect(str, text, f"{place}.{key}") for key, text in texts.items()}
        )
    return _expect(kind, value, place)


def _tuple(item: Any, values: list[Any], place: str) -> tuple[Any, ...]:  # noqa: ANN401
    if address := _address(item):
        return _addresses(address, values, place)
    return tuple(_decode(item, each, f"{place}[{index}]") for index, each in enumerate(values))


def _union(kind: UnionType, value: Any, place: str) -> Any:  # noqa: ANN401  # any value
    members = get_args(kind)
    if set(members) != PEER:
        (member,) = (each for each in members if each is not NoneType)
        return None if value is None else _decode(member, value, place)
    tagged = _expect(dict, value, place)
    match [*tagged.items()]:
        case [("group", group)]:
            return _expect(str, group, f"{place}.group")
        case [("range", texts)]:
            return _one_address(IPv4Network, texts, f"{place}.range", optional=False)
    raise MalformedError(f"{place} is neither a range nor a group")


def _object(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401  # a dataclass and its value
    given, hints = _expect(dict, value, place), _hints(kind)
    names = {each.name for each in fields(kind)}
    for unknown in sorted(given.keys() - names):
        raise MalformedError(f"{place} has {unknown}, which this podnet does not know")
    for missing in sorted(names - given.keys()):
        raise MalformedError(f"{place} lacks {missing}")
    return kind(
        **{name: _decode(hints[name], given[name], f"{place}.{name}") for name in sorted(names)}
    )


def _one_address(kind: Any, value: Any, place: str, *, optional: bool) -> Any:  # noqa: ANN401
    found = _addresses(kind, _expect(list, value, place), place)
    if not found and optional:
        return None
    if len(found) != 1:
        raise MalformedError(f"{place} has {len(found)} IPv4 values instead of one")
    return found[0]


def _addresses(kind: Any, texts: list[Any], place: str) -> tuple[Any, ...]:  # noqa: ANN401
    found = tuple(_parse(kind, _expect(str, text, place), place) for text in texts)
    for each in found:
        if isinstance(each, IPv6Address | IPv6Network):
            raise MalformedError(f"{place} has {each}, and this podnet proves IPv4 alone")
    return found


def _parse(kind: Any, text: str, place: str) -> Any:  # noqa: ANN401  # an address or range
    try:
        return ip_address(text) if kind is IPv4Address else ip_network(text)
    except ValueError as error:
        raise MalformedError(f"{place}: {error}") from error


def _expect(kind: Any, value: Any, place: str) -> Any:  # noqa: ANN401  # any value
    # bool is a subclass of int.
    if type(value) is not kind:
        raise MalformedError(f"{place} is {type(value).__name__} instead of {kind.__name__}")
    return value
