"""A stack of kind kubespray over its life: a real API server, and a folder laid out as Kubespray's sample inventory is.

What it is not: no Kubespray runs; docs/platforms/kubespray.md says what was tried by hand with its own template, and tests/components what is refused.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from k8s_audit.local_cluster import LocalCluster
from k8s_audit.platforms.kubespray.variables import ARGUMENTS

WAIT = "audit-webhook-batch-max-wait"


def test_up_no_change_drift_mended_and_destroy_leaves_inventory_and_host_as_they_were(
    new_project: Callable[..., Any], kubeadm_stack: Callable[..., str], cluster: LocalCluster, tmp_path: Path
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    group = tmp_path / "inventory" / "group_vars" / "k8s_cluster"
    group.mkdir(parents=True)
    theirs, ours = group / "k8s-cluster.yml", group / "k8s-audit.yml"
    theirs.write_text("kubernetes_audit: false\n")
    platform = f"    kind: kubespray\n    inventory: {tmp_path}/inventory\n"
    project = new_project(kubeadm_stack().replace("    kind: kubeadm\n", platform))

    printed = project.up().stdout
    order = ("StaticPodAudit cluster-1-cp-1 created", "DeliveryCheck cluster-1-cp-1-delivery created")
    places = [printed.find(line) for line in (*order, "KubesprayVariables cluster-1-variables created")]
    assert 0 < places[0] < places[1] < places[2], printed
    assert f"{ours} was written: commit it" in printed
    written = ours.read_text()
    flags = yaml.safe_load(written)[ARGUMENTS]
    assert {f"--{name}={value}" for name, value in flags.items()} <= set(
        re.findall(r"--audit\S.*", manifest.read_text())
    )
    assert "unchanged" in project.up("--expect-no-changes").stdout

    ours.write_text(written.replace(f"{WAIT}: 100ms", f"{WAIT}: 9s").replace(f'{WAIT}: "100ms"', f'{WAIT}: "9s"'))
    assert ours.read_text() != written
    doctor = project.command("doctor", "--stack", project.stack)
    assert f"variables of Kubespray, {ours}\n  write it anew" in doctor.stdout, doctor.stdout + doctor.stderr
    mended = project.up("--refresh", "--diff").stdout
    assert re.search(rf'~ {WAIT} *: "9s" => "100ms"', mended), mended
    assert ours.read_text() == written

    project.destroy()
    assert manifest.read_bytes() == before
    assert [path.name for path in group.iterdir()] == ["k8s-cluster.yml"]
