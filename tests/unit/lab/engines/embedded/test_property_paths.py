"""Paths to the properties that an option is about."""

import pytest

from podnet.lab.engines.embedded import ResourceError
from podnet.lab.engines.embedded import property_paths as paths


def test_a_bad_property_path_is_named(lab):
    text = 'Thing("a", size="{}", opts=Opts(ignore_changes=["tags[x"]))'
    lab.up(text.format(1))

    with pytest.raises(ResourceError, match=r"'tags\[x' is no property path"):
        lab.up(text.format(2))


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("rules[0].port", {"rules": [{"port": 1, "to": "y"}, {"port": 20, "to": "z"}]}),
        ("rules[*].port", {"rules": [{"port": 1, "to": "y"}, {"port": 20, "to": "z"}]}),
        ("rules[7]", {"rules": [{"port": 10, "to": "y"}, {"port": 20, "to": "z"}]}),
        ("rules", {"rules": [{"port": 1, "to": "x"}]}),
        ("gone", {"rules": [{"port": 10, "to": "y"}, {"port": 20, "to": "z"}], "gone": 1}),
        ("rules.name", {"rules": [{"port": 10, "to": "y"}, {"port": 20, "to": "z"}]}),
    ],
)
def test_a_path_keeps_what_it_leads_to_and_nothing_else(path, kept):
    new = {"rules": [{"port": 10, "to": "y"}, {"port": 20, "to": "z"}]}

    assert paths.keep(new, {"rules": [{"port": 1, "to": "x"}], "gone": 1}, [path]) == kept
