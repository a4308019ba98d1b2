"""Tiny sounds made with ffmpeg, and looks at sound files that use nothing of mediaprep's own reading."""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import av

from mediaprep.encoders.base import Work
from mediaprep.media import AudioStream, Media
from mediaprep.options import Options
from mediaprep.rules import Limits
from mediaprep.running import tools

SPEECH = "sine=frequency=180:sample_rate=48000:duration={seconds},tremolo=f=4:d=0.8"
VOICE = Limits(
    mime=("audio/ogg",), max_bytes=16_000_000, advised_bytes=512_000, audio_codec={"audio/ogg": ("opus",)},
    max_channels={"audio/ogg": 1}, audio_streams=1, extras=False, make=("audio/ogg",), sample_rate=16000,
    metadata=("location", "device", "person", "time", "thumbnail", "text"),
)  # fmt: skip
AUDIO = Limits(
    mime=("audio/aac", "audio/mp4", "audio/mpeg", "audio/ogg"), max_bytes=16_000_000,
    audio_codec={"audio/aac": ("aac",), "audio/mp4": ("aac",), "audio/mpeg": ("mp3",), "audio/ogg": ("opus",)},
    max_channels={"audio/ogg": 1, "audio/mp4": 2}, audio_streams=1, extras=False, make=("audio/mp4", "audio/ogg"),
    metadata=("location", "device", "person", "time", "thumbnail", "text"),
)  # fmt: skip


def record(folder: Path, seconds: float, *settings: str, graph: str = SPEECH, name: str = "input") -> Path:
    """A sound from one of ffmpeg's own sources; `settings` are the output's."""
    made = ["-v", "error", "-y", "-f", "lavfi", "-i", graph.format(seconds=seconds)]
    tools.run([*made, *settings, name], folder=folder, seconds=600)
    return folder / name


def facts(path: Path, mime: str, demuxer: str, **more: Any) -> Media:
    """The facts of a file with one sound, as a probe would tell them."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        sound = AudioStream(
            index=stream.index,
            codec=stream.codec_context.codec.canonical_name,
            channels=stream.codec_context.channels,
            sample_rate=stream.codec_context.sample_rate,
            bit_rate=container.bit_rate,
            duration=container.duration / av.time_base if container.duration else None,
        )
    given = {"name": "memo.x", "size": path.stat().st_size, "kind": "audio", "duration": sound.duration, **more}
    return Media(mime=mime, demuxer=demuxer, audio=(sound,), **given)


def work(folder: Path, media: Media, limits: Limits, **options: Any) -> Work:
    return Work(media=media, limits=limits, options=Options(**options), folder=folder)


def pcm(path: Path, decoder: str = "") -> array[int]:
    """All channels in one, as 16-bit numbers at the file's own rate; `decoder` names another than ffmpeg's own."""
    samples = array("h")
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        context = stream.codec_context
        if decoder:
            chosen = av.CodecContext.create(decoder, "r")
            assert isinstance(chosen, av.AudioCodecContext)
            context = chosen
            context.extradata = stream.codec_context.extradata
        resampler = av.AudioResampler(format="s16", layout="mono")
        for packet in container.demux(stream):
            for frame in context.decode(packet if packet.size else None):
                for block in resampler.resample(frame):
                    samples.frombytes(bytes(block.planes[0])[: 2 * block.samples])
    return samples


class Page(NamedTuple):
    flags: int
    granule: int
    number: int
    packets: list[bytes]


def ogg_pages(data: bytes) -> Iterator[Page]:
    """RFC 3533, section 6, with the checksum by its definition, bit by bit."""
    at = 0
    while at < len(data):
        assert data[at : at + 4] == b"OggS"
        flags, granule, _, number, crc, count = struct.unpack_from("<xBqIIIB", data, at + 4)
        lacing = data[at + 27 : at + 27 + count]
        end = at + 27 + count + sum(lacing)
        assert crc == slow_crc(data[at : at + 22] + bytes(4) + data[at + 26 : end])
        packets, part, start = [], b"", at + 27 + count
        for size in lacing:
            part += data[start : start + size]
            start += size
            if size < 255:
                packets.append(part)
                part = b""
        assert not part, "a packet goes on on the next page"
        yield Page(flags, granule, number, packets)
        at = end


def slow_crc(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc
