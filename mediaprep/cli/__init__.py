"""The commands: read options, call the library, print. No logic; heavy modules are imported only when used."""

from __future__ import annotations

import signal
import sys
import warnings

import click

from mediaprep.cli import show
from mediaprep.cli.about import doctor_command, explain_command, profiles_command
from mediaprep.cli.local import check_command, convert_command, plan_command
from mediaprep.cli.online import hook_command, publish_command
from mediaprep.errors import MediaprepError, ToolMissing, UsageError
from mediaprep.version import __version__

OK, FINDINGS, USAGE, MISSING, INTERRUPTED = 0, 1, 2, 3, 130


def main() -> None:
    """The console script: every error is an exit code and one line, never a traceback."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = lambda message, *_: click.echo(f"mediaprep: {message}", err=True)
    try:
        code = commands.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE
    except UsageError as error:
        show.fault(error)
        code = USAGE
    except ToolMissing as error:
        show.fault(error)
        code = MISSING
    except MediaprepError as error:
        show.fault(error)
        code = FINDINGS
    except (KeyboardInterrupt, click.Abort):
        click.echo("mediaprep: interrupted; finished files are kept, run the same command again to continue", err=True)
        code = INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        code = OK
    sys.exit(code if isinstance(code, int) else OK)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="mediaprep")
def commands() -> None:
    """Make any media file sendable over WhatsApp-style messaging APIs, and verify it.

    Start with: mediaprep check FILE
    """


for command in (
    check_command, plan_command, convert_command, publish_command, hook_command, profiles_command, explain_command,
    doctor_command,
):  # fmt: skip
    commands.add_command(command)
