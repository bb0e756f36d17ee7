"""What kind of cluster a kubeconfig's context is of, and what else of `audit:platform` it tells. Pure; no cluster is asked.

Each rule's source stands beside it: the name or URL that the vendor's own tool writes into a kubeconfig.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urlsplit

from k8s_audit.new_stack.kubeconfig import Context

EKS_ARN = re.compile(r"arn:aws[a-z-]*:eks:([a-z0-9-]+):(\d{12}):cluster/(.+)")
"""https://docs.aws.amazon.com/cli/latest/reference/eks/update-kubeconfig.html"""
EKS_HOST = re.compile(
    r"\.([a-z0-9-]+)\.eks\.amazonaws\.com(?:\.cn)?$|\.eks-cluster\.([a-z0-9-]+)\.api\.(?:aws|amazonwebservices\.com\.cn)$"
)
"""https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html"""
EKSCTL = re.compile(r"[^@]+@(.+)\.([a-z0-9-]+)\.eksctl\.io")
"""https://github.com/eksctl-io/eksctl/blob/main/pkg/utils/kubeconfig/kubeconfig.go"""
AKS_HOSTS = {".azmk8s.io": "", ".azk8s.cn": "china", ".aks.containerservice.azure.us": "usgovernment"}
"""The end of the API server's name, and its environment where that is not the public one:
https://learn.microsoft.com/en-us/azure/aks/outbound-rules-control-egress"""
AKS_USER = re.compile(r"cluster(?:User|Admin)_(.+)")
"""`clusterUser_<resource group>_<cluster>`: https://learn.microsoft.com/en-us/azure/aks/control-kubeconfig-access"""
GKE = re.compile(r"gke_([^_]+)_([^_]+)_(.+)")
"""https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl"""
IBM = ".containers.cloud.ibm.com"
"""https://cloud.ibm.com/docs/containers?topic=containers-access_cluster"""
RANCHER = re.compile(r"/k8s/clusters/(c-(?:m-)?[a-z0-9]+)")
"""`c-m-…`: one that Rancher provisions as RKE2 or k3s; `c-…`: as RKE, or one that was imported."""
PREFIXES = {"kind-": "kind", "k3d-": "k3d"}
"""https://kind.sigs.k8s.io/docs/user/quick-start/, https://k3d.io/stable/usage/kubeconfig/"""
NAMES = {"minikube": "minikube", "minishift": "minishift", "microk8s": "microk8s"}
PROVIDERS = {"minikube.sigs.k8s.io": "minikube"}
"""https://github.com/kubernetes/minikube/blob/master/pkg/minikube/kubeconfig/extension.go"""
FOLDERS = {"/etc/rancher/rke2/": "rke2", "/etc/rancher/k3s/": "k3s"}
"""https://docs.rke2.io/cluster_access, https://docs.k3s.io/cluster-access"""
RKE_USER = "kube-admin-"
"""https://rke.docs.rancher.com/kubeconfig"""
OPENSHIFT = re.compile(r"[^/]+/[a-z0-9-]+:(\d+)/.+")
"""`<namespace>/<host with dashes>:<port>/<user>`, as `oc login` writes it; 3.11's port is 8443, 4's is 6443."""


@dataclass(frozen=True)
class Guess:
    """A kind of platform.

    Args:
        kind: as `audit:platform.kind` spells it.
        because: what tells it.
        values: what else of `audit:platform` is told.
    """

    kind: str
    because: str
    values: dict[str, str] = field(default_factory=dict)


def guess(context: Context, file: str = "") -> Guess | None:
    """The kind of its cluster; None: nothing tells.

    Args:
        context: the current one of a kubeconfig.
        file: the kubeconfig's path.
    """
    host = urlsplit(context.server).hostname or ""
    found = (rule(context, host) for rule in RULES)
    by_folder = next((kind for folder, kind in FOLDERS.items() if file.startswith(folder)), "")
    if by_folder:
        return Guess(by_folder, f"the kubeconfig is {file}")
    return next(filter(None, found), None)


def _eks(context: Context, host: str) -> Guess | None:
    arn = EKS_ARN.fullmatch(context.cluster) or EKS_ARN.fullmatch(context.name)
    served, eksctl = EKS_HOST.search(host), EKSCTL.fullmatch(context.name)
    plugin = context.command[:1] == ("aws-iam-authenticator",) or {"eks", "get-token"} <= set(context.command)
    if not (arn or served or eksctl or plugin):
        return None
    given = _options(context.command)
    region = (served and (served[1] or served[2])) or (arn and arn[1]) or (eksctl and eksctl[2])
    values = {
        "region": region or given.get("--region"),
        "accountId": arn and arn[2],
        "clusterName": given.get("--cluster-name")
        or given.get("--cluster-id")
        or given.get("-i")
        or (arn and arn[3])
        or (eksctl and eksctl[1]),
        "profile": context.variables.get("AWS_PROFILE") or given.get("--profile"),
    }
    return Guess("eks", f"its API server is {host}" if served else f"its context is {context.name}", _given(values))


def _aks(context: Context, host: str) -> Guess | None:
    ending = next((end for end in AKS_HOSTS if host.endswith(end)), None)
    if ending is None:
        return None
    user, tail = AKS_USER.fullmatch(context.user), f"_{context.cluster}"
    group = user[1].removesuffix(tail) if user and user[1].endswith(tail) else None
    values = {"resourceGroup": group, "clusterName": context.cluster, "environment": AKS_HOSTS[ending]}
    return Guess("aks", f"its API server is {host}", _given(values))


def _gke(context: Context, host: str) -> Guess | None:
    named = GKE.fullmatch(context.name) or GKE.fullmatch(context.cluster)
    if named:
        values = {"project": named[1], "location": named[2], "clusterName": named[3]}
        return Guess("gke", f"its context is {context.name}", values)
    plugin = context.command and context.command[0].rpartition("/")[2] == "gke-gcloud-auth-plugin"
    if plugin or context.command == ("auth-provider", "gcp"):
        return Guess("gke", f"its credentials are {context.command[-1]}'s")
    return None


def _by_name(context: Context, host: str) -> Guess | None:
    if context.provider in PROVIDERS:
        return Guess(PROVIDERS[context.provider], f"its entry is of {context.provider}")
    prefix = next((prefix for prefix in PREFIXES if context.name.startswith(prefix)), "")
    if prefix:
        return Guess(
            PREFIXES[prefix], f"its context is {context.name}", {"clusterName": context.name.removeprefix(prefix)}
        )
    kind = NAMES.get(context.name)
    return Guess(kind, f"its context is {context.name}") if kind else None


def _talos(context: Context, host: str) -> Guess | None:
    """https://www.talos.dev/latest/reference/cli/#talosctl-kubeconfig: user and context are `admin@<cluster>`."""
    if context.name == context.user == f"admin@{context.cluster}":
        return Guess("talos", f"its context is {context.name}")
    return None


def _iks(context: Context, host: str) -> Guess | None:
    return Guess("iks", f"its API server is {host}") if host.endswith(IBM) else None


def _rancher(context: Context, host: str) -> Guess | None:
    cluster = RANCHER.search(urlsplit(context.server).path)
    if cluster:
        kind = "rke2" if cluster[1].startswith("c-m-") else "rke"
        return Guess(kind, f"Rancher is its API server ({host}), and cluster {cluster[1]} is of that kind")
    return Guess("rke", f"its user is {context.user}") if context.user.startswith(RKE_USER) else None


def _kops(context: Context, host: str) -> Guess | None:
    """https://kops.sigs.k8s.io/cli/kops_export_kubeconfig/: the context is the cluster's DNS name, below which its API is."""
    named = {f"api.{context.name}", f"api.internal.{context.name}"}
    if "." in context.name and named & {host, context.tls_server_name}:
        return Guess("kops", f"its API server is api.{context.name}")
    return None


def _openshift(context: Context, host: str) -> Guess | None:
    named = OPENSHIFT.fullmatch(context.name)
    if not named:
        return None
    return Guess("openshift-3.11" if named[1] == "8443" else "openshift", f"its context is {context.name}")


def _kubeadm(context: Context, host: str) -> Guess | None:
    """https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-kubeconfig/; Cluster API names it `<cluster>-admin@<cluster>`.

    The file that Kubespray fetches: https://github.com/kubernetes-sigs/kubespray/blob/v2.31.0/roles/kubernetes/client/tasks/main.yml
    """
    if context.name == f"kubernetes-admin@{context.cluster}":
        return Guess("kubeadm", f"its context is {context.name}")
    if context.name == f"kubernetes-admin-{context.cluster}@{context.cluster}":
        return Guess("kubespray", f"its context is {context.name}")
    if context.name == f"{context.cluster}-admin@{context.cluster}":
        return Guess("cluster-api", f"its context is {context.name}")
    return None


RULES: tuple[Callable[[Context, str], Guess | None], ...] = (
    _eks,
    _aks,
    _gke,
    _by_name,
    _iks,
    _rancher,
    _talos,
    _kops,
    _openshift,
    _kubeadm,
)
"""The first that fits decides: what a vendor's host or plugin says before what a name says."""


def _options(command: tuple[str, ...]) -> dict[str, str]:
    """`--key value` and `--key=value` of a plugin's arguments."""
    found = dict(pairwise(command))
    return found | dict(each.split("=", 1) for each in command if each.startswith("--") and "=" in each)


def _given(values: dict[str, str | None]) -> dict[str, str]:
    return {key: value for key, value in values.items() if value}
