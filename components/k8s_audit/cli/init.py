"""`k8s-audit init`: write a stack's first file, judged as `pulumi up` judges it, and say the next command."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from k8s_audit.cli.exits import BAD_INPUT, TOOL_FAILED
from k8s_audit.cli.stack_file import FOLDER
from k8s_audit.config.registry import PLATFORMS, RECEIVERS
from k8s_audit.config.stack import Stack
from k8s_audit.errors import ConfigError
from k8s_audit.faults import nearest, shown

Settings = dict[str, dict[str, str]]
"""What `--set` says, by part and key."""


def init(
    stack: Annotated[str, typer.Option(help="the new stack's name; its file is stacks/Pulumi.<stack>.yaml")] = "",
    platform: Annotated[str, typer.Option(help="kubeadm, eks, gke, aks, …; default: what the kubeconfig tells")] = "",
    receiver: Annotated[str, typer.Option(help="http, sysdig-agent, falco, …")] = "",
    kubeconfig: Annotated[str, typer.Option(help="of the cluster; default: $KUBECONFIG, else ~/.kube/config")] = "",
    cluster: Annotated[str, typer.Option(help="the cluster's name; default: the stack's")] = "",
    settings: Annotated[
        list[str], typer.Option("--set", help="platform.KEY=VALUE or receiver.KEY=VALUE; several times")
    ] = [],  # noqa: B006
    project: Annotated[Path, typer.Option(help="the folder of Pulumi.yaml")] = Path(),
    as_json: Annotated[
        bool, typer.Option("--json", help="print what was written, and the next commands, as JSON")
    ] = False,
) -> None:
    """Write a stack file with comments, and say the next command; asks for what is missing where there is a terminal."""
    try:
        given = _settings(settings)
        name = stack or _asked("stack", "the new stack's name")
        file = _file(project, name)
        made = _made(name, cluster, platform, receiver, kubeconfig, given)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        if not _terminal() and any(fault.startswith("audit:") for fault in error.faults):
            typer.echo(
                f"  (a key is given by --set platform.KEY=VALUE or receiver.KEY=VALUE, or at a terminal{_lists(error)})",
                err=True,
            )
        raise typer.Exit(BAD_INPUT) from None
    text, judged = made
    try:
        file.parent.mkdir(exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except OSError as error:
        typer.echo(f"{file}: {error.strerror}", err=True)
        raise typer.Exit(TOOL_FAILED) from None
    commands = _next(name, project, judged)
    if as_json:
        told = {"file": str(file), "stack": name, "platform": judged.platform.kind, "next": commands}
        typer.echo(json.dumps(told, indent=2))
        return
    typer.echo("\n  ".join([f"wrote {file}; next:", *commands]))


def _made(name: str, cluster: str, platform: str, receiver: str, kubeconfig: str, given: Settings) -> tuple[str, Stack]:
    from k8s_audit.new_stack.file import judged, render  # loads what init alone needs

    platform = platform or given["platform"].pop("kind", "")
    if not kubeconfig and platform != "local":
        kubeconfig = _kubeconfig() or _asked_kubeconfig()
    kind, told = _kind(platform, kubeconfig)
    platform_values = {"kind": kind} | _values("platform", PLATFORMS[kind], told, given["platform"])
    takes = (
        receiver or given["receiver"].pop("kind", "") or _asked("receiver", "who gets the events", _built(RECEIVERS))
    )
    _refuse_unbuilt("--receiver", takes, RECEIVERS)
    head = {"kind": takes, "name": given["receiver"].pop("name", takes)}
    receiver_values = head | _values("receiver", RECEIVERS[takes], {}, given["receiver"])
    about: dict[str, Any] = {"name": cluster or name}
    if kubeconfig and kind != "local":
        about["kubeconfig"] = kubeconfig
    if platform_values.get("clusterName") == about["name"]:
        del platform_values["clusterName"]
    text = render(name, about, platform_values, receiver_values)
    return text, judged(text, platform_values, receiver_values)


def _kind(platform: str, kubeconfig: str) -> tuple[str, dict[str, str]]:
    """The platform's kind, and what the kubeconfig tells of it."""
    from k8s_audit.new_stack.guess import guess
    from k8s_audit.new_stack.kubeconfig import read_context

    found = None
    if kubeconfig:
        context = read_context(Path(kubeconfig))
        found = guess(context, str(Path(kubeconfig).expanduser()))
        if context.others:
            typer.echo(
                f"{kubeconfig}: has {context.others + 1} contexts, and the stack asks the cluster of the current one, {context.name};"
                " a file for this cluster alone is safer: kubectl config view --minify --flatten",
                err=True,
            )
    if not platform and found:
        typer.echo(f"platform {found.kind}: {found.because}", err=True)
        if PLATFORMS.get(found.kind) is None:
            built = ", ".join(_built(PLATFORMS))
            raise ConfigError(
                [f"--platform: {found.kind} is not built yet; allowed: {built} (kubeadm where its hosts are reached)"]
            )
        platform = found.kind
    platform = platform or _asked("platform", "the kind of cluster", _built(PLATFORMS))
    _refuse_unbuilt("--platform", platform, PLATFORMS)
    return platform, found.values if found and found.kind == platform else {}


def _values(part: str, model: Any, told: Mapping[str, str], given: Mapping[str, str]) -> dict[str, Any]:
    """What is given, what the kubeconfig tells, and what is asked for: the required ones."""
    from k8s_audit.new_stack.answers import judged_value, value_of
    from k8s_audit.new_stack.keys import OWN, keys_of

    keys = {key.name: key for key in keys_of(model) if key.name not in OWN}
    values: dict[str, Any] = {}
    for name, text in {**told, **given}.items():
        try:
            values[name] = value_of(keys.get(name), text)
        except ValueError as error:
            raise ConfigError([f"--set {part}.{name}: {error}"]) from None
    for key in keys.values():
        if key.required and key.name not in values and _terminal():

            def judge(text: str, key: Any = key) -> Any:
                try:
                    return judged_value(key, text)
                except ValueError as error:
                    raise typer.BadParameter(str(error)) from None

            about = f" ({key.about})" if key.about else ""
            values[key.name] = typer.prompt(f"{part} {key.name}{about}", value_proc=judge, err=True)
    order = [*keys, *values]
    return dict(sorted(values.items(), key=lambda item: order.index(item[0])))


def _lists(error: ConfigError) -> str:
    """How a list that is missing is said."""
    from k8s_audit.new_stack.answers import LISTS

    told = [how for key, how in LISTS.items() if f"audit:platform.{key}: missing" in error.faults]
    return "".join(f"; {how}" for how in told)


def _settings(texts: list[str]) -> Settings:
    from k8s_audit.new_stack.answers import setting

    found: Settings = {"platform": {}, "receiver": {}}
    for part, key, text in map(setting, texts):
        found[part][key] = text
    return found


def _file(project: Path, name: str) -> Path:
    """The new file's path.

    Raises:
        ConfigError: there is no project, the name is none, or the file is there already.
    """
    if not (project / "Pulumi.yaml").is_file():
        raise ConfigError([f"--project: {shown(str(project))} has no Pulumi.yaml; run this in its folder, or name it"])
    if not name or not all(letter.isascii() and (letter.isalnum() or letter in "-_.") for letter in name):
        raise ConfigError([f"--stack: letters, digits, dashes, dots and underscores are needed; given: {shown(name)}"])
    file = project / FOLDER / f"Pulumi.{name}.yaml"
    if file.exists():
        raise ConfigError([f"--stack: {file} is there already and stays as it is; take another name, or edit it"])
    return file


def _kubeconfig() -> str:
    """The one that kubectl takes; empty: there is none, or several are named."""
    named = os.environ.get("KUBECONFIG", "")
    if named:
        return "" if os.pathsep in named else named
    usual = "~/.kube/config"
    try:
        return usual if Path(usual).expanduser().is_file() else ""
    except RuntimeError:  # no home
        return ""


def _asked_kubeconfig() -> str:
    return typer.prompt("the cluster's kubeconfig (empty: none)", default="", err=True) if _terminal() else ""


def _next(name: str, project: Path, stack: Stack) -> list[str]:
    """The next commands, in their order."""
    secrets = sorted(frozenset().union(*(receiver.secrets() for receiver in stack.receivers)))
    go = [f"cd {project}"] if project != Path() else []
    return [
        *go,
        f"pulumi stack init {name}",
        *(f"pulumi config set --secret {key} -s {name}" for key in secrets),
        f"pulumi preview -s {name}" if stack.platform.kind == "local" else f"k8s-audit doctor --stack {name}",
        f"pulumi up -s {name}" if stack.platform.kind == "local" else f"pulumi preview -s {name}",
    ]


def _asked(option: str, what: str, allowed: list[str] | None = None) -> str:
    """The answer at a terminal.

    Raises:
        ConfigError: there is none to ask at.
    """
    if not _terminal():
        choice = f"; allowed: {', '.join(allowed)}" if allowed else ""
        raise ConfigError([f"--{option}: missing; {what}{choice}"])

    def judge(text: str) -> str:
        if allowed and text not in allowed:
            raise typer.BadParameter(nearest(text, allowed))
        return text

    shown_allowed = f" ({', '.join(allowed)})" if allowed else ""
    answer: str = typer.prompt(f"{what}{shown_allowed}", value_proc=judge, err=True)
    return answer


def _refuse_unbuilt(option: str, kind: str, registry: Mapping[str, Any]) -> None:
    if registry.get(kind) is None:
        what = "is not built yet; " if kind in registry else "unknown; "
        raise ConfigError([f"{option}: {what}given: {shown(kind)}; {nearest(kind, _built(registry))}"])


def _built(registry: Mapping[str, Any]) -> list[str]:
    return [kind for kind, model in registry.items() if model]


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
