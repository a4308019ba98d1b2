"""`profiles`, `explain` and `doctor`: information about profiles, rules and this machine."""

from __future__ import annotations

import click

from mediaprep.cli import show
from mediaprep.cli.help import WHERE, command, option
from mediaprep.errors import UsageError

OK, MISSING = 0, 3


@command(
    "profiles",
    examples=(
        ("mediaprep profiles", "All profiles and their targets."),
        ("mediaprep profiles engagelab", "The limits of EngageLab."),
    ),
)
@click.argument("name", required=False)
def profiles_command(name: str | None) -> None:
    """List the profiles, or show the limits of one.

    NAME is a profile's name or the path of a TOML file. Each limit is shown with its source and the date when it was
    checked.
    """
    from mediaprep.planning.profiles import SHIPPED, load

    if name is None:
        for one in SHIPPED:
            profile = load(one)
            click.echo(f"{profile.name:12} {profile.title}: {', '.join(profile.targets)}")
        return
    click.echo(show.profile(load(name)))


@command(
    "explain",
    examples=(
        ("mediaprep explain", "List all rules."),
        ("mediaprep explain MP304", "What does this finding mean?"),
        ("mediaprep explain 131053", "What does this error of the WhatsApp Cloud API mean?"),
    ),
)
@click.argument("code", required=False)
def explain_command(code: str | None) -> None:
    """Explain a finding or a platform's error number; list all rules.

    CODE is the code of a finding (MP301), the name of a rule (video-codec), or an error number that a platform returned
    (131053). Without CODE all rules are listed.
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
    from mediaprep.destinations import DESTINATIONS, destination_class

    known = [
        (found.title, found.errors[number]) for found in map(destination_class, DESTINATIONS) if number in found.errors
    ]
    if not known:
        raise UsageError(f"unknown error number: {number}; see the text that the platform returned with it")
    return "\n".join(f"{title} {number}: {meaning}" for title, meaning in known)


@command(
    "doctor",
    examples=(
        ("mediaprep doctor", "Is everything installed?"),
        ("mediaprep doctor --json", "The same for a program."),
    ),
)
@option("--json", "as_json", is_flag=True, group=WHERE, help="Write one JSON array to stdout.")
def doctor_command(as_json: bool) -> int:
    """Check the installation: what was found, and what is missing.

    Exit code 3 if something required is missing.
    """
    from mediaprep.cli.doctor import examine

    checks = examine()
    click.echo(show.health(checks, as_json))
    return MISSING if any(check.needed and not check.found for check in checks) else OK
