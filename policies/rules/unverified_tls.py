"""TLS is verified everywhere but in stacks that are marked as tests."""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from rules.rule import UNKNOWN, Fault, Open, Resource, Rule, Verdict, leaves

OFF = re.compile(
    r"(?<![\w-])(?:(?:verify_?ssl|ssl_?verify(?:_?certificate)?|verify_?certificate)[\"']?\s*[:=]\s*[\"']?(?:false|no|0)\b"
    r"|(?:insecure_?skip_?verify|insecure[-_]skip[-_]tls[-_]verify|skip_?cert_?verify|tls_?skip_?verify)[\"']?\s*[:=]\s*[\"']?(?:true|yes|1)\b)",
    re.IGNORECASE,
)
"""In texts, such as a pipeline's or an agent's configuration: camelCase, snake_case and kebab-case."""


def _judge(resource: Resource) -> Verdict:
    if any(fnmatchcase(resource.stack, test) for test in resource.settings.get("testStacks", [])):
        return
    for path, value in _texts(resource):
        if value is UNKNOWN:
            yield Open(path)
        elif found := next(filter(None, map(OFF.search, _spellings(path, value))), None):
            yield Fault(path, f"{found[0].strip()}: whoever sits between can read and change events")


def _texts(resource: Resource) -> Iterator[tuple[str, Any]]:
    """What configures a client: the text of ConfigMaps, Helm values, and settings that are true or false."""
    text = resource.type.startswith(("kubernetes:core/v1:ConfigMap", "kubernetes:helm.sh/"))
    for path, value in leaves(resource.properties):
        wanted = isinstance(value, bool) or (text and (isinstance(value, str) or value is UNKNOWN))
        if wanted and not path.startswith("metadata"):
            yield path, value


def _spellings(path: str, value: Any) -> list[str]:
    """A text as it is; a setting by its key, and by its key and the one above, as in `ssl: {verify: false}`."""
    if not isinstance(value, bool):
        return [str(value)]
    keys = path.split(".")
    return [f"{keys[-1]}: {value}", f"{'_'.join(keys[-2:])}: {value}"]


RULE = Rule(
    id="no-unverified-tls",
    title="The other side's certificate is always verified.",
    severity="high",
    mandatory=True,
    reason="an unverified receiver may be anybody, and audit events say where the secrets are.",
    mend="give the authority that signed the receiver's certificate; a stack of tests is named in the setting `testStacks`.",
    link="https://docs.sysdig.com/en/docs/installation/configuration/sysdig-agent/",
    judge=_judge,
    settings={
        "testStacks": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Names (globs) of stacks that are marked as tests.",
        }
    },
)
