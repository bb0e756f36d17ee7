"""k3d's own schema judges the configuration that we render, alone and beside one of the user's."""

import json
import os
from pathlib import Path

import jsonschema
import yaml

from k8s_audit.delivery.flags import AuditFlags
from k8s_audit.platforms.created.k3d_config import merged, ours

FOLDER = "/etc/rancher/k3s/k8s-audit"
WANTED = AuditFlags().arguments(f"{FOLDER}/policy-1.yaml", f"{FOLDER}/webhook-1.yaml")
THEIRS = """\
apiVersion: k3d.io/v1alpha5
kind: Simple
metadata: {name: lab}
servers: 3
volumes:
  - volume: /srv/theirs:/srv/theirs   # theirs
    nodeFilters: [agent:*]
options:
  k3s:
    extraArgs:
      - {arg: "--kube-apiserver-arg=audit-log-maxage=7", nodeFilters: ["server:*"]}
      - {arg: "--disable=traefik", nodeFilters: ["server:*"]}
"""


def test_k3d_takes_ours_alone_and_beside_theirs() -> None:
    files = [Path(folder, "k3d.schema.json") for folder in os.environ["PATH"].split(os.pathsep)]
    judge = jsonschema.Draft7Validator(json.loads(next(file for file in files if file.exists()).read_text()))
    assert not judge.is_valid({"kind": "Simple", "apiVersion": "k3d.io/v1alpha5", "volumes": [{"path": "/"}]})
    for text in ("", THEIRS):
        name = "lab" if text else "k3s-default"
        found = yaml.safe_load(merged(text, name, "/home/ops/lab", WANTED))
        judge.validate(found)
        assert found["volumes"][-1] == {
            "volume": f"/home/ops/lab/files:{FOLDER}:ro",
            "nodeFilters": ["server:*"],
        }
        arguments = [one["arg"] for one in found["options"]["k3s"]["extraArgs"]]
        flags = [argument.removeprefix("--kube-apiserver-arg=") for argument in arguments]
        assert {f"{flag}={value}" for flag, value in ours(text, WANTED).items()} <= set(flags)
    assert "# theirs" in merged(THEIRS, "lab", "/home/ops/lab", WANTED)
    assert "--disable=traefik" in arguments
    assert [flag for flag in flags if flag.startswith("audit-log-maxage")] == ["audit-log-maxage=7"]
