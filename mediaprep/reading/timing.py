"""The true times of streams, from their packets: headers lie, and some formats have none. Nothing is decoded."""

from __future__ import annotations

from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from msgspec import Struct

from mediaprep import errors

if TYPE_CHECKING:
    from collections.abc import Iterator

    import av.container
    import av.packet
    import av.stream

_TIMES_KEPT = 600
_FIRST_PACKET = 1 << 20
_MAX_PACKETS = 3_000_000
_ROUNDING = 0.0015
"""Seconds: Matroska and FLV keep whole milliseconds."""


class Timing(Struct):
    """Times in seconds, sizes in bytes, without what an edit list leaves out.
    `times`: when the first pictures are shown, in the order of decoding. `whole`: every packet was seen."""

    packets: int = 0
    size: int = 0
    start: float | None = None
    end: float | None = None
    last_start: float | None = None
    times: list[float] = []
    first: bytes = b""
    whole: bool = False

    @property
    def duration(self) -> float | None:
        """From the first packet's start to the last one's end; a last packet without a length gets the usual one."""
        if self.start is None or self.end is None or self.last_start is None:
            return None
        if self.end > self.last_start or not (steps := self.steps):
            return self.end - self.start
        return self.end - self.start + median(steps)

    @property
    def steps(self) -> list[float]:
        """How long each of the first pictures is shown."""
        shown = sorted(self.times)
        return [later - earlier for earlier, later in pairwise(shown)]

    @property
    def rate(self) -> float | None:
        """Pictures per second on average."""
        if self.packets < 2 or self.start is None or self.last_start is None or self.last_start <= self.start:
            return None
        return (self.packets - 1) / (self.last_start - self.start)

    @property
    def reordered(self) -> bool:
        """Whether pictures are decoded in another order than they are shown: the sign of B-frames."""
        return any(later < earlier for earlier, later in pairwise(self.times))

    @property
    def variable(self) -> bool:
        """Whether more than one step in fifty differs from the usual by more than a tenth and more than rounding."""
        steps = self.steps
        if len(steps) < 2:
            return False
        usual = median(steps)
        odd = sum(abs(step - usual) > max(_ROUNDING, usual / 10) for step in steps)
        return odd * 50 > len(steps)


def timings(
    container: av.container.InputContainer, most: int | None = None, *, counted: bool = False
) -> dict[int, Timing]:
    """Index of a stream -> its times. `most`: stop after so many packets; None reads to the end.

    `counted`: packets say only how long they last, and each begins where the one before it ends.
    """
    found = {stream.index: Timing(times=[]) for stream in container.streams}
    pictures = {stream.index for stream in container.streams if stream.type == "video"}
    units: dict[int, float] = {}  # a Fraction for each packet would cost more than reading it
    count = 0
    for packet in _packets(container):
        timing = found.get(packet.stream_index)
        if packet.size == 0 or timing is None:
            continue
        count += 1
        if count > _MAX_PACKETS:
            raise errors.TooMuch(f"the file has too many packets; limit: {_MAX_PACKETS:,}. Split it into parts")
        timing.size += packet.size
        timing.packets += not packet.is_discard
        if not timing.first and packet.stream_index in pictures:
            timing.first = bytes(packet)[:_FIRST_PACKET]
        moment = packet.pts if packet.pts is not None else packet.dts
        if (moment is None and not counted) or packet.is_discard:
            continue
        unit = units.get(packet.stream_index)
        if unit is None:
            if packet.time_base is None:
                continue
            unit = units[packet.stream_index] = float(packet.time_base)
        start = (timing.end or 0.0) if moment is None else moment * unit
        end = start + (packet.duration or 0) * unit
        timing.start = start if timing.start is None else min(timing.start, start)
        timing.end = end if timing.end is None else max(timing.end, end)
        timing.last_start = start if timing.last_start is None else max(timing.last_start, start)
        if packet.pts is not None and len(timing.times) < _TIMES_KEPT:
            timing.times.append(start)
        if most is not None and count >= most:
            return found
    for timing in found.values():
        timing.whole = True
    return found


def _packets(container: av.container.InputContainer) -> Iterator[av.packet.Packet[av.stream.Stream]]:
    """Every packet. PyAV has no name for a stream that appears while it reads; only damaged files have one."""
    try:
        yield from container.demux()
    except IndexError as error:
        raise errors.Damaged(
            "the file is damaged: a stream begins that no header names. Get an undamaged copy"
        ) from error
