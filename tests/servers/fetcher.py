"""How a platform fetches a link: HEAD, then GET, no redirect, and bytes that are what the answer calls them.

Only the standard library, and nothing of mediaprep: what it says of a link must not rest on the code under test.

Sources: WhatsApp Cloud API, "Media" (Content-Type, public server, sizes); Twilio (HEAD and GET); EngageLab, section
media formats (`audio/ogg; codecs=opus`). Redirects: some platforms follow them, some do not; this one does not.
"""

from __future__ import annotations

import http.client
from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

MIB = 1024 * 1024
LARGEST = {
    "image": 5 * MIB,
    "video": 16 * MIB,
    "audio": 16 * MIB,
    "voice": 16 * MIB,
    "document": 100 * MIB,
    "sticker": 500 * 1024,
}
LARGEST_STILL_STICKER = 100 * 1024

TYPES = {
    "image": {"image/jpeg", "image/png"},
    "video": {"video/mp4", "video/3gpp"},
    "audio": {"audio/aac", "audio/mp4", "audio/amr", "audio/mpeg", "audio/ogg"},
    "voice": {"audio/ogg"},
    "sticker": {"image/webp"},
}
"""Types by kind of message; a document may be of any."""

OFFICE = "application/vnd.openxmlformats-officedocument."
SUFFIXES = {
    "image/jpeg": {".jpg", ".jpeg"},
    "image/png": {".png"},
    "image/webp": {".webp"},
    "image/gif": {".gif"},
    "video/mp4": {".mp4"},
    "video/3gpp": {".3gp"},
    "audio/aac": {".aac"},
    "audio/mp4": {".m4a", ".mp4"},
    "audio/amr": {".amr"},
    "audio/mpeg": {".mp3"},
    "audio/ogg": {".ogg"},  # `.opus` is refused with 131053
    "application/pdf": {".pdf"},
    OFFICE + "wordprocessingml.document": {".docx"},
    OFFICE + "spreadsheetml.sheet": {".xlsx"},
    OFFICE + "presentationml.presentation": {".pptx"},
}


def fetch(url: str, kind: str, *, types: Collection[str] | None = None, largest: int | None = None) -> bytes:
    """The content at a link. Raises `AssertionError`, in words, for what a platform would refuse as that kind:
    `image`, `video`, `audio`, `voice`, `document` or `sticker`. `types`, `largest`: where one differs from Meta.
    """
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https") and parts.hostname, f"the link must be http(s): {url}"
    head, _ = _request("HEAD", url)
    answer, body = _request("GET", url)
    full = answer["content-type"]
    assert head["content-type"] == full, f"HEAD says {head['content-type']!r}, GET says {full!r}"
    if "content-length" in head:
        assert int(head["content-length"]) == len(body), f"HEAD says {head['content-length']} bytes, {len(body)} came"
    mime = full.partition(";")[0].strip().lower()
    assert body, "the link is empty"
    assert mime != "text/html" and not _is_page(body), "a web page instead of media"

    allowed = types if types is not None else TYPES.get(kind)
    assert allowed is None or mime in allowed, f"{full} is no type for {kind}"
    if mime == "audio/ogg":
        assert full.replace(" ", "").lower() == "audio/ogg;codecs=opus", f"{full}: only audio/ogg; codecs=opus is taken"
    assert mime not in SUFFIXES or mime in sniffed(body), f"called {mime}, but the bytes are {sniffed(body) or 'other'}"
    suffix = PurePosixPath(unquote(parts.path)).suffix.lower()
    assert not suffix or suffix in SUFFIXES.get(mime, {suffix}), f"{suffix} is no name for {mime}"
    most = LARGEST[kind] if largest is None else largest
    if kind == "sticker" and not _is_animated(body):
        most = min(most, LARGEST_STILL_STICKER)
    assert len(body) <= most, f"{len(body)} bytes are too many for {kind}, {most} are allowed"
    return body


def _request(method: str, url: str) -> tuple[dict[str, str], bytes]:
    """Headers, by lower-case names, and content of a link that answers with 200."""
    parts = urlsplit(url)
    connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = connect(parts.hostname or "", parts.port, timeout=300)
    try:
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.request(method, path, headers={"user-agent": "platform/1.0.0"})
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        raise AssertionError(f"downloading media from weblink failed: {error}") from error
    finally:
        connection.close()
    assert response.status == 200, f"downloading media from weblink failed with http code {response.status} ({method})"
    headers = {name.lower(): value for name, value in response.getheaders()}
    assert "content-type" in headers, f"the answer to {method} has no Content-Type"
    return headers, body


def _is_page(body: bytes) -> bool:
    return body[:512].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _is_animated(webp: bytes) -> bool:
    """The flag in the extended header (WebP container specification, RFC 9649, 2.7)."""
    return webp[12:16] == b"VP8X" and bool(webp[20] & 0x02)


def sniffed(body: bytes) -> set[str]:
    """The types that these bytes may go by, of those in `SUFFIXES`."""
    body = body.ljust(12, b"\0")
    brand = body[8:12] if body[4:8] == b"ftyp" else b""
    found = {
        "image/jpeg": body.startswith(b"\xff\xd8\xff"),
        "image/png": body.startswith(b"\x89PNG\r\n\x1a\n"),
        "image/webp": body[:4] == b"RIFF" and body[8:12] == b"WEBP",
        "image/gif": body.startswith((b"GIF87a", b"GIF89a")),
        "video/mp4": bool(brand) and not brand.startswith((b"3g", b"M4A", b"qt")),
        "video/3gpp": brand.startswith(b"3gp"),
        "audio/aac": body[:1] == b"\xff" and body[1] & 0xF6 == 0xF0,
        "audio/mp4": bool(brand) and not brand.startswith((b"3g", b"qt")),
        "audio/amr": body.startswith(b"#!AMR\n"),
        "audio/mpeg": body.startswith(b"ID3") or (body[:1] == b"\xff" and body[1] & 0xE6 in (0xE2, 0xE4, 0xE6)),
        "audio/ogg": body.startswith(b"OggS") and b"OpusHead" in body[:512],
        "application/pdf": body.startswith(b"%PDF-"),
    }
    kinds = {mime for mime, is_so in found.items() if is_so}
    if body.startswith(b"PK\x03\x04"):
        kinds |= {mime for mime in SUFFIXES if mime.startswith(OFFICE)}
    return kinds
