"""`profiles`, `explain` and `doctor`: what is known and what was found."""

from __future__ import annotations

import click

from mediaprep.cli import show
from mediaprep.errors import UsageError

OK, MISSING = 0, 3


@click.command("profiles")
@click.argument("name", required=False)
def profiles_command(name: str | None) -> None:
    """The profiles; with NAME one profile's limits, each with its source and the day that was checked."""
    from mediaprep.planning.profiles import SHIPPED, load

    if name is None:
        for one in SHIPPED:
            profile = load(one)
            click.echo(f"{profile.name:12} {profile.title}: {', '.join(profile.targets)}")
        return
    click.echo(show.profile(load(name)))


@click.command("explain")
@click.argument("code")
def explain_command(code: str) -> None:
    """What a rule means, why it exists, and where that is written. CODE is that of a finding, such as MP301, or the
    number of an error that a platform answered with, such as 131053."""
    from mediaprep.errors import did_you_mean
    from mediaprep.rules import MANUAL

    if code.isascii() and code.isdigit():
        click.echo(_platforms(int(code)))
        return
    by_name = {rule.name: rule for rule in MANUAL.values()}
    rule = MANUAL.get(code.upper()) or by_name.get(code.lower())
    if rule is None:
        raise UsageError(
            f'there is no rule "{code}"{did_you_mean(code.upper(), MANUAL)}; the codes are {", ".join(MANUAL)}'
        )
    click.echo(show.rule(rule))


def _platforms(number: int) -> str:
    """What the platforms that know this error number mean by it."""
    from mediaprep.destinations import DESTINATIONS, kind

    known = [(found.title, found.errors[number]) for found in map(kind, DESTINATIONS) if number in found.errors]
    if not known:
        raise UsageError(f"no platform documents an error {number}; see what it said beside the number")
    return "\n".join(f"{title} {number}: {meaning}" for title, meaning in known)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
def doctor_command(as_json: bool) -> int:
    """What was found on this machine, what is missing, and what to do."""
    from mediaprep.cli.doctor import examine

    checks = examine()
    click.echo(show.health(checks, as_json))
    return MISSING if any(check.needed and not check.found for check in checks) else OK
