"""`python -m tools.setup NAME…`: put tools, or a group of them, into `.venv/tools`, from the cache where they are there."""

import argparse
import os
import sys
import time
from pathlib import Path

from tools import cache
from tools.table import GROUPS, TOOLS, Tool, this_platform

FAILED = 3
CHECKOUT = Path(__file__).resolve().parent.parent
LINKS = CHECKOUT / ".venv" / "tools"


def main() -> None:
    """Set up what was asked for; say nothing where all of it is there."""
    by_name = {tool.name: tool for tool in TOOLS}
    choices = [*GROUPS, "all", *by_name]
    parser = argparse.ArgumentParser(prog="python -m tools.setup", description=__doc__)
    parser.add_argument("names", nargs="+", metavar="NAME", choices=choices, help=", ".join(choices))
    asked = parser.parse_args().names
    wanted: dict[str, None] = {}
    for name in asked:
        wanted |= dict.fromkeys(by_name if name == "all" else GROUPS.get(name, (name,)))
    platform = this_platform()
    missing = [by_name[name] for name in wanted if not cache.holds(by_name[name], platform)]
    if missing:
        from tools.progress import SetupError, make

        began = time.monotonic()
        try:
            for number, tool in enumerate(missing, 1):
                make(tool, platform, f"{number} of {len(missing)}")
        except SetupError as error:
            print(error, file=sys.stderr)
            sys.exit(FAILED)
        except KeyboardInterrupt:
            print("interrupted; what is ready stays, the next set-up goes on from here", file=sys.stderr)
            sys.exit(130)
        print(f"tools ready in {time.monotonic() - began:.0f} s, kept in {cache.root()}")
    for name in wanted:
        link(by_name[name], platform)


def link(tool: Tool, platform: str) -> None:
    """Put links to a tool's executables into this checkout's `.venv/tools`."""
    LINKS.mkdir(parents=True, exist_ok=True)
    for name in tool.executables:
        place, target = LINKS / name, cache.folder(tool, platform) / name
        if not place.is_symlink() or place.readlink() != target:
            aside = LINKS / f".{name}-{os.getpid()}"
            aside.unlink(missing_ok=True)
            aside.symlink_to(target)
            aside.rename(place)


if __name__ == "__main__":
    main()
