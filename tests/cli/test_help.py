"""`--help`: whole summaries, options in groups, values from the profiles, examples that can be typed."""

from __future__ import annotations

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from mediaprep.cli import commands
from mediaprep.cli.help import GROUPS, OTHER, DescribedCommand
from mediaprep.planning.profiles import SHIPPED, load

NAMES = sorted(commands.commands)
TAKING_FILES = ["check", "convert", "plan", "publish"]


def described(name: str) -> DescribedCommand:
    command = commands.commands[name]
    assert isinstance(command, DescribedCommand)
    return command


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(commands, [*arguments, "--help"], prog_name="mediaprep")
    assert done.exit_code == 0
    return done.output


def words_of(text: str) -> str:
    return " ".join(text.split())


def test_each_command_has_its_summary_on_one_line_of_the_list() -> None:
    lines = [line.strip() for line in shown().splitlines()]
    for name in NAMES:
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert line.removeprefix(name).strip() == described(name).get_short_help_str()
        assert line.endswith("."), "not cut"


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_in_a_group(name: str) -> None:
    groups = {getattr(one, "group", OTHER) for one in described(name).params if isinstance(one, click.Option)}
    headings = re.findall(r"^(\w+):$", shown(name), re.MULTILINE)
    assert OTHER not in groups
    assert [heading for heading in headings if heading in GROUPS] == [
        group for group in GROUPS if group in groups or group == OTHER
    ]
    for option in described(name).params:
        assert not isinstance(option, click.Option) or option.help, option.name


@pytest.mark.parametrize("name", NAMES)
def test_examples_can_be_typed(name: str) -> None:
    examples = described(name).examples
    assert len(examples) in (2, 3)
    text = shown(name)
    for line, meaning in examples:
        assert line in text and meaning in text
        program, command, *arguments = shlex.split(line.partition(" <")[0])
        assert (program, command) == ("mediaprep", name)
        described(name).make_context(name, arguments)


@pytest.mark.parametrize("name", TAKING_FILES)
def test_targets_and_profiles_are_listed(name: str) -> None:
    text = words_of(shown(name))
    assert f"Names: {', '.join(SHIPPED)}." in text
    (values,) = re.findall(r"Values: ([^.]*)\.", text)
    assert set(values.split(", ")) == {target for profile in SHIPPED for target in load(profile).targets}
