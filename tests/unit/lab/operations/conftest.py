"""The fixtures of a stack's tests, for what is done to a stack."""

from tests.unit.lab.stack.conftest import home, project, stack_named  # noqa: F401  # fixtures
