"""The options that several commands share, and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click


def files(command: Callable[..., Any]) -> Callable[..., Any]:
    """What every command that takes files has in common."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON record a line on stdout, nothing else."),
        click.option("--jobs", type=click.IntRange(min=1), help="Files worked on at once; default: one for each core."),
        click.option(
            "--allow-host",
            "allow_hosts",
            metavar="NAME",
            multiple=True,
            help="A host whose links are fetched although its address is private.",
        ),
        click.option(
            "--caption", default="", help="The caption that will travel with each file; its length is checked."
        ),
        click.option("--as", "target", metavar="TARGET", help="image, video, gif, audio, voice, sticker, document …"),
        click.option(
            "--profile", help="A name, or a path to a TOML file; default: whatsapp, or the destination's own."
        ),
        click.argument("paths", nargs=-1, required=True, metavar="PATH..."),
    ):
        command = option(command)
    return command


def choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """The sender's choices, for `plan` and `convert`."""
    for option in (
        click.option("--emoji", "emojis", multiple=True, help="An emoji written into a sticker; up to three."),
        click.option("--publisher", default="", help="The pack's publisher, written into a sticker."),
        click.option("--pack", default="", help="The pack's name, written into a sticker."),
        click.option("--crop", is_flag=True, help="Sticker art fills the square and loses what stands out."),
        click.option("--speed-up", is_flag=True, help="A sticker that is too long plays faster, instead of being cut."),
        click.option("--trim-silence", is_flag=True, help="Cut silence at both ends of sound."),
        click.option("--normalize", is_flag=True, help="Bring sound to a loudness of -16 LUFS."),
        click.option("--voice-rate", type=click.Choice(["16000", "48000"]), help="Hz of voice notes that are made."),
        click.option("--background", default="#FFFFFF", show_default=True, help="What transparency is laid on."),
    ):
        command = option(command)
    return command


def with_options(wants: dict[str, Any]) -> dict[str, Any]:
    """The sender's choices gathered into `options`, the other wishes as they are."""
    from mediaprep.options import Options

    chosen = {name: wants.pop(name) for name in Options.__struct_fields__}
    rate = chosen["voice_rate"]
    return {**wants, "options": Options(**{**chosen, "voice_rate": int(rate) if rate else None})}
