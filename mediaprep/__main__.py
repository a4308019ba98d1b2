"""`python -m mediaprep` is the command `mediaprep`."""

from mediaprep.cli import main

if __name__ == "__main__":
    main()
