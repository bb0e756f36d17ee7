import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from k8s_audit.local_cluster import LocalCluster


def replace(cluster: LocalCluster, content: str) -> None:
    """A change by hand: one move, and the kubelet's restart."""
    staged = cluster.folder / "staged"
    staged.write_text(content)
    staged.rename(cluster.manifests / "kube-apiserver.yaml")
    cluster.create()


def test_preview_failed_proof_up_no_change_drift_mended_change_and_destroy_byte_for_byte(
    new_project: Callable[..., Any], kubeadm_stack: Callable[..., str], cluster: LocalCluster
) -> None:
    """The receiver has secrets, which nothing shows at any time, and is gone when the stack is destroyed."""
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_bytes()
    secrets = ", tls: true, clientCertificate: true"
    project = new_project(kubeadm_stack(recorder=secrets))
    preview = project.run("preview").stdout
    assert re.search(r"\+ +k8s-audit:index:StaticPodAudit +cluster-1-cp-1 +create", preview)
    assert "+ 7 to create" in preview
    assert manifest.read_bytes() == before
    assert not (cluster.folder / "state").exists()

    right, wrong = (f'kubeconfig: "{cluster.kubeconfig}{end}"' for end in ("", ".wrong"))
    project.write(kubeadm_stack(recorder=secrets).replace(right, wrong))
    failed = project.up(check=False)
    assert failed.returncode != 0
    assert "admin.conf.wrong cannot be used" in failed.stdout
    assert "--audit-policy-file" in manifest.read_text(), "a failed proof leaves the host changed"
    project.write(kubeadm_stack(recorder=secrets))
    printed = preview + project.up("--diff").stdout
    (check,) = project.outputs()["deliveryChecks"]
    assert check["apiServer"] == cluster.api_server
    assert check["receiver"] == "recorder"
    events = Path(project.outputs()["events"])
    assert check["auditID"] in events.read_text()
    assert "unchanged" in project.up("--expect-no-changes").stdout

    ours = manifest.read_text()
    replace(cluster, ours.replace("--audit-webhook-batch-max-wait=100ms", "--audit-webhook-batch-max-wait=8s"))
    project.run("preview", "--expect-no-changes")  # a plain preview contacts no host
    drift = project.run("preview", "--refresh", "--diff").stdout
    assert '~ audit-webhook-batch-max-wait         : "8s" => "100ms"' in drift
    project.up("--refresh")
    assert manifest.read_text() == ours

    project.write(kubeadm_stack(delivery="{maxWait: 200ms}", recorder=secrets))
    changed = project.run("preview", "--diff").stdout
    assert '~ audit-webhook-batch-max-wait         : "100ms" => "200ms"' in changed
    updated = project.up().stdout
    assert set(re.findall(r" updated .*\[diff: (.*?)\]", updated)) >= {"~arguments"}, updated
    assert len(re.findall(r"updated .*\[diff: ~arguments\]", updated)) == 2, "the host, and kubeadm's own configuration"
    assert "--audit-webhook-batch-max-wait=200ms" in manifest.read_text()
    project.run("preview", "--refresh", "--expect-no-changes")

    key = (events.parent / "recorder.tls" / "client.key").read_text()
    data = re.search(r"client-key-data: (\S+)", (cluster.folder / "etc" / "k8s-audit" / "webhook.yaml").read_text())
    assert data
    printed += drift + changed + updated + project.run("stack", "output", "--json").stdout
    for place in (printed, project.state()):
        assert key.splitlines()[1] not in place
        assert data[1] not in place
        assert "BEGIN PRIVATE KEY" not in place

    psutil.Process(json.loads((events.parent / "recorder.json").read_text())["pid"]).kill()
    project.destroy()
    assert manifest.read_bytes() == before
    assert not (cluster.folder / "state").exists()
    assert not (cluster.folder / "etc" / "k8s-audit").exists()
    status = cluster.read()
    assert status
    assert status.ready


def test_a_preview_contacts_no_host(new_project: Callable[..., Any], kubeadm_stack: Callable[..., str]) -> None:
    nowhere = kubeadm_stack().replace("https://127.0.0.1:", "https://192.0.2.1:")
    project = new_project(re.sub(r"manifests: .*", "manifests: /nowhere/manifests", nowhere))
    preview = project.run("preview").stdout
    assert "to create" in preview
    assert "host cp-1 not read: a preview contacts no host; `k8s-audit doctor --stack STACK` reads it" in preview
    failed = project.up(check=False)
    assert failed.returncode != 0
    message = "/nowhere/manifests/kube-apiserver.yaml is not there: no kubeadm control plane, or another folder"
    assert message in failed.stdout


def test_a_foreign_backend_is_a_conflict_that_import_or_adopt_takes_over(
    new_project: Callable[..., Any], kubeadm_stack: Callable[..., str], cluster: LocalCluster
) -> None:
    manifest = cluster.manifests / "kube-apiserver.yaml"
    before = manifest.read_text()
    folder = cluster.folder / "theirs"
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text("apiVersion: audit.k8s.io/v1\nkind: Policy\nrules:\n- level: Metadata\n")
    (folder / "webhook.yaml").write_text(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: x\n  cluster: {server: http://127.0.0.1:1/}\n"
        "users:\n- name: x\ncontexts:\n- name: x\n  context: {cluster: x, user: x}\ncurrent-context: x\n"
    )
    flags = f"    - --audit-policy-file={folder}/policy.yaml\n    - --audit-webhook-config-file={folder}/webhook.yaml\n"
    theirs = before.replace("    - kube-apiserver\n", f"    - kube-apiserver\n{flags}")
    theirs = theirs.replace(
        "    volumeMounts:\n", f"    volumeMounts:\n    - mountPath: {folder}\n      name: theirs\n"
    )
    theirs = theirs.replace("  volumes:\n", f"  volumes:\n  - hostPath:\n      path: {folder}\n    name: theirs\n")
    replace(cluster, theirs)
    try:
        project = new_project(kubeadm_stack())
        failed = project.up(check=False)
        assert f"already has --audit-policy-file={folder}/policy.yaml, and we would set" in failed.stdout
        assert manifest.read_text() == theirs
        project.write(kubeadm_stack(host="      adopt: true\n"))
        project.up()
        assert f"{folder}/policy.yaml" not in manifest.read_text()
        project.destroy()
        assert manifest.read_text() == theirs
        token = "k8s-audit:index:StaticPodAudit"
        project.run(
            "import",
            token,
            "adopted",
            f"local:{cluster.manifests}",
            "--yes",
            "--generate-code=false",
            "--protect=false",
        )
        state = json.loads(project.run("stack", "export").stdout)["deployment"]["resources"]
        (adopted,) = [r for r in state if r["type"] == token]
        assert adopted["inputs"]["arguments"]["audit-policy-file"] == f"{folder}/policy.yaml"
        assert "level: Metadata" in adopted["inputs"]["policy"]
        assert adopted["inputs"]["adopt"] is True
        nothing = project.run(
            "import", token, "nothing", "local:/nowhere", "--yes", "--generate-code=false", check=False
        )
        assert nothing.returncode != 0
        project.destroy()
        assert manifest.read_text() == theirs, "an import alone changed nothing"
    finally:
        replace(cluster, before)
