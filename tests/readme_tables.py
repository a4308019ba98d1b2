"""The README's tables of destinations and hosts, written from their modules: `python -m tests.readme_tables`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from mediaprep.destinations import DESTINATIONS, destination_class
from mediaprep.destinations.variable import Variable
from mediaprep.hosts import HOSTS, host_kind

README = Path(__file__).parent.parent / "README.md"


def destinations() -> str:
    rows = [
        (f"`{name}`", found.accepts, found.returns, found.lasts, variables(found.variables))
        for name, found in ((name, destination_class(name)) for name in DESTINATIONS)
    ]
    return table(("`--via`", "accepts", "returns", "valid for", "environment variables"), rows)


def hosts() -> str:
    rows = [
        (links.host, links.kind, links.content_type, variables(found.variables) if not number else "the same")
        for found in map(host_kind, HOSTS)
        for number, links in enumerate(found.links)
    ]
    return table(("`--host`", "links", "`Content-Type`", "environment variables"), rows)


def messages() -> str:
    rows = [(f"`{name}`", f"`{json.dumps(destination_class(name).example)}`") for name in DESTINATIONS]
    return table(("`--via`", "a message with an image"), rows)


def variables(found: Iterable[Variable]) -> str:
    """Names by when they are needed; the rest may be left out."""
    groups = (("", "publish"), ("for messages: ", "message"), ("to send: ", "send"), ("optional: ", ""))
    parts = [(words, [f"`{one.name}`" for one in found if one.needed == needed]) for words, needed in groups]
    return "; ".join(words + ", ".join(names) for words, names in parts if names)


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" if cells != lines[1] else f"|{'|'.join(cells)}|" for cells in lines)


TABLES = {"destinations": destinations, "hosts": hosts, "messages": messages}


def written(text: str) -> str:
    """The README with every table between its two markers as it should be."""
    for name, make in TABLES.items():
        begin, end = f"<!-- {name}: from the modules -->\n", f"\n<!-- /{name} -->"
        assert text.count(begin) == text.count(end) == 1, f"the README has no place for the table {name}"
        text = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: begin + make() + end, text, flags=re.DOTALL)  # noqa: B023
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
