"""The very command of the container, run here: the real Bento with the files, variables, user and paths that the Deployment gives it.

Run by root, it is shut into a folder that has what the image has (https://github.com/warpstreamlabs/bento/blob/v1.20.0/resources/docker/Dockerfile) and
becomes the user of the pod; run by anyone else, it has other paths and stays who it is.
"""

import base64
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from k8s_audit.delivery.forwarder.objects import SECRETS_FOLDER
from tests.delivery.forwarder.bento import Bento, bento
from tests.delivery.forwarder.placed import ALL, ARGS, Object, place, plain
from tests.project import free_ports

IS_ROOT = os.geteuid() == 0


@contextmanager
def new_root() -> Iterator[Path]:
    """A container's root; not below pytest's own folder, which no other user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="a container "))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def container(
    root: Path, text: str, surroundings: dict[str, str] | None = None, prefix: tuple[str, ...] = (), **args: Any
) -> Iterator[tuple[Bento, Object]]:
    """Runs what the Deployment's pods run; yields it with the pod's specification.

    Args:
        root: its folder.
        text: the pipeline.
        surroundings: variables that a cloud's webhook or agent would give the pod, or that lead to a local service.
        prefix: of the command, such as `taskset`.
        args: of the component, in place of those of ARGS.
    """
    objects = {suffix: plain(each) for suffix, each in place(ALL, **{**ARGS, **args, "pipeline": text}).items()}
    (port,) = free_ports(1)
    data = {each["metadata"]["name"]: each.get("data", {}) for each in objects.values()}
    spec = objects["deployment"]["spec"]["template"]["spec"]
    (made,) = spec["containers"]
    for mount in made["volumeMounts"]:
        (volume,) = [each for each in spec["volumes"] if each["name"] == mount["name"]]
        mounted = root / mount["mountPath"].lstrip("/")
        mounted.mkdir(parents=True)
        if "configMap" in volume:
            files = {key: value.encode() for key, value in data[volume["configMap"]["name"]].items()}
        else:
            files = {key: base64.b64decode(value) for key, value in data[volume["secret"]["secretName"]].items()}
        for name, content in files.items():
            file = mounted / name
            file.write_bytes(content.replace(b"0.0.0.0:4195", f"127.0.0.1:{port}".encode()))
            if "secret" in volume:
                file.chmod(volume["secret"]["defaultMode"])
            if IS_ROOT:
                os.chown(file, 0, spec["securityContext"]["fsGroup"])
    environment = {each["name"]: _value(each, data) for each in made["env"]} | (surroundings or {})
    command, arguments = _command(root, spec, made["args"])
    with bento(root, "", environment, [*prefix, *command], arguments, port) as running:
        yield running, spec


def _value(variable: Object, data: dict[str, dict[str, str]]) -> str:
    if "value" in variable:
        return str(variable["value"])
    reference = variable["valueFrom"]["secretKeyRef"]
    return base64.b64decode(data[reference["name"]][reference["key"]]).decode()


def _command(root: Path, spec: Object, arguments: list[str]) -> tuple[list[str], list[str]]:
    found = shutil.which("bento")
    assert found
    if not IS_ROOT:
        moved = [f"{root}{each}" if each.startswith("/") else each for each in arguments]
        file = Path(moved[-1])
        file.write_text(file.read_text().replace(SECRETS_FOLDER, f"{root}{SECRETS_FOLDER}"))
        return [found], moved
    _put(Path(found).resolve(), root / "bento")
    user = spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"]
    shut_in = [*"setpriv --no-new-privs chroot".split(), f"--userspec={user[0]}:{user[1]}", str(root), "/bento"]
    return shut_in, arguments


def _put(executable: Path, place: Path) -> None:
    """A second name for it where that can be, since it has 200 MB."""
    with suppress(OSError):
        os.link(executable, place)
        return
    shutil.copy(executable, place)
