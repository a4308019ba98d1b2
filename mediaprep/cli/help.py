"""How `--help` looks: a summary that is never cut, options in groups, examples at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import click

WHAT, HOW, WHERE, MESSAGE, OTHER = "What", "How", "Where", "Message", "Other"
GROUPS = (WHAT, HOW, WHERE, MESSAGE, OTHER)
"""The groups of options, in the order in which they are shown."""


class GroupedOption(click.Option):
    """An option in one of `GROUPS`. `values`: listed at the end of its help text; called only for `--help`."""

    def __init__(
        self, *names: Any, group: str = OTHER, values: Callable[[], Iterable[str]] | None = None, **settings: Any
    ) -> None:
        super().__init__(*names, **settings)
        self.group = group
        self.values = values

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        record = super().get_help_record(ctx)
        if record is None or self.values is None:
            return record
        return record[0], f"{record[1]} {', '.join(self.values())}."


option = partial(click.option, cls=GroupedOption)


class DescribedCommand(click.Command):
    """A command whose help has groups of options and examples. `examples`: command lines, each with what it does."""

    def __init__(self, *names: Any, examples: Sequence[tuple[str, str]] = (), **settings: Any) -> None:
        super().__init__(*names, **settings)
        self.examples = examples

    def get_short_help_str(self, limit: int = 45) -> str:
        return " ".join((self.help or "").partition("\n\n")[0].split())

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        records: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
        for parameter in self.get_params(ctx):
            if (record := parameter.get_help_record(ctx)) is not None and isinstance(parameter, click.Option):
                records[getattr(parameter, "group", OTHER)].append(record)
        for group, rows in records.items():
            if rows:
                with formatter.section(group):
                    formatter.write_dl(rows)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.examples:
            with formatter.section("Examples"):
                for line, meaning in self.examples:
                    formatter.write_text(f"# {meaning}")
                    formatter.write(f"{'':{formatter.current_indent}}{line}\n")
        super().format_epilog(ctx, formatter)


command = partial(click.command, cls=DescribedCommand)


def targets() -> list[str]:
    """All targets of the shipped profiles, in the order in which the profiles list them."""
    from mediaprep.planning.profiles import load

    return list(dict.fromkeys(target for name in profile_names() for target in load(name).targets))


def profile_names() -> Sequence[str]:
    """The names of the shipped profiles."""
    from mediaprep.planning.profiles import SHIPPED

    return tuple(SHIPPED)
