"""Words that a reader knows and can search for: no text of ours uses the phrases below, which were replaced once.

Read are all strings of the package (messages, help, docstrings), the profiles, and the pages. A phrase is a regular
expression, without regard to case; any white space matches any other.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted((ROOT / "mediaprep").rglob("*.py"))
PAGES = sorted(
    {*ROOT.glob("*.md"), *ROOT.glob(".github/*.md"), ROOT / "mediaprep" / "README.md", *ROOT.glob("profiles/*")}
)

REPLACED = {
    r"taken are|(is|are) taken in\b|at most [^.;]* (is|are) taken": "accepted: …; limit: …",
    r"(?<!there )\bis no (?!longer\b)": "invalid …: …; expected …",
    r"half a letter": "invalid Unicode",
    r"no address that can be found": "cannot resolve host name …",
    r"leads to a private|address by now": "resolves to a private or reserved address",
    r"redirects to where": "redirect refused: …",
    r"; give --[a-z-]+ as well": "… requires --…",
    r"has no view once": "… does not support --view-once",
    r"(reference|name|profile) of yours": "your own …",
    r"say its zone": "has no time zone; add Z or +01:00",
    r"(said|says|answered) yes\b|gave no usable": "returned success without …",
    r"what was made (plays|is|has)|were expected": "output …, expected …",
    r"\blies? outside the media": "extra bytes outside the media data",
    r"stored turned": "stored rotated",
    r"there is no (moving )?picture": "no video stream",
    r"there is no sound": "no audio stream",
    r"not looked at|nothing to do: ": "no files found (hidden files are skipped)",
    r"the link would end": "the link expires at …",
    r"as no camera": "is not supported",
    r"(is|are) laid on": "background colour where transparency is removed",
    r"loses what stands out|what stands out": "crop to fill",
    r"with all its repeats|beside one for each": "time limit per upload including retries, plus …",
    r"\b(do not )?try links after|links? (is|are) tried": "verify links",
    r"call-backs?\b": "webhooks",
    r"\bHz of voice": "sample rate of voice notes, Hz",
    r"which lives|\blives (as long|for)\b": "valid for",
    r"own date counts": "… takes precedence",
    r"\bare asked for\b": "must be requested",
    r"once its words fit": "if its text is within the limits",
    r"others have a say": "if … comes from untrusted users",
    r"where the bytes bind|passes spend": "the highest bit rate that fits",
    r"where an answer is lost": "if the response to … is lost",
    r"(from|by) the environment alone": "read only from environment variables",
    r"with a host every": "with `--host`, every …",
    r"\bhang it in\b": "use it as an httpx transport",
    r"where nobody watches|people do not read JSON": "no-op",
    r"(?<!`)\banew\b(?!`)": "again; overwrite",
}


def strings(source: str) -> Iterator[tuple[int, str]]:
    """Every string with its line; a formatted one as a whole, with `{}` for each value."""
    inside: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def faults(text: str) -> list[str]:
    plain = " ".join(text.split())
    return [
        f"{found[0]!r}: write {better!r}"
        for phrase, better in REPLACED.items()
        if (found := re.search(phrase, plain, re.IGNORECASE))
    ]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_string_uses_a_replaced_phrase(path: Path) -> None:
    found = [(line, fault) for line, text in strings(path.read_text(encoding="utf-8")) for fault in faults(text)]
    assert not found


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_page_uses_a_replaced_phrase(path: Path) -> None:
    assert not faults(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the file is {}; taken are {}", 1),
        ("at most {} are taken", 1),
        ('"{}" is no moment; write it as …', 1),
        ("there is no space left", 0),
        ("the file is no longer there", 0),
        ("Keys come from the\n    environment alone", 1),
        ("accepted: JPEG, PNG", 0),
    ],
)
def test_phrases_are_told_from_plain_words(text: str, count: int) -> None:
    assert len(faults(text)) == count


def test_strings_are_read_whole() -> None:
    source = 'def f(x):\n    """Half\n    a letter."""\n    raise E(f"taken " f"are {x}")\n'
    assert [len(faults(text)) for _, text in strings(source)] == [1, 1]
