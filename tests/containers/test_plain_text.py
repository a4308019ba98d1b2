"""Words out of bytes that do not say how they are encoded."""

from __future__ import annotations

import pytest

from mediaprep.containers.plain_text import decoded


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_encodings_of_text(encoding: str) -> None:
    assert decoded("déjà vu, 3 €".encode(encoding)) == "déjà vu, 3 €"
