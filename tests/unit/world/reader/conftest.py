"""A stack in moto, as the lab's tests of the same reader have it."""

from tests.unit.lab.cloud.world.conftest import ec2, moto, stack

__all__ = ["ec2", "moto", "stack"]
