"""What a kubeconfig tells: each context is as the vendor's own tool writes it, with made-up names."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from k8s_audit.config.registry import PLATFORMS
from k8s_audit.errors import ConfigError
from k8s_audit.new_stack.guess import guess
from k8s_audit.new_stack.kubeconfig import Context, read_context

ARN = "arn:aws:eks:eu-west-1:012345678912:cluster/Payments_1"
AZURE = "https://payments-dns-a1b2c3.hcp.westeurope.azmk8s.io:443"


@pytest.mark.parametrize(
    ("context", "kind", "values"),
    [
        (
            Context(
                ARN,
                ARN,
                ARN,
                "https://0A1B.gr7.eu-west-1.eks.amazonaws.com",
                command=("aws", "--region", "eu-west-1", "eks", "get-token", "--cluster-name", "Payments_1"),
                variables={"AWS_PROFILE": "prod"},
            ),
            "eks",
            {"region": "eu-west-1", "accountId": "012345678912", "clusterName": "Payments_1", "profile": "prod"},
        ),
        (Context("c", server="https://0A1B.yl4.cn-north-1.eks.amazonaws.com.cn"), "eks", {"region": "cn-north-1"}),
        (Context("c", server="https://0A1B.eks-cluster.us-east-2.api.aws"), "eks", {"region": "us-east-2"}),
        (
            Context("me@payments.eu-west-1.eksctl.io", server="https://bastion:8443"),
            "eks",
            {"region": "eu-west-1", "clusterName": "payments"},
        ),
        (
            Context("c", server="https://10.0.0.1", command=("aws-iam-authenticator", "token", "-i", "payments")),
            "eks",
            {"clusterName": "payments"},
        ),
        (
            Context("payments-admin", "payments", "clusterAdmin_my_group_payments", AZURE),
            "aks",
            {"resourceGroup": "my_group", "clusterName": "payments"},
        ),
        (
            Context("payments", "payments", "user", "https://p-dns-1.privatelink.westeurope.azmk8s.io:443"),
            "aks",
            {"clusterName": "payments"},
        ),
        (
            Context("payments", "payments", "u", "https://p-1.hcp.chinaeast2.cx.prod.service.azk8s.cn:443"),
            "aks",
            {"clusterName": "payments", "environment": "china"},
        ),
        (
            Context("gke_payments-prod_europe-west1-b_payments", server="https://35.1.2.3"),
            "gke",
            {"project": "payments-prod", "location": "europe-west1-b", "clusterName": "payments"},
        ),
        (Context("mine", server="https://35.1.2.3", command=("/usr/bin/gke-gcloud-auth-plugin",)), "gke", {}),
        (Context("mine", server="https://35.1.2.3", command=("auth-provider", "gcp")), "gke", {}),
        (Context("kind-dev", "kind-dev", "kind-dev", "https://127.0.0.1:43211"), "kind", {"clusterName": "dev"}),
        (Context("k3d-dev", "k3d-dev", "admin@k3d-dev", "https://0.0.0.0:43211"), "k3d", {"clusterName": "dev"}),
        (Context("minikube", "minikube", "minikube", "https://192.168.49.2:8443"), "minikube", {}),
        (Context("dev", "dev", "dev", "https://192.168.49.2:8443", provider="minikube.sigs.k8s.io"), "minikube", {}),
        (Context("minishift", server="https://192.168.42.2:8443"), "minishift", {}),
        (Context("microk8s", "microk8s-cluster", "admin", "https://127.0.0.1:16443"), "microk8s", {}),
        (Context("c", server="https://c111.eu-de.containers.cloud.ibm.com:31234"), "iks", {}),
        (Context("c", server="https://rancher.example.com/k8s/clusters/c-m-abcd1234"), "rke2", {}),
        (Context("c", server="https://rancher.example.com/k8s/clusters/c-x1y2z"), "rke", {}),
        (Context("local", "local", "kube-admin-local", "https://10.0.0.11:6443"), "rke", {}),
        (Context("admin@lab", "lab", "admin@lab", "https://10.0.0.11:6443"), "talos", {}),
        (Context("k.example.com", "k.example.com", "k.example.com", "https://api.k.example.com"), "kops", {}),
        (
            Context(
                "k.example.com", server="https://x.elb.amazonaws.com", tls_server_name="api.internal.k.example.com"
            ),
            "kops",
            {},
        ),
        (Context("default/api-crc-testing:6443/kubeadmin", server="https://api.crc.testing:6443"), "openshift", {}),
        (Context("default/10-0-0-11:8443/admin", server="https://10.0.0.11:8443"), "openshift-3.11", {}),
        (Context("kubernetes-admin@kubernetes", "kubernetes", "kubernetes-admin", "https://10.0.0.11"), "kubeadm", {}),
        (Context("kubernetes-admin-c.local@c.local", "c.local", "", "https://10.0.0.11:6443"), "kubespray", {}),
        (Context("w-admin@w", "w", "w-admin", "https://10.0.0.11:6443"), "cluster-api", {}),
    ],
    ids=lambda value: value.name if isinstance(value, Context) else "",
)
def test_a_context_tells_the_kind_and_what_else_it_can(context: Context, kind: str, values: dict[str, str]) -> None:
    found = guess(context)
    assert found
    assert (found.kind, found.values) == (kind, values)
    assert kind in PLATFORMS


def test_a_file_of_rancher_tells_by_its_place_and_a_name_like_a_vendors_tells_nothing() -> None:
    plain = Context("default", "default", "default", "https://127.0.0.1:6443")
    assert [getattr(guess(plain, f"/etc/rancher/{kind}/{kind}.yaml"), "kind", "") for kind in ("rke2", "k3s")] == [
        "rke2",
        "k3s",
    ]
    for context in (
        plain,
        Context("prod", server="https://eks.amazonaws.com.example.net"),
        Context("prod", server="https://azmk8s.io.example.net"),
        Context("my-kind-of-cluster", server="https://10.0.0.1"),
    ):
        assert guess(context) is None


def test_a_kubeconfig_is_read_without_its_credentials(tmp_path: Path) -> None:
    user = {
        "token": "TOPSECRET",
        "exec": {"command": "aws", "args": ["eks"], "env": [{"name": "AWS_PROFILE", "value": "p"}]},
    }
    extension = [{"name": "x", "extension": {"provider": "minikube.sigs.k8s.io"}}]
    document: dict[str, Any] = {
        "current-context": "b",
        "contexts": [{"name": name, "context": {"cluster": "c", "user": "u"}} for name in "ab"],
        "clusters": [{"name": "c", "cluster": {"server": "https://10.0.0.1", "extensions": extension}}],
        "users": [{"name": "u", "user": user}],
    }
    file = tmp_path / "config"
    file.write_text(yaml.safe_dump(document))
    read = read_context(file)
    assert read == Context(
        "b", "c", "u", "https://10.0.0.1", "", "minikube.sigs.k8s.io", ("aws", "eks"), {"AWS_PROFILE": "p"}, 1
    )
    assert "TOPSECRET" not in repr(read)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contexts: [", "no YAML"),
        ("[]", "no kubeconfig with a context"),
        ("contexts: [{name: a}]", "has no current context; set it with kubectl"),
        ("token: TOPSECRET\n: x: [", "no YAML"),
        (None, "No such file"),
    ],
)
def test_what_is_no_kubeconfig_is_one_message_without_its_text(text: str | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ConfigError, match=said) as refused:
        read_context(file)
    assert "TOPSECRET" not in str(refused.value)


def test_parts_that_are_no_lists_are_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    cluster = {"server": "https://10.0.0.1:6443", "extensions": 5}
    document = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"exec": {"command": "x", "args": 5, "env": 5}}}],
    }
    file.write_text(yaml.safe_dump(document))
    assert read_context(file).command == ("x",)
