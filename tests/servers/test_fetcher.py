"""The stand-ins' own fetcher: it takes what platforms take, and refuses what they refuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.base import Fault, nobody
from tests.servers.fetcher import fetch
from tests.servers.shelf import SAMPLES, Shelf

JPEG = (SAMPLES / "photo-ready.jpg").read_bytes()
OPUS = (SAMPLES / "memo-ready.ogg").read_bytes()
OGG = "audio/ogg; codecs=opus"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as running:
        yield running


def test_what_is_right_is_fetched_by_head_and_get(shelf: Shelf) -> None:
    assert fetch(shelf.put("a.jpg", JPEG, "image/jpeg"), "image") == JPEG
    assert fetch(shelf.put("a.ogg", OPUS, OGG), "voice") == OPUS
    assert fetch(shelf.put("a.zip", b"PK\x05\x06", "application/zip"), "document")
    assert [request.method for request in shelf.received] == ["HEAD", "GET"] * 3


@pytest.mark.parametrize(
    ("name", "content", "mime", "kind", "words"),
    [
        ("a.jpg", JPEG, "application/octet-stream", "image", "no type for image"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", "image", "no type for image"),
        ("a.png", JPEG, "image/png", "image", "but the bytes are"),
        ("a.png", JPEG, "image/jpeg", "image", ".png is no name for image/jpeg"),
        ("a.opus", OPUS, OGG, "voice", ".opus is no name"),
        ("a.ogg", OPUS, "audio/ogg", "voice", "only audio/ogg; codecs=opus"),
        ("a.mp3", b"ID3\4", "audio/mpeg", "voice", "no type for voice"),
        ("a.jpg", b"", "image/jpeg", "image", "empty"),
        ("a.pdf", b" <!DOCTYPE html><p>Sign in", "application/pdf", "document", "a web page"),
        ("a.jpg", JPEG.ljust(5 * 1024 * 1024 + 1, b"\0"), "image/jpeg", "image", "too many"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP8 ".ljust(102_401, b"\0"), "image/webp", "sticker", "102400 are allowed"),
    ],
)
def test_what_is_wrong_is_refused(shelf: Shelf, name: str, content: bytes, mime: str, kind: str, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        fetch(shelf.put(name, content, mime), kind)


@pytest.mark.parametrize("fault", ["redirect", "500", "429", "html"])
def test_a_link_that_does_not_answer_well_is_refused(shelf: Shelf, fault: Fault) -> None:
    link = shelf.put("a.jpg", JPEG, "image/jpeg")
    shelf.faults = [fault]
    with pytest.raises(AssertionError):
        fetch(link, "image")


def test_a_link_to_nobody_is_refused(shelf: Shelf) -> None:
    with nobody() as url, pytest.raises(AssertionError, match="downloading media from weblink failed"):
        fetch(f"{url}/a.jpg", "image")
    with pytest.raises(AssertionError, match="404"):
        fetch(f"{shelf.url}/a.jpg", "image")
    with pytest.raises(AssertionError, match="must be http"):
        fetch("/home/me/a.jpg", "image")
