from tests.assignments.services.sla.conftest import _nothing_is_set

__all__ = ["_nothing_is_set"]
