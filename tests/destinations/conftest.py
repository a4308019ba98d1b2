"""A contract's asserts tell what they saw, as a test's do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.destinations.contract")
