"""Any object of a real kube-apiserver by its `apiVersion` and `kind`, with a kubeconfig's credentials.

Also plays the namespace controller, which a control plane without kube-controller-manager lacks: a deleted namespace is
emptied and its finalizer taken off, or it would stay for ever.
"""

import json
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from kubernetes import client, config

Object = dict[str, Any]
NOT_FOUND, CONFLICT, FORBIDDEN = 404, 409, 403
POLL = 0.1
"""Seconds between two looks whether something is gone."""
BACKGROUND = {"propagationPolicy": "Background"}
"""Where the plugin deletes in the foreground: that takes a garbage collector."""


class RefusedError(Exception):
    """What the user is told, in one line."""


class UnreachableError(RefusedError):
    """No API server answers, or there is no kubeconfig."""


class ApiError(RefusedError):
    """The API server says no."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


class ApiServer:
    """One API server.

    Args:
        kubeconfig: the path of one.
    """

    def __init__(self, kubeconfig: Path) -> None:
        settings = client.Configuration()
        try:
            config.load_kube_config(str(kubeconfig), client_configuration=settings)
        except (config.ConfigException, yaml.YAMLError) as error:
            raise UnreachableError(f"the kubeconfig cannot be used: {type(error).__name__}") from None
        settings.proxy, settings.retries = None, False
        self.client = client.ApiClient(settings)
        self.resources = lru_cache(self._resources)

    def request(self, method: str, path: str, body: Any = None, content: str = "application/json", **query: str) -> Any:
        headers = {"Accept": "application/json", "Content-Type": content}
        serialized = self.client.param_serialize(
            method, path, query_params=[*query.items()], header_params=headers, body=body, auth_settings=["BearerToken"]
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
            return _without_managers(self.request("GET", self._path(wanted, named=True)))
        except ApiError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def create(self, wanted: Object, manager: str, dry_run: bool) -> Object:
        """A plain create, which refuses what exists already."""
        return _without_managers(self.request("POST", self._path(wanted), wanted, **_query(manager, dry_run)))

    def apply(self, wanted: Object, manager: str, dry_run: bool) -> Object:
        """A server-side apply; a field that another manager has set is a conflict, but in a dry run."""
        path, query = self._path(wanted, named=True), _query(manager, dry_run) | {"force": json.dumps(dry_run)}
        return _without_managers(self.request("PATCH", path, wanted, "application/apply-patch+yaml", **query))

    def take_over(self, wanted: Object, manager: str, former: tuple[str, ...]) -> None:
        """Hand the fields of the former managers to ours, so that what is no longer asked for goes."""
        path = self._path(wanted, named=True)
        live = self.request("GET", path)
        entry = {"manager": manager, "operation": "Apply", "apiVersion": live["apiVersion"], "fieldsType": "FieldsV1"}
        fields: Object = {}
        others = []
        for each in live["metadata"].get("managedFields", []):
            ours = (each["manager"], each["operation"]) == (manager, "Apply") or each["manager"].startswith(former)
            if ours and "subresource" not in each:
                fields = _merged(fields, each["fieldsV1"])
            else:
                others.append(each)
        patch = [
            {"op": "replace", "path": "/metadata/managedFields", "value": [*others, entry | {"fieldsV1": fields}]},
            {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
        ]
        self.request("PATCH", path, patch, "application/json-patch+json")

    def delete(self, wanted: Object, timeout: float) -> None:
        """Delete it and wait until it is gone; what is gone already is fine."""
        live = self.get(wanted)
        if live is None:
            return
        name, path = live["metadata"]["name"], self._path(wanted, named=True)
        try:
            self.request("DELETE", path, BACKGROUND)
            if wanted["kind"] == "Namespace":
                self._empty(name)
                self.request("PUT", f"{path}/finalize", self.request("GET", path) | {"spec": {"finalizers": []}})
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
        deadline = time.monotonic() + timeout
        while (now := self.get(wanted)) and now["metadata"]["uid"] == live["metadata"]["uid"]:
            if time.monotonic() > deadline:
                raise RefusedError(f"{wanted['kind']} {name} is still there after {timeout:.0f} s")
            time.sleep(POLL)

    def _empty(self, namespace: str) -> None:
        groups = [group["preferredVersion"]["groupVersion"] for group in self.request("GET", "/apis")["groups"]]
        for api_version in ["v1", *groups]:
            for resource in self.resources(api_version).values():
                if resource["namespaced"] and "deletecollection" in resource["verbs"]:
                    path = f"{_root(api_version)}/namespaces/{namespace}/{resource['name']}"
                    self.request("DELETE", path, BACKGROUND)

    def _resources(self, api_version: str) -> dict[str, Object]:
        found = self.request("GET", _root(api_version))["resources"]
        return {each["kind"]: each for each in found if "/" not in each["name"]}

    def _resource(self, api_version: str, kind: str) -> Object:
        with_new = (self.resources, self._resources)  # its CustomResourceDefinition may be younger than what is cached
        for resources in with_new:
            try:
                return resources(api_version)[kind]
            except (KeyError, ApiError):
                self.resources.cache_clear()
        raise ApiError(NOT_FOUND, f"the API server has no kind {kind} in {api_version}")

    def _path(self, wanted: Object, named: bool = False) -> str:
        resource = self._resource(wanted["apiVersion"], wanted["kind"])
        metadata = wanted["metadata"]
        place = f"/namespaces/{metadata['namespace']}" if resource["namespaced"] else ""
        return f"{_root(wanted['apiVersion'])}{place}/{resource['name']}" + (f"/{metadata['name']}" if named else "")


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _query(manager: str, dry_run: bool) -> dict[str, str]:
    return {"fieldManager": manager, "fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})


def _without_managers(live: Object) -> Object:
    live["metadata"].pop("managedFields", None)
    return live


def _merged(one: Object, other: Object) -> Object:
    return one | {key: _merged(one.get(key, {}), part) for key, part in other.items()}
