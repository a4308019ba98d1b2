"""`profiles`, `explain` and `doctor`: what is known and what was found."""

from __future__ import annotations

import click

from mediaprep import show
from mediaprep.errors import UsageError

OK, MISSING = 0, 3


@click.command("profiles")
@click.argument("name", required=False)
def profiles_command(name: str | None) -> None:
    """The profiles; with NAME one profile's limits, each with its source and the day that was checked."""
    from mediaprep.profiles import SHIPPED, load

    if name is None:
        for one in SHIPPED:
            profile = load(one)
            click.echo(f"{profile.name:12} {profile.title}: {', '.join(profile.targets)}")
        return
    click.echo(show.profile(load(name)))


@click.command("explain")
@click.argument("code")
def explain_command(code: str) -> None:
    """What a rule means, why it exists, and where that is written. CODE as in a finding: MP301."""
    from mediaprep.profiles import hint
    from mediaprep.rules import RULES

    by_name = {rule.name: rule for rule in RULES.values()}
    rule = RULES.get(code.upper()) or by_name.get(code.lower())
    if rule is None:
        raise UsageError(f'there is no rule "{code}"{hint(code.upper(), RULES)}; the codes are {", ".join(RULES)}')
    click.echo(show.rule(rule))


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
def doctor_command(as_json: bool) -> int:
    """What was found on this machine, what is missing, and what to do."""
    from mediaprep.doctor import examine

    checks = examine()
    click.echo(show.health(checks, as_json))
    return MISSING if any(check.needed and not check.found for check in checks) else OK
