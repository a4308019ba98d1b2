"""`profiles`, `explain` and `doctor`: information about profiles, rules and this machine."""

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
@click.argument("code", required=False)
def explain_command(code: str | None) -> None:
    """Explain a rule: what it means, why it exists, and its source. Without CODE: list all rules.

    CODE: the code of a finding (MP301), the name of a rule (video-codec), or an error number returned by a platform
    (131053).
    """
    from mediaprep.errors import did_you_mean
    from mediaprep.rules import MANUAL, RENAMED

    if code is None:
        click.echo(_all_rules())
        return
    if code.isascii() and code.isdigit():
        click.echo(_platforms(int(code)))
        return
    by_name = {rule.name: rule for rule in MANUAL.values()}
    name = code.lower()
    rule = MANUAL.get(code.upper()) or by_name.get(RENAMED.get(name, name))
    if rule is None:
        near = did_you_mean(code.upper(), MANUAL) or did_you_mean(name, by_name)
        raise UsageError(f'unknown rule: "{code}"{near or "."} List all rules: mediaprep explain')
    click.echo(show.rule(rule))


def _all_rules() -> str:
    """Every rule in one line each, grouped by the first digit of the code."""
    from mediaprep.rules import GROUPS, MANUAL

    width = max(len(rule.name) for rule in MANUAL.values())
    out: list[str] = []
    for group, title in GROUPS.items():
        out += ["", f"{group}xx: {title}"]
        for code in sorted(code for code in MANUAL if code.startswith(group)):
            rule = MANUAL[code]
            out.append(f"  {code}  {rule.name:{width}}  {rule.level:7}  {rule.summary}")
    return "\n".join([*out[1:], "", "One rule in full: mediaprep explain CODE"])


def _platforms(number: int) -> str:
    """What this error number means, for each platform that documents it."""
    from mediaprep.destinations import DESTINATIONS, kind

    known = [(found.title, found.errors[number]) for found in map(kind, DESTINATIONS) if number in found.errors]
    if not known:
        raise UsageError(f"unknown error number: {number}; see the text that the platform returned with it")
    return "\n".join(f"{title} {number}: {meaning}" for title, meaning in known)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")
def doctor_command(as_json: bool) -> int:
    """What was found on this machine, what is missing, and what to do."""
    from mediaprep.cli.doctor import examine

    checks = examine()
    click.echo(show.health(checks, as_json))
    return MISSING if any(check.needed and not check.found for check in checks) else OK
