"""YAML text for a Kubernetes component to read."""

from typing import Any

import yaml

WORDS = frozenset("y n yes no on off true false null".split())
"""What YAML 1.1 may read as something else than a string though it begins with a letter (https://yaml.org/type/bool.html)."""


class _Dumper(yaml.SafeDumper):
    """Quotes every string that a reader of YAML 1.1 or 1.2 could take for a number, a time or a truth value."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        plain = data[:1].isalpha() and data.lower() not in WORDS and data.isprintable()
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=None if plain else '"')


_Dumper.add_representer(str, _Dumper.represent_str)


def dump(document: dict[str, Any]) -> str:
    """A document as text: keys in their order, no line folded, the same bytes for the same document.

    Kubernetes reads YAML 1.1 with numbers as in 1.2 (https://github.com/kubernetes-sigs/yaml).
    """
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf"))
    return text
