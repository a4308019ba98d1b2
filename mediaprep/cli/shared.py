"""The options that several commands share, and how they become arguments of the library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from mediaprep.cli.help import HOW, MESSAGE, WHAT, WHERE, option, profile_names, targets


def files(function: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options of every command that reads files."""
    for decorate in (
        option(
            "--json",
            "as_json",
            is_flag=True,
            group=WHERE,
            help="Write one JSON record per line to stdout, nothing else.",
        ),
        option(
            "--jobs",
            metavar="N",
            type=click.IntRange(min=1),
            group=HOW,
            help="Files processed in parallel; default: one per CPU core.",
        ),
        option("--caption", default="", group=MESSAGE, help="Caption for each file; its length is checked."),
        allow_host,
        option(
            "--as",
            "target",
            metavar="TARGET",
            group=WHAT,
            values=targets,
            help="Kind of message; default: from the content (sticker and voice must be requested). Values:",
        ),
        profile_option,
        click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    ):
        function = decorate(function)
    return function


profile_option = option(
    "--profile",
    metavar="NAME",
    group=WHAT,
    values=profile_names,
    help="Which limits apply: a profile's name or the path of a TOML file; default: whatsapp, or the profile of --via. "
    "Names:",
)
allow_host = option(
    "--allow-host",
    "allow_hosts",
    metavar="NAME",
    multiple=True,
    group=WHAT,
    help="Host from which links are fetched even if it has a private address; can be repeated.",
)


def choices(function: Callable[..., Any]) -> Callable[..., Any]:
    """The fields of `Options`."""
    for decorate in (
        option("--emoji", "emojis", multiple=True, group=HOW, help="Emoji in the sticker's metadata; at most three."),
        option("--publisher", default="", group=HOW, help="Publisher of the sticker pack, in the sticker's metadata."),
        option("--pack", default="", group=HOW, help="Name of the sticker pack, in the sticker's metadata."),
        option(
            "--crop",
            is_flag=True,
            group=HOW,
            help="Crop a sticker to fill the square (default: fit, transparent margins).",
        ),
        option("--speed-up", is_flag=True, group=HOW, help="Play a sticker that is too long faster (default: cut it)."),
        option("--trim-silence", is_flag=True, group=HOW, help="Remove silence at the start and the end of audio."),
        option("--normalize", is_flag=True, group=HOW, help="Normalize the loudness of audio to -16 LUFS."),
        option(
            "--voice-rate", type=click.Choice(["16000", "48000"]), group=HOW, help="Sample rate of voice notes, Hz."
        ),
        option(
            "--background",
            metavar="#RRGGBB",
            default="#FFFFFF",
            show_default=True,
            group=HOW,
            help="Background colour where transparency is removed.",
        ),
    ):
        function = decorate(function)
    return function


def with_options(wants: dict[str, Any]) -> dict[str, Any]:
    """The fields of `Options` collected into `options`, all others unchanged."""
    from mediaprep.options import Options

    chosen = {name: wants.pop(name) for name in Options.__struct_fields__}
    rate = chosen["voice_rate"]
    return {**wants, "options": Options(**{**chosen, "voice_rate": int(rate) if rate else None})}
