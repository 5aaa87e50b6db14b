"""What the resource types of EC2 share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from podnet.lab.providers.aws.base import Resource
from podnet.lab.providers.aws.session import gone_is_fine, tag_list
from podnet.lab.providers.protocol import Values


class Ec2Resource(Resource):
    """A resource of EC2 with an id of its own, described by one call."""

    kind: ClassVar[str]
    """The name of the type in tag specifications and ARNs."""
    listing: ClassVar[tuple[str, str, str, str]]
    """Describing call, its argument for ids, the key of its answer, the key of an id therein."""

    def fetch(self, id_: str) -> Values | None:
        """The answer of the describing call for one id; None when it is gone."""
        operation, ids, key, _ = self.listing
        with gone_is_fine():
            for item in self._items(getattr(self.ec2, operation)(**{ids: [id_]})[key]):
                return item
        return None

    def _items(self, described: list[Values]) -> list[Values]:
        return described

    def tagging(self, inputs: Values) -> dict[str, list[Values]]:
        """Tags for the call that makes the resource, which takes no empty list of them."""
        tags = tag_list(inputs.get("tags"))
        return {"TagSpecifications": [{"ResourceType": self.kind, "Tags": tags}]} if tags else {}

    def arn(self, id_: str, owner: str) -> str:
        """The ARN of a resource of this type."""
        return f"arn:{self.session.partition}:ec2:{self.session.region}:{owner}:{self.kind}/{id_}"

    def retag(self, id_: str, wanted: Mapping[str, str] | None, have: Mapping[str, str]) -> None:
        """Bring the tags that the program may see to what it wants."""
        new = {key: value for key, value in (wanted or {}).items() if have.get(key) != value}
        if new:
            self.ec2.create_tags(Resources=[id_], Tags=tag_list(new))
        if stale := have.keys() - (wanted or {}).keys():
            self.ec2.delete_tags(Resources=[id_], Tags=[{"Key": key} for key in sorted(stale)])
