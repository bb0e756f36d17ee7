"""The control plane that tests share. What brings another manifest to it says `create` of this class too: of another one, kubeadm would write all
manifests anew."""

from pathlib import Path

from k8s_audit.local_cluster import LocalCluster

ENVIRONMENT = (
    '  extraEnvs: [{name: GOGC, value: "off"}, {name: GOMEMLIMIT, value: 1GiB}, {name: GOMAXPROCS, value: "1"}]\n'
)
"""Go collects garbage only once there is much of it, and looks for work with one thread: https://pkg.go.dev/runtime#hdr-Environment_Variables."""
ADDED = (
    ("apiServer:\n", ENVIRONMENT),
    ("etcd:\n  local:\n", f"  {ENVIRONMENT}"),
    ("    extraArgs:\n", '    - {name: unsafe-no-fsync, value: "true"}\n'),
    ("  extraArgs:\n", '  - {name: enable-priority-and-fairness, value: "false"}\n'),
)
"""After the first line that is so: what of it no test asks for takes a third of an API server's start."""


class Hasty(LocalCluster):
    """A control plane whose processes take less of a processor, which all tests share."""

    def _configuration(self, certificates: Path) -> str:
        text = super()._configuration(certificates)
        for line, more in ADDED:
            before, found, after = text.partition(f"\n{line}")
            assert found, line
            text = before + found + more + after
        return text
