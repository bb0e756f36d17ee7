"""The helm command, in homes of its own: the user's plugins and repositories are neither used nor changed.

The user's registry credentials stay usable, since mirrors need them (https://helm.sh/docs/helm/helm/#environment-variables).
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from k8s_audit.errors import ToolError
from k8s_audit.receivers.helm.folders import root

OLDEST = (3, 8)
"""The first Helm whose registries (oci://) need no switch: https://helm.sh/blog/storing-charts-in-oci/"""
TIMEOUT = 120.0
"""Seconds for one command; a chart has less than a megabyte."""
MEND = "`make setup` and `python -m tools.setup helm` put one into .venv/tools, https://helm.sh/docs/intro/install/ says other ways"


def helm(*arguments: str, timeout: float = TIMEOUT) -> str:
    """Run helm and return what it prints.

    Args:
        arguments: the command and its options; no secrets.
        timeout: seconds.

    Raises:
        ToolError: there is no helm, it is too old, it fails, or takes too long; with helm's own last line.
    """
    _checked(os.environ.get("PATH", ""))
    return _run(arguments, timeout)


def parsed(version: str) -> tuple[int, int]:
    """Major and minor of what `helm version` prints, such as `v3.22.0` or `v3.22.0+g1234`.

    Raises:
        ToolError: that is no version of helm.
    """
    found = re.match(r"v?(\d+)\.(\d+)\.", version)
    if not found:
        raise ToolError(f"helm version says {version[:80]!r}, which is no version; another program of that name?")
    return int(found[1]), int(found[2])


def environment(given: Mapping[str, str], homes: Path) -> dict[str, str]:
    """The environment that helm runs in.

    Args:
        given: ours.
        homes: the folder for Helm's own.
    """
    kept = {key: value for key, value in given.items() if not key.startswith("HELM_")}
    registry = given.get("HELM_REGISTRY_CONFIG") or str(_user_config(given) / "registry" / "config.json")
    return kept | {
        "HELM_CACHE_HOME": str(homes / "cache"),
        "HELM_CONFIG_HOME": str(homes / "config"),
        "HELM_DATA_HOME": str(homes / "data"),
        "HELM_REGISTRY_CONFIG": registry,
    }


def _user_config(given: Mapping[str, str]) -> Path:
    if own := given.get("HELM_CONFIG_HOME"):
        return Path(own)
    if base := given.get("XDG_CONFIG_HOME"):
        return Path(base) / "helm"
    home = Path.home()
    return home / "Library" / "Preferences" / "helm" if sys.platform == "darwin" else home / ".config" / "helm"


@cache
def _checked(path: str) -> None:
    """Once for each PATH: helm is there, and not too old."""
    if not shutil.which("helm", path=path):
        raise ToolError(f"helm is not on the PATH; {MEND}")
    version = _run(("version", "--template", "{{.Version}}"), TIMEOUT).strip()
    if parsed(version) < OLDEST:
        raise ToolError(f"helm {version} is too old; needed: {'.'.join(map(str, OLDEST))} or newer; {MEND}")


def _run(arguments: tuple[str, ...], timeout: float) -> str:
    try:
        done = subprocess.run(
            ["helm", *arguments],
            env=environment(os.environ, root() / "helm"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
    except OSError as error:
        raise ToolError(f"helm cannot be run: {error.strerror}; {MEND}") from None
    except subprocess.TimeoutExpired:
        raise ToolError(f"helm {arguments[0]} took more than {timeout:.0f} s") from None
    if done.returncode:
        raise ToolError(f"helm {arguments[0]}: {reason(done.stderr) or f'exit {done.returncode}'}")
    return done.stdout


def reason(said: str) -> str:
    """The line of helm's stderr that says why: its last `Error:`, for after it may come only advice; else its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("Error:")]
    return (errors or lines or [""])[-1]
