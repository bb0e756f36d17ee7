"""What the dry run of `kops update cluster` tells: which resources of the cloud are not as the spec has them, and which of their fields.

Values are left out: kops shows user data and configurations of nodes as they are, with the secrets in them. Its form:
https://github.com/kubernetes/kops/blob/v1.32.0/upup/pkg/fi/dryrun_target.go
"""

import re
from collections.abc import Iterator

SECTION = re.compile(r"Will (create|modify|delete) (?:resources|items):")
RESOURCE = re.compile(r"  ([A-Z]\w+)(?:/| +)([\w.:/@-]+)")
"""No more than a kind and a name, since a value may have several lines."""
FIELD = re.compile(r"  \t(\w+)")


def told_changes(text: str) -> list[str]:
    """The changes, each in a line.

    Args:
        text: what kops printed.
    """
    return [
        f"{verb} {resource}{': ' if fields else ''}{', '.join(fields)}" for verb, resource, fields in _changes(text)
    ]


def _changes(text: str) -> Iterator[tuple[str, str, list[str]]]:
    verb = ""
    found: tuple[str, str, list[str]] | None = None
    for line in text.splitlines():
        if section := SECTION.fullmatch(line.strip()):
            verb = section[1]
        elif verb and (field := FIELD.match(line)):
            if found and verb == "modify":
                found[2].append(field[1])
        elif verb and (resource := RESOURCE.fullmatch(line.rstrip())):
            if found:
                yield found
            found = (verb, f"{resource[1]}/{resource[2]}", [])
    if found:
        yield found
