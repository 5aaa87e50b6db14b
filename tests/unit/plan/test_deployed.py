"""Which tags have the same VXLAN."""

from __future__ import annotations

from fnmatch import fnmatchcase

from podnet.plan.deployed import tag_patterns, vni_pattern
from podnet.plan.routing import VARIANTS, Routing


def test_tags_with_the_same_vxlan_fit_its_patterns_in_every_variant_and_others_do_not():
    patterns = tag_patterns(Routing(vni=7, port=4789))

    def fits(tag: str) -> bool:
        return any(fnmatchcase(tag, pattern) for pattern in patterns)

    for name in VARIANTS:
        for tail in ("", " checksum=off"):
            assert fits(f"{name} zones=1 vni=7 port=4789{tail}")
            assert fits(f"{name} zones=1 unmasqueraded=10.9.0.0/16 vni=7 port=4789{tail}")
            assert not fits(f"{name} zones=1 vni=7 port=8472{tail}")
            assert not fits(f"{name} zones=1 vni=77 port=4789{tail}")


def test_tags_with_the_same_key_fit_one_pattern_whatever_their_port():
    pattern = vni_pattern(Routing(vni=7, port=4789))

    for name in VARIANTS:
        for tail in ("port=4789", "port=8472", "port=8472 checksum=off"):
            assert fnmatchcase(f"{name} zones=1 vni=7 {tail}", pattern)
            assert not fnmatchcase(f"{name} zones=1 vni=77 {tail}", pattern)
