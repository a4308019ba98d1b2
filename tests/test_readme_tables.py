"""What the README says of destinations and hosts is what their modules say."""

from __future__ import annotations

from tests.readme_tables import README, TABLES, written


def test_the_tables_are_those_of_the_modules() -> None:
    text = README.read_text(encoding="utf-8")
    assert written(text) == text, "run `python -m tests.readme_tables`"


def test_a_table_has_a_row_for_each_and_no_cell_is_cut() -> None:
    for make in TABLES.values():
        head, _, *rows = make().splitlines()
        assert rows and all(row.count(" | ") == head.count(" | ") for row in rows)
