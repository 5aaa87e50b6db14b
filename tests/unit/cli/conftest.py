from tests.unit.lab.stack.conftest import project

__all__ = ["project"]
