"""Which rules of an audit policy come and go, between two texts of it."""

from difflib import SequenceMatcher
from typing import Any

import yaml

MOST = 3
"""Resources of a rule that are named; of more only their number."""


def rule_changes(old: str, new: str) -> tuple[list[str], list[str]]:
    """The rules that are added and those that are removed, each in a line.

    Args:
        old: YAML of the policy before; empty: none.
        new: YAML of the policy afterwards; empty: none.
    """
    before, after = _rules(old), _rules(new)
    added: list[str] = []
    removed: list[str] = []
    for kind, first, last, start, end in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if kind != "equal":
            removed += before[first:last]
            added += after[start:end]
    return added, removed


def _rules(text: str) -> list[str]:
    policy = yaml.safe_load(text) if text else None
    rules = policy.get("rules") if isinstance(policy, dict) else None
    return [_words(rule) for rule in rules or []]


def _words(rule: dict[str, Any]) -> str:
    """A rule in a line: level, verbs, what, who, where."""
    parts = [str(rule.get("level", "None")), ", ".join(rule.get("verbs") or ["every verb"])]
    things = [
        f"{name}.{entry['group']}" if entry.get("group") else name
        for entry in rule.get("resources") or []
        for name in entry.get("resources") or ["*"]
    ] + list(rule.get("nonResourceURLs") or [])
    parts.append(", ".join(things[:MOST]) + (f" and {len(things) - MOST} more" if len(things) > MOST else ""))
    for key, word in (("users", "by"), ("userGroups", "by group"), ("namespaces", "in")):
        if rule.get(key):
            parts.append(f"{word} {', '.join(rule[key])}")
    return " ".join(part for part in parts if part)
