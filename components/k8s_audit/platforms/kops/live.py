"""What kops tells of a cluster, read: its spec's audit fields, what an edit changes, which instance groups run an API server."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from k8s_audit.errors import HostError
from k8s_audit.kubernetes_api import RECORD
from k8s_audit.platforms.kops.document import load
from k8s_audit.platforms.kops.fields import FIELDS, same, spelled
from k8s_audit.platforms.kops.spec import POLICY, WEBHOOK

API_SERVERS = ("Master", "ControlPlane", "APIServer")
"""Roles of instance groups that run one, in the order in which they are rolled: `Master` in v1alpha2, whatever the version of kops."""


@dataclass(frozen=True)
class Live:
    """What a spec has: audit flags by name, our files' texts, and whether these lie and apply as they should."""

    arguments: dict[str, str]
    policy: str
    webhook: str = field(repr=False)
    intact: bool


def live(text: str, wanted: Mapping[str, str], roles: Iterable[str]) -> Live:
    """What a spec has now; a value that means the same as the wanted one is spelled as that one."""
    document = load(text)
    api_server = document["spec"].get("kubeAPIServer") or {}
    found: dict[str, str] = {}
    for name, (key, typed) in FIELDS.items():
        if key in api_server:
            as_wanted = name in wanted and same(api_server[key], typed(wanted[name]))
            found[name] = wanted[name] if as_wanted else spelled(api_server[key])
    assets = {str(asset.get("name")): asset for asset in document["spec"].get("fileAssets") or []}
    policy, webhook = assets.get(POLICY, {}), assets.get(WEBHOOK, {})
    placed = (
        policy.get("path") == wanted.get("audit-policy-file"),
        webhook.get("path") == wanted.get("audit-webhook-config-file"),
        set(policy.get("roles", [])) == set(webhook.get("roles", [])) == set(roles),
    )
    ours = RECORD in (document["metadata"].get("annotations") or {})
    return Live(found, str(policy.get("content", "")), str(webhook.get("content", "")), all(placed) and ours)


def actions(before: str, after: str) -> list[str]:
    """What an edit does, in words; no content of a file, since one has a secret in it."""
    old, new = load(before)["spec"], load(after)["spec"]
    here, there = old.get("kubeAPIServer") or {}, new.get("kubeAPIServer") or {}
    found = []
    for key in sorted(here.keys() | there.keys()):
        if here.get(key) != there.get(key):
            was = f" (was {spelled(here[key])})" if key in here else ""
            found.append(
                f"set kubeAPIServer.{key}: {spelled(there[key])}{was}"
                if key in there
                else f"remove kubeAPIServer.{key}: {spelled(here[key])}"
            )
    files = [{str(asset.get("name")): asset for asset in spec.get("fileAssets") or []} for spec in (old, new)]
    for name in sorted(files[0].keys() | files[1].keys()):
        if files[0].get(name) != files[1].get(name):
            verb = "add" if name not in files[0] else "change" if name in files[1] else "remove"
            found.append(f"{verb} fileAsset {name}: {(files[0] | files[1])[name].get('path')}")
    return found


def roles_of(groups: str) -> dict[str, str]:
    """The instance groups that run an API server, by name with their roles, as `kops get instancegroups -o yaml` prints them.

    Raises:
        HostError: there is none.
    """
    try:
        documents = [one for one in YAML(typ="safe").load_all(groups) if one]
        found = {str(one["metadata"]["name"]): str(one["spec"]["role"]) for one in documents}
    except (YAMLError, LookupError, TypeError, ValueError):
        raise HostError("kops prints no instance groups that can be read") from None
    serving = {name: role for name, role in found.items() if role in API_SERVERS}
    if not serving:
        raise HostError(f"no instance group runs an API server; there are: {', '.join(sorted(found)) or 'none'}")
    return dict(sorted(serving.items(), key=lambda group: (API_SERVERS.index(group[1]), group[0])))
