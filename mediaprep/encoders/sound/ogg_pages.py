"""Opus packets from any container into Ogg, with the time of every page right and nothing but the sound.

ffmpeg's own copy keeps the source's clock: milliseconds of WebM put every page out by up to half of one, and a sound
that starts late in a film starts late in the note. Here time is counted in samples, as RFC 7845 wants it. ffmpeg also
names its encoder in the comments, whatever it is told.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mediaprep.errors import Damaged, OutputError

if TYPE_CHECKING:
    from av import Packet
    from av.stream import Stream

CLOCK = 48_000
"""Samples a second in which Opus counts, whatever its bandwidth (RFC 7845, section 4)."""

PAGE = CLOCK
"""Samples on a page: one second, as libopusenc does."""

TOGETHER = 6
MOST_SEGMENTS = 255
GAP = 0.25
"""Seconds that may be missing between two packets; with more, time would be lost by a copy."""

SERIAL = 0
VENDOR = b"mediaprep"
TAGS = struct.pack("<8sI", b"OpusTags", len(VENDOR)) + VENDOR + bytes(4)
"""The comment header with no comment in it (RFC 7845, section 5.2)."""

_FRAME_SAMPLES = (*(480, 960, 1920, 2880) * 3, *(480, 960) * 2, *(120, 240, 480, 960) * 4)
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def samples(packet: bytes) -> int:
    """How many samples at 48 kHz a packet holds (RFC 6716, section 3.1)."""
    if not packet:
        return 0
    frames = (1, 2, 2, packet[1] & 63 if len(packet) > 1 else 0)[packet[0] & 3]
    return _FRAME_SAMPLES[packet[0] >> 3] * frames


def checksum(page: bytes) -> int:
    """Ogg's CRC (RFC 3533, section 6): zlib's polynomial, with bits in the other order and without inversions."""
    reflected = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{reflected:032b}"[::-1], 2)


def written_page(
    packets: Iterable[bytes], *, granule: int, number: int, first: bool = False, last: bool = False
) -> bytes:
    """One page of whole packets. `granule`: samples from the start to the end of its last packet."""
    parts = list(packets)
    lacing = b"".join(b"\xff" * (len(part) // 255) + bytes([len(part) % 255]) for part in parts)
    flags = (2 if first else 0) | (4 if last else 0)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, SERIAL, number, 0, len(lacing))
    whole = head + lacing + b"".join(parts)
    return whole[:22] + struct.pack("<I", checksum(whole)) + whole[26:]


def written_pages(head: bytes, packets: Iterable[tuple[bytes, int]]) -> Iterator[bytes]:
    """The pages of a file, from its `OpusHead` and its packets, each with the samples of it that are to be heard."""
    yield written_page([head], granule=0, number=0, first=True)
    yield written_page([TAGS], granule=0, number=1)
    number, granule, start, segments = 2, 0, 0, 0
    waiting: list[bytes] = []
    for packet, heard in packets:
        needed = len(packet) // 255 + 1
        if waiting and (granule - start >= PAGE or segments + needed > MOST_SEGMENTS):
            yield written_page(waiting, granule=granule, number=number)
            number, start, waiting, segments = number + 1, granule, [], 0
        waiting.append(packet)
        segments += needed
        granule += heard
    yield written_page(waiting, granule=granule, number=number, last=True)


def remux(source: Path, demuxer: str, index: int, output: Path, *, join: bool = False) -> None:
    """Copy one Opus stream into an Ogg file, its frames `joined` if wanted.

    Raises `OutputError` where a copy would lose time, and `Damaged` for what cannot be read.
    """
    import av

    from mediaprep.running import allowlists

    options = allowlists.input_options(demuxer)
    form = options.pop("f")
    try:
        with av.open(f"file:{source}", format=form, options=options) as container, output.open("wb") as written:
            stream = container.streams[index]
            head = bytes(stream.codec_context.extradata or b"")
            if not head.startswith(b"OpusHead"):
                raise Damaged("the Opus stream has no header; export the file again from its source")
            packets = _heard(packet for packet in container.demux(stream) if packet.size)
            for part in written_pages(head, joined(packets) if join else packets):
                written.write(part)
    except av.FFmpegError as error:
        raise Damaged(
            f"the Opus stream cannot be read ({error.strerror}); export the file again from its source"
        ) from error


def joined(packets: Iterable[tuple[bytes, int]]) -> Iterator[tuple[bytes, int]]:
    """The same frames, six of 20 ms to a packet, as in WhatsApp's own notes (RFC 6716, section 3.2.5, code 3).

    ffmpeg can only write one frame to a packet, which some iPhones are said to refuse (WhiskeySockets/Baileys, pull
    request 2648); every decoder reads both. It saves bytes as well, and most of a decoder's calls.
    """
    frames: list[bytes] = []
    toc = heard = 0
    for packet, samples_heard in packets:
        if frames and (len(frames) == TOGETHER or packet[0] != toc):
            yield _packet(toc, frames), heard
            frames, heard = [], 0
        if packet[0] & 3:
            yield packet, samples_heard
            continue
        toc = packet[0]
        frames.append(packet[1:])
        heard += samples_heard
    if frames:
        yield _packet(toc, frames), heard


def _packet(toc: int, frames: list[bytes]) -> bytes:
    if len(frames) == 1:
        return bytes([toc]) + frames[0]
    sizes = b"".join(map(_frame_length, frames[:-1]))
    return bytes([toc | 3, 0x80 | len(frames)]) + sizes + b"".join(frames)


def _frame_length(frame: bytes) -> bytes:
    """RFC 6716, section 3.2.1."""
    size = len(frame)
    if size < 252:
        return bytes([size])
    first = 252 + (size & 3)
    return bytes([first, (size - first) >> 2])


def _heard(packets: Iterable[Packet[Stream]]) -> Iterator[tuple[bytes, int]]:
    """Every packet with its samples; only the last one can be cut at its end."""
    last: Packet[Stream] | None = None
    data = b""
    whole = total = 0
    ahead: float | None = None
    for packet in packets:
        if last is not None:
            yield data, whole
            total += whole
        last, data = packet, bytes(packet)
        whole = samples(data)
        if packet.pts is not None:
            lead = packet.pts * float(packet.time_base) - total / CLOCK
            ahead = lead if ahead is None else ahead
            if abs(lead - ahead) > GAP:
                raise OutputError("the audio has gaps that a copy would close; it must be encoded")
    if last is None:
        raise Damaged("no audio stream in this file; export it again from its source")
    yield data, _untrimmed(last, whole)


def _untrimmed(packet: Packet[Stream], whole: int) -> int:
    """The samples of a packet that its container wants to be heard, at most `whole`."""
    if packet.has_sidedata("skip_samples"):
        discarded: int = struct.unpack_from("<I", bytes(packet.get_sidedata("skip_samples")), 4)[0]
    elif packet.duration and packet.time_base:
        discarded = whole - round(packet.duration * packet.time_base * CLOCK)
    else:
        discarded = 0
    return min(whole, max(0, whole - discarded))
