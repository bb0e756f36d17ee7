"""Any object of a real kube-apiserver by its `apiVersion` and `kind`, with a kubeconfig's credentials.

Also plays the namespace controller, which a control plane without kube-controller-manager lacks: a deleted namespace is
emptied and its finalizer taken off, or it would stay for ever.
"""

import json
import os
import time
from functools import lru_cache
from typing import Any

import yaml
from kubernetes import client, config

Object = dict[str, Any]
STRICT = {"fieldValidation": "Strict"}
NOT_FOUND, CONFLICT, FORBIDDEN = 404, 409, 403
POLL = 0.1
"""Seconds between two looks whether something is gone."""


class RefusedError(Exception):
    """What the user is told, in one line."""


class UnreachableError(RefusedError):
    """No API server answers, or there is no kubeconfig."""


class ApiError(RefusedError):
    """The API server says no."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def load(kubeconfig: str) -> Any:
    """A kubeconfig by its path or its contents, which may be YAML or JSON; what cannot be read is no kubeconfig."""
    path = os.path.expanduser(kubeconfig)
    try:
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                kubeconfig = file.read()
        return yaml.safe_load(kubeconfig)
    except (OSError, ValueError, yaml.YAMLError):
        return None


class ApiServer:
    """One API server.

    Args:
        kubeconfig: a path or the contents.
        context: one of its contexts; empty: the current one.
    """

    def __init__(self, kubeconfig: str, context: str = "") -> None:
        settings = client.Configuration()
        loaded = load(kubeconfig)
        if not isinstance(loaded, dict):
            raise UnreachableError("the kubeconfig is neither a file nor a kubeconfig's contents")
        path = os.path.expanduser(kubeconfig)
        source = {"config_file": path} if os.path.exists(path) else {"config_dict": loaded}
        loader = config.load_kube_config if "config_file" in source else config.load_kube_config_from_dict
        try:
            loader(**source, context=context or None, client_configuration=settings)
        except config.ConfigException as error:
            raise UnreachableError(f"the kubeconfig cannot be used: {error}") from None
        settings.proxy, settings.retries = None, False
        self.client = client.ApiClient(settings)
        self.resources = lru_cache(self._resources)

    def request(self, method: str, path: str, body: Any = None, content: str = "application/json", **query: str) -> Any:
        headers = {"Accept": "application/json", "Content-Type": content}
        serialized = self.client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            answer = self.client.call_api(*serialized, _request_timeout=60)
            text = answer.read().decode()
        except Exception as error:  # whatever urllib3 raises
            raise UnreachableError(f"the API server does not answer: {type(error).__name__}") from None
        found = json.loads(text) if text.startswith("{") else {"message": text}
        if not 200 <= answer.status < 300:
            raise ApiError(answer.status, " ".join(str(found.get("message") or answer.reason).split()))
        return found

    def is_namespaced(self, api_version: str, kind: str) -> bool:
        return bool(self._resource(api_version, kind)["namespaced"])

    def get(self, wanted: Object) -> Object | None:
        """The live object of that kind, namespace and name."""
        try:
            return self._cleaned(self.request("GET", self._path(wanted, named=True)))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def create(self, wanted: Object, manager: str, dry_run: bool) -> Object:
        """A plain create, which refuses what exists already."""
        query = STRICT | {"fieldManager": manager} | ({"dryRun": "All"} if dry_run else {})
        return self._cleaned(self.request("POST", self._path(wanted), wanted, **query))

    def apply(self, wanted: Object, manager: str, dry_run: bool) -> Object:
        """A server-side apply."""
        path = self._path(wanted, named=True)
        query = (
            STRICT | {"fieldManager": manager, "force": json.dumps(dry_run)} | ({"dryRun": "All"} if dry_run else {})
        )
        return self._cleaned(self.request("PATCH", path, wanted, "application/apply-patch+yaml", **query))

    def take_over(self, wanted: Object, manager: str, former: tuple[str, ...]) -> None:
        """Hand the fields of the former managers to ours, so that what we no longer ask for goes."""
        path = self._path(wanted, named=True)
        live = self.request("GET", path)
        fields: Object = {}
        rest = []
        for entry in live["metadata"].get("managedFields", []):
            ours = entry["manager"] == manager and entry["operation"] == "Apply"
            if (ours or entry["manager"].startswith(former)) and "subresource" not in entry:
                fields = _merged(fields, entry["fieldsV1"])
            else:
                rest.append(entry)
        entry = {"manager": manager, "operation": "Apply", "apiVersion": live["apiVersion"], "fieldsType": "FieldsV1"}
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": [*rest, entry | {"fieldsV1": fields}]},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        self.request("PATCH", path, patch, "application/json-patch+json")

    def delete(self, wanted: Object, timeout: float) -> None:
        """Delete it and wait until it is gone; what is gone already is fine.

        In the background, where the plugin deletes in the foreground: that takes a garbage collector.
        """
        live = self.get(wanted)
        if live is None:
            return
        path = self._path(wanted, named=True)
        try:
            self.request("DELETE", path, {"propagationPolicy": "Background"})
            if wanted["kind"] == "Namespace":
                self._empty(live["metadata"]["name"])
                self.request("PUT", f"{path}/finalize", self.request("GET", path) | {"spec": {"finalizers": []}})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
        deadline = time.monotonic() + timeout
        while (now := self.get(wanted)) and now["metadata"]["uid"] == live["metadata"]["uid"]:
            if time.monotonic() > deadline:
                raise RefusedError(f"{wanted['kind']} {live['metadata']['name']} is still there after {timeout:.0f} s")
            time.sleep(POLL)

    def _empty(self, namespace: str) -> None:
        groups = [group["preferredVersion"]["groupVersion"] for group in self.request("GET", "/apis")["groups"]]
        for group in ["v1", *groups]:
            for kind, resource in self.resources(group).items():
                if resource["namespaced"] and "deletecollection" in resource["verbs"]:
                    any_one = {"apiVersion": group, "kind": kind, "metadata": {"namespace": namespace}}
                    self.request("DELETE", self._path(any_one), {"propagationPolicy": "Background"})

    def _resources(self, api_version: str) -> dict[str, Object]:
        try:
            found = self.request("GET", _root(api_version))["resources"]
        except ApiError as error:
            if error.status == NOT_FOUND:
                return {}
            raise
        return {each["kind"]: each for each in found if "/" not in each["name"]}

    def _resource(self, api_version: str, kind: str) -> Object:
        if kind not in self.resources(api_version):
            self.resources.cache_clear()  # its CustomResourceDefinition may be new
        try:
            return self.resources(api_version)[kind]
        except KeyError:
            raise ApiError(NOT_FOUND, f"the API server has no kind {kind} in {api_version}") from None

    def _path(self, wanted: Object, named: bool = False) -> str:
        resource = self._resource(wanted["apiVersion"], wanted["kind"])
        metadata = wanted["metadata"]
        place = f"/namespaces/{metadata['namespace']}" if resource["namespaced"] else ""
        return f"{_root(wanted['apiVersion'])}{place}/{resource['name']}" + (f"/{metadata['name']}" if named else "")

    @staticmethod
    def _cleaned(live: Object) -> Object:
        live["metadata"].pop("managedFields", None)
        return live


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _merged(one: Object, other: Object) -> Object:
    return one | {key: _merged(one.get(key, {}), part) for key, part in other.items()}
