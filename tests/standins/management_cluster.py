"""Stands in for the controllers of a management cluster, whose CRDs are the vendors' own on a real API server.

Cluster API's for a KubeadmControlPlane: replaces machines one by one where `kubeadmConfigSpec` changed, each with the files of that moment, and
writes status as that controller does (controlplane/kubeadm/internal/controllers/status.go of v1.13.6). HyperShift's for a HostedCluster: copies
the webhook's Secret, mounts it into the Deployment kube-apiserver, and rolls that (hostedcluster_controller.go, v2/kas/deployment.go). Taken
out of the CRD: its conversion webhook, which runs in Cluster API's own pod. No machine, no pod, no admission webhook.
"""

import base64
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import yaml

from k8s_audit.local_cluster import LocalCluster

Document = dict[str, Any]
NAMESPACE, NAME = "clusters", "prod"
CONTROL_PLANE = f"{NAMESPACE}-{NAME}"
"""Where HyperShift runs a control plane."""
UNPROCESSABLE = 422
LOOK = 0.05
"""Seconds between two looks."""


class Api:
    """A management cluster as its administrator has it."""

    def __init__(self, kubeconfig: str) -> None:
        from kubernetes import client, config

        settings = client.Configuration()
        config.load_kube_config(kubeconfig, client_configuration=settings)
        api = client.ApiClient(settings)
        self.custom: Any = client.CustomObjectsApi(api)
        self.core: Any = client.CoreV1Api(api)
        self.crds: Any = client.ApiextensionsV1Api(api)

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        data = self.core.read_namespaced_secret(name, namespace).data or {}
        return {key: base64.b64decode(text).decode() for key, text in data.items()}

    def secrets(self, namespace: str) -> list[str]:
        return sorted(one.metadata.name for one in self.core.list_namespaced_secret(namespace).items)


class Objects:
    """The objects of one kind, in one version.

    Args:
        api: where they are.
        group, version, plural: of the kind.
    """

    def __init__(self, api: Api, group: str, version: str, plural: str) -> None:
        self.api, self.where = api, (group, version)
        self.plural = plural

    def get(self, namespace: str = NAMESPACE, name: str = NAME) -> Document:
        found: Document = self.api.custom.get_namespaced_custom_object(*self.where, namespace, self.plural, name)
        return found

    def put(self, document: Document) -> Document:
        at = document["metadata"]
        stored: Document = self.api.custom.replace_namespaced_custom_object(
            *self.where, at["namespace"], self.plural, at["name"], document
        )
        return stored

    def create(self, document: Document) -> Document:
        made: Document = self.api.custom.create_namespaced_custom_object(
            *self.where, document["metadata"]["namespace"], self.plural, document
        )
        return made

    def tell(self, status: Document, namespace: str = NAMESPACE, name: str = NAME) -> None:
        self.api.custom.patch_namespaced_custom_object_status(
            *self.where, namespace, self.plural, name, {"status": status}
        )

    def change(self, edit: Callable[[Document], Any]) -> None:
        """What somebody else does."""
        from kubernetes.client.exceptions import ApiException

        for _ in range(20):
            document = self.get()
            edit(document)
            with suppress(ApiException):
                self.put(document)
                return


@contextmanager
def crd(api: Api, file: str, version: str) -> Iterator[Objects]:
    """The vendor's CRD, as it serves a version and those after it; all objects go with it.

    Args:
        api: where it is installed.
        file: its name among the tools.
        version: the first one that is served; that of Cluster API before 1.11 is v1beta1 alone.
    """
    from kubernetes.client.exceptions import ApiException

    found = shutil.which(file)
    assert found, f"{file} is not among the tools: python -m tools.setup test"
    document = yaml.load(Path(found).read_text(), yaml.CSafeLoader)
    spec = document["spec"]
    spec.pop("conversion", None)
    document["metadata"].pop("annotations", None)  # HyperShift's manifests have one that is for its own merging
    spec["versions"] = [one for one in spec["versions"] if one["name"] == version]
    spec["versions"][0]["storage"] = True
    name = document["metadata"]["name"]
    with suppress(ApiException):
        api.core.create_namespace({"metadata": {"name": NAMESPACE}})
    api.crds.create_custom_resource_definition(document)
    try:
        _until(lambda: _established(api, name))
        yield Objects(api, spec["group"], version, spec["names"]["plural"])
    finally:
        api.crds.delete_custom_resource_definition(name)
        _until(lambda: name not in [one.metadata.name for one in api.crds.list_custom_resource_definition().items])


def _established(api: Api, name: str) -> bool:
    conditions = api.crds.read_custom_resource_definition(name).status.conditions or []
    return any(one.type == "Established" and one.status == "True" for one in conditions)


def _until(so: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(600):
        if so():
            return
        pause.wait(LOOK)
    raise AssertionError("it takes too long")


class Controller(Thread):
    """A controller that looks at one object all the time. An API server that is away is tried again.

    Args:
        objects: of its kind.
    """

    def __init__(self, objects: Objects) -> None:
        super().__init__(daemon=True)
        self.objects, self.ended = objects, Event()
        self.refused = ""
        """What the API server said of a status that its CRD does not allow."""

    def __enter__(self) -> Any:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()
        assert not self.refused, self.refused

    def run(self) -> None:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        while not self.ended.wait(LOOK):
            try:
                self.look(self.objects.get())
            except ApiException as error:
                self.refused = self.refused or (str(error.body) if error.status == UNPROCESSABLE else "")
            except (HTTPError, OSError):
                continue

    def look(self, document: Document) -> None:
        raise NotImplementedError


class ControlPlanes(Controller):
    """Cluster API's for a KubeadmControlPlane.

    Args:
        objects: of that kind.
        boot: is told of each new machine: the object, and its files with their texts.
        good: the `spec` that all machines have; None: the object's.
    """

    def __init__(
        self,
        objects: Objects,
        boot: Callable[[Document, dict[str, str]], None] = lambda *_: None,
        good: Document | None = None,
    ) -> None:
        super().__init__(objects)
        self.boot = boot
        self.good = digest(good or objects.get()["spec"])
        self.fault = ""
        """Of the next new machine: what its API server's pod says."""
        self.for_good = True
        """Whether the controller gives up then, or tries on."""
        self.booted: list[dict[str, str]] = []
        """The files of each new machine."""

    def look(self, document: Document) -> None:
        wanted, generation = document["spec"]["replicas"], document["metadata"]["generation"]
        here = digest(document["spec"])
        if here == self.good:
            status = document.get("status") or {}
            if (status.get("observedGeneration"), status.get("replicas")) != (generation, wanted):
                self._tell(generation, there=wanted, updated=wanted, ready=wanted)
            return
        for number in range(wanted):
            files = self._files(document)
            wrong = self.fault or ("" if files is not None else "Secret of a file not found")
            self._tell(generation, there=wanted + 1, updated=number + 1, ready=wanted, wrong=wrong)
            if wrong or files is None:
                return
            self.boot(document, files)
            self.booted.append(files)
        self.good = here
        self._tell(generation, there=wanted, updated=wanted, ready=wanted)

    def _files(self, document: Document) -> dict[str, str] | None:
        """As the bootstrap controller resolves them: kubeadmconfig_controller.go, resolveFiles."""
        from kubernetes.client.exceptions import ApiException

        found = {}
        for file in document["spec"]["kubeadmConfigSpec"].get("files") or []:
            source = (file.get("contentFrom") or {}).get("secret")
            try:
                found[file["path"]] = (
                    self.objects.api.secret(NAMESPACE, source["name"])[source["key"]] if source else file["content"]
                )
            except (ApiException, KeyError):
                return None
        return found

    def _tell(self, generation: int, there: int, updated: int, ready: int, wrong: str = "") -> None:
        condition = {
            "type": "MachinesReady",
            "status": "False" if wrong else "True",
            "reason": "NotReady" if wrong else "Ready",
            "message": f"* Machine prod-x: APIServerPodHealthy: {wrong}" if wrong else "all are",
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        counts = {"observedGeneration": generation, "replicas": there, "readyReplicas": ready}
        failure = {"failureMessage": wrong if wrong and self.for_good else None}
        if self.objects.where[1] == "v1beta1":
            self.objects.tell({**counts, **failure, "updatedReplicas": updated, "conditions": [condition]})
        else:
            both = {"upToDateReplicas": updated, "availableReplicas": ready, "deprecated": {"v1beta1": failure}}
            self.objects.tell({**counts, **both, "conditions": [condition]})


def digest(spec: Document) -> str:
    """Of what a machine is made of."""
    return json.dumps(spec["kubeadmConfigSpec"], sort_keys=True)


def booting(cluster: LocalCluster, mute: Event) -> Callable[[Document, dict[str, str]], None]:
    """Makes each new machine of the one control plane there is: its files, and flags and mounts of its API server, as kubeadm would.

    Args:
        cluster: it.
        mute: while it is set, a new API server gets no webhook: it is well and delivers nothing.
    """
    manifest = (cluster.manifests / "kube-apiserver.yaml").read_text()

    def boot(document: Document, files: dict[str, str]) -> None:
        pod = yaml.safe_load(manifest)
        server = document["spec"]["kubeadmConfigSpec"].get("clusterConfiguration", {}).get("apiServer", {})
        for path, text in files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_text(text)
        container = pod["spec"]["containers"][0]
        container["command"] += [
            f"--{one['name']}={one['value']}"
            for one in server.get("extraArgs", [])
            if not (mute.is_set() and one["name"].startswith("audit-webhook"))
        ]
        for volume in server.get("extraVolumes", []):
            name, path = volume["name"], volume["hostPath"]
            container["volumeMounts"].append({"name": name, "mountPath": volume["mountPath"]})
            pod["spec"]["volumes"].append({"name": name, "hostPath": {"path": path, "type": "DirectoryOrCreate"}})
        staged = cluster.folder / "staged"
        staged.write_text(yaml.safe_dump(pod, sort_keys=False) if server else manifest)
        staged.rename(cluster.manifests / "kube-apiserver.yaml")
        cluster.create()

    return boot


class HostedClusters(Controller):
    """HyperShift's for a HostedCluster, and for the Deployment of its API servers."""

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self.fault = ""
        """What keeps new pods from being available."""
        self.good: str | None = None
        """The Secret of pods that were."""
        self.deployments = Objects(objects.api, "apps", "v1", "deployments")

    def start(self) -> None:
        """With the control plane that is there already."""
        from kubernetes.client.exceptions import ApiException

        with suppress(ApiException):
            self.objects.api.core.create_namespace({"metadata": {"name": CONTROL_PLANE}})
        labels = {"app": "kube-apiserver"}
        pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "kube-apiserver", "image": "none"}]}}
        spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": pods}
        metadata = {"namespace": CONTROL_PLANE, "name": "kube-apiserver"}
        self.deployments.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec})
        super().start()

    def look(self, document: Document) -> None:
        api, name = self.objects.api, (document["spec"].get("auditWebhook") or {}).get("name")
        told = {"type": "ReconciliationSucceeded", "status": "True", "reason": "ReconciliatonSucceeded", "message": ""}
        if name and name not in api.secrets(NAMESPACE):
            told |= {"status": "False", "reason": "Error", "message": f"failed to get audit webhook config {name}"}
        else:
            self._deploy(name)
        if self.fault:
            told |= {"type": "Degraded", "status": "True", "reason": "UnavailableReplicas", "message": self.fault}
        condition = {
            **told,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": document["metadata"]["generation"],
        }
        if [condition] != (document.get("status") or {}).get("conditions"):
            self.objects.tell({"conditions": [condition]})

    def _deploy(self, name: str | None) -> None:
        from kubernetes.client.exceptions import ApiException

        core = self.objects.api.core
        if name:
            data = core.read_namespaced_secret(name, NAMESPACE).data
            with suppress(ApiException):
                core.create_namespaced_secret(CONTROL_PLANE, {"metadata": {"name": name}, "data": data})
        deployment = self.deployments.get(CONTROL_PLANE, "kube-apiserver")
        pods = deployment["spec"]["template"]["spec"]
        volumes = [{"name": "kas-audit-webhook", "secret": {"secretName": name, "defaultMode": 420}}] if name else []
        if pods.get("volumes", []) != volumes:
            pods["volumes"] = volumes
            deployment = self.deployments.put(deployment)
        available = 0 if self.fault and name != self.good else 3
        self.good = name if available else self.good
        status = {"observedGeneration": deployment["metadata"]["generation"], "replicas": 3, "updatedReplicas": 3}
        status |= {"availableReplicas": available}
        here = deployment.get("status") or {}
        if {key: here.get(key, 0) for key in status} != status:
            status |= {"readyReplicas": available, "unavailableReplicas": 3 - available}
            self.deployments.tell(status, CONTROL_PLANE, "kube-apiserver")
