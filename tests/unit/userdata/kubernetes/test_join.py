import json

import join
import pytest

NAME = "/podnet/dev/kubernetes/join"
FIELDS = {
    "endpoint": "ip-192-168-1-11.eu-central-1.compute.internal:6443",
    "token": "abcdef.0123456789abcdef",
    "caCertHash": f"sha256:{'0a' * 32}",
}


def test_what_to_join_with_is_read():
    assert join.from_parameter(NAME, json.dumps(FIELDS)) == FIELDS


def test_a_placeholder_is_waited_on():
    with pytest.raises(LookupError, match=f"waiting for the control plane to write {NAME}"):
        join.from_parameter(NAME, "none")


@pytest.mark.parametrize(
    "value",
    [
        "",
        "[]",
        json.dumps({**FIELDS, "token": "short"}),
        json.dumps({**FIELDS, "caCertHash": "sha256:abc"}),
        json.dumps({**FIELDS, "endpoint": "a b:1"}),
        json.dumps({key: FIELDS[key] for key in ("endpoint", "token")}),
        json.dumps({**FIELDS, "token": 3}),
    ],
)
def test_half_of_it_is_not_believed_and_not_repeated(value):
    with pytest.raises(ValueError, match=f"^{NAME} does not hold a token, a CA hash and an endp"):
        join.from_parameter(NAME, value)
