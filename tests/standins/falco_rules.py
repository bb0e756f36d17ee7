"""Falco's audit rules, evaluated: stands in for Falco's engine with its k8saudit plugin, for the operators and fields of these rules.

Conditions: https://falco.org/docs/concepts/rules/conditions/. Fields:
https://github.com/falcosecurity/plugins/blob/main/plugins/k8saudit/pkg/k8saudit/extract.go. An operator or field that is
not here is an error, never a silent false.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

BESIDE = Path(__file__).parents[2] / "../shared/data/falco/k8s_audit_rules.yaml"
RULES_FILE = Path(os.environ.get("FALCO_RULES", BESIDE))
Event = dict[str, Any]
Condition = Callable[[Event], bool]
TOKEN = re.compile(r'\s*("[^"]*"|!=|=|[(),]|[^\s(),="!]+)')
OPERATORS: dict[str, Callable[[list[str], list[str]], bool]] = {
    "=": lambda has, wanted: has == wanted,
    "in": lambda has, wanted: bool(has) and set(has) <= set(wanted),
    "intersects": lambda has, wanted: bool(set(has) & set(wanted)),
    "startswith": lambda has, wanted: bool(has) and has[0].startswith(wanted[0]),
    "contains": lambda has, wanted: bool(has) and wanted[0] in has[0],
}
POD, ROLE = "/requestObject/spec", "/requestObject/rules"
POINTERS = {
    "ka.verb": "/verb",
    "ka.uri": "/requestURI",
    "ka.user.name": "/user/username",
    "ka.target.name": "/objectRef/name",
    "ka.target.namespace": "/objectRef/namespace",
    "ka.target.resource": "/objectRef/resource",
    "ka.target.subresource": "/objectRef/subresource",
    "ka.response.code": "/responseStatus/code",
    "ka.auth.decision": "/annotations/authorization.k8s.io~1decision",
    "ka.req.binding.role": "/requestObject/roleRef/name",
    "ka.req.configmap.obj": "/requestObject/data",
    "ka.req.service.type": f"{POD}/type",
    "ka.req.pod.host_network": f"{POD}/hostNetwork",
    "ka.req.pod.host_pid": f"{POD}/hostPID",
    "ka.req.pod.host_ipc": f"{POD}/hostIPC",
    "ka.req.pod.volumes.hostpath": f"{POD}/volumes/*/hostPath/path",
    "ka.req.pod.containers.privileged": f"{POD}/containers/*/securityContext/privileged",
    "ka.req.pod.initContainers.privileged": f"{POD}/initContainers/*/securityContext/privileged",
    "ka.req.pod.ephemeralContainers.privileged": f"{POD}/ephemeralContainers/*/securityContext/privileged",
    "ka.req.pod.containers.image.repository": f"{POD}/containers/*/image",
    "ka.req.role.rules.resources": f"{ROLE}/*/resources/*",
    "ka.req.role.rules.verbs": f"{ROLE}/*/verbs/*",
    "jevt.rawtime": "/stageTimestamp",
}


class Rules:
    """Falco's rules from their file."""

    def __init__(self, file: Path = RULES_FILE) -> None:
        """Read them; a macro or rule that is not understood is an error here."""
        documents: list[dict[str, Any]] = YAML(typ="safe").load(file.read_text("utf-8"))
        self.lists = {d["list"]: d["items"] for d in documents if "list" in d}
        self.macros: dict[str, Condition] = {}
        for document in documents:
            if "macro" in document:
                self.macros[document["macro"]] = self._parsed(str(document["condition"]))
        self.rules = {d["rule"]: self._parsed(str(d["condition"])) for d in documents if "rule" in d}

    def fires(self, rule: str, event: Event) -> bool:
        """Whether a rule's condition is met by an audit event."""
        return self.rules[rule](event)

    def _parsed(self, condition: str) -> Condition:
        tokens = TOKEN.findall(condition)
        assert "".join(tokens) == re.sub(r"\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", "", condition), condition
        parsed = self._or(tokens)
        assert not tokens, (condition, tokens)
        return parsed

    def _or(self, tokens: list[str]) -> Condition:
        parts = [self._and(tokens)]
        while tokens and tokens[0] == "or":
            tokens.pop(0)
            parts.append(self._and(tokens))
        return lambda event: any(part(event) for part in parts)

    def _and(self, tokens: list[str]) -> Condition:
        parts = [self._not(tokens)]
        while tokens and tokens[0] == "and":
            tokens.pop(0)
            parts.append(self._not(tokens))
        return lambda event: all(part(event) for part in parts)

    def _not(self, tokens: list[str]) -> Condition:
        if tokens[0] == "not":
            tokens.pop(0)
            inner = self._not(tokens)
            return lambda event: not inner(event)
        if tokens[0] == "(":
            tokens.pop(0)
            inner = self._or(tokens)
            assert tokens.pop(0) == ")"
            return inner
        return self._comparison(tokens)

    def _comparison(self, tokens: list[str]) -> Condition:
        word = tokens.pop(0)
        following = tokens[0] if tokens else ""
        if following == "exists":
            tokens.pop(0)
            return lambda event: bool(values(word, event))
        if following not in OPERATORS and following != "!=":
            return self.macros[word]
        assert word in POINTERS or word.startswith("jevt.value["), word
        operator = tokens.pop(0)
        wanted = self._operands(tokens)
        if operator == "!=":
            return lambda event: values(word, event) != wanted
        return lambda event: OPERATORS[operator](values(word, event), wanted)

    def _operands(self, tokens: list[str]) -> list[str]:
        if tokens[0] != "(":
            return [tokens.pop(0).strip('"')]
        end = tokens.index(")")
        words = [token.strip('"') for token in tokens[1:end] if token != ","]
        del tokens[: end + 1]
        return [item for word in words for item in self._items(word)]

    def _items(self, word: str) -> list[str]:
        return [item for one in self.lists[word] for item in self._items(one)] if word in self.lists else [word]


def values(name: str, event: Event) -> list[str]:
    """What a field holds; nothing if the event does not have it."""
    pointer = POINTERS[name] if name in POINTERS else name.removeprefix("jevt.value[").removesuffix("]")
    texts = pointed_at(pointer, event)
    return [text.partition(":")[0] for text in texts] if name.endswith("image.repository") else texts


def pointed_at(pointer: str, event: Event) -> list[str]:
    """What is at a JSON pointer, whose `*` is each item of a list."""
    found: list[Any] = [event]
    for key in pointer.split("/")[1:]:
        key = key.replace("~1", "/")
        if key == "*":
            found = [item for one in found if isinstance(one, list) for item in one]
        else:
            found = [one[key] for one in found if isinstance(one, dict) and key in one]
    return [one if isinstance(one, str) else json.dumps(one) for one in found]
