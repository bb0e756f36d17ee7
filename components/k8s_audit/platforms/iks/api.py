"""IBM Cloud Kubernetes Service's REST API, as far as the audit webhook needs it.

Paths, bodies and answers as IBM's own module uses them, https://github.com/terraform-ibm-modules/terraform-ibm-base-ocp-vpc
modules/kube-audit/scripts/set_webhook.sh, and its Go client, https://github.com/IBM-Cloud/bluemix-go api/container/containerv2. The
API key is read from the environment of the program, as IBM's tools do; it and the token are in no message.
"""

import base64
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, Any

from k8s_audit.errors import CloudError

if TYPE_CHECKING:
    import httpx

API, IAM = "https://containers.cloud.ibm.com/global", "https://iam.cloud.ibm.com"
KEYS = ("IBMCLOUD_API_KEY", "IC_API_KEY")
"""Environment variables, as `ibmcloud` and IBM's Terraform provider have them."""
GRANT = "urn:ibm:params:oauth:grant-type:apikey"
"""https://cloud.ibm.com/apidocs/iam-identity-token-api#gettoken-apikey"""
TIMEOUT = 60.0
"""Seconds, for one call."""
TRIES, PAUSE = 5, 2.0
"""Of a call that IBM is too busy for; seconds, doubled each time."""
EARLY = 300.0
"""Seconds before its end from which on a token is not used any more."""


@dataclass(frozen=True)
class IksPlace:
    """Where a cluster is.

    Args:
        cluster: its ID or name.
        api: the URL of IBM's Kubernetes service.
        iam: the URL that makes a token of an API key.
        resource_group: its ID; empty: the key's default.
        region: empty: IBM finds it.
    """

    cluster: str
    api: str = API
    iam: str = IAM
    resource_group: str = ""
    region: str = ""


@dataclass(frozen=True)
class Webhook:
    """Where the API servers of a cluster send their events.

    Args:
        server: the URL.
        ca: PEM; empty: none.
        certificate: PEM; empty: none.
        key: PEM; IBM never tells it back.
        policy: IBM's `default` or `verbose`; empty: it does not say.
    """

    server: str
    ca: str = ""
    certificate: str = ""
    key: str = field(default="", repr=False)
    policy: str = ""


@dataclass(frozen=True)
class Master:
    """How a cluster's master is: its state, what it does, and since when, as IBM says it."""

    state: str
    status: str
    since: str

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, and all went well."""
        return self.state == "deployed" and self.status == "Ready"


def api_key() -> str:
    """The API key of the environment.

    Raises:
        CloudError: there is none.
    """
    for name in KEYS:
        if value := os.environ.get(name, "").strip():
            return value
    raise CloudError(
        f"no API key of IBM Cloud: set {' or '.join(KEYS)} to one that has the platform role Administrator for the cluster"
    )


class IksApi:
    """One cluster.

    Args:
        place: where it is.
        stop: ends the pause before another try.
        key: tells the API key; it is asked again for each token.
    """

    def __init__(self, place: IksPlace, stop: Event, key: Callable[[], str] = api_key) -> None:
        """Nothing is asked yet."""
        self.place, self.stop, self._key = place, stop, key
        self._token, self._until = "", 0.0

    def webhook(self) -> Webhook | None:
        """The audit webhook that is set; None: none is.

        Raises:
            CloudError: IBM refuses, or does not answer.
        """
        answer = self._ask("GET", self._config, missing_is_fine=True)
        found = _object(answer) if answer.status_code != HTTPStatus.NOT_FOUND and answer.content.strip() else {}
        if not found.get("auditServer"):
            return None
        texts = {name: str(found.get(name) or "") for name in ("caCertificate", "clientCertificate", "policy")}
        return Webhook(
            str(found["auditServer"]), texts["caCertificate"], texts["clientCertificate"], policy=texts["policy"]
        )

    def set_webhook(self, webhook: Webhook) -> None:
        """Set the audit webhook; the API servers know it from the next refresh on.

        Raises:
            CloudError: IBM refuses, or does not answer.
        """
        body = {
            "auditServer": webhook.server,
            "caCertificate": webhook.ca,
            "clientCertificate": webhook.certificate,
            "clientKey": webhook.key,
            "policy": webhook.policy,
        }
        self._ask("PUT", self._config, {name: text for name, text in body.items() if text})

    def remove_webhook(self) -> None:
        """Take the audit webhook out; the API servers know it from the next refresh on.

        Raises:
            CloudError: IBM refuses, or does not answer.
        """
        self._ask("DELETE", self._config, missing_is_fine=True)

    def refresh(self) -> None:
        """Have the master take what was set; it is not waited for.

        Raises:
            CloudError: IBM refuses, or does not answer.
        """
        self._ask("PUT", f"/v1/logging/{self.place.cluster}/refresh")

    def master(self) -> Master:
        """How the master is now.

        Raises:
            CloudError: IBM refuses, does not answer, or knows no such cluster.
        """
        found = _object(self._ask("GET", f"/v2/getCluster?cluster={self.place.cluster}"))
        life = found.get("lifecycle")
        life = life if isinstance(life, dict) else found
        names = ("masterState", "masterStatus", "masterStatusModifiedDate")
        return Master(*(str(life.get(name) or "") for name in names))

    def authority(self) -> str:
        """PEM of the cluster's own authority.

        Raises:
            CloudError: IBM refuses, or does not answer.
        """
        found = _object(self._ask("GET", f"/v2/getCACert?cluster={self.place.cluster}"))
        try:
            return base64.b64decode(str(found["caCert"]), validate=True).decode()
        except (KeyError, ValueError):
            raise CloudError(f"IBM Cloud tells no authority of cluster {self.place.cluster}") from None

    @property
    def _config(self) -> str:
        return f"/v1/clusters/{self.place.cluster}/apiserverconfigs/auditwebhook"

    def _ask(
        self, method: str, path: str, body: Mapping[str, str] | None = None, *, missing_is_fine: bool = False
    ) -> "httpx.Response":
        headers = {"Accept": "application/json", "Authorization": f"Bearer {self._bearer()}"}
        if self.place.resource_group:
            headers["X-Auth-Resource-Group"] = self.place.resource_group
        if self.place.region:
            headers["X-Region"] = self.place.region
        answer = self._send(method, f"{self.place.api}{path}", headers=headers, json=body)
        if answer.is_success or (missing_is_fine and answer.status_code == HTTPStatus.NOT_FOUND):
            return answer
        raise CloudError(f"IBM Cloud: {method} {path.partition('?')[0]}: {answer.status_code}{_reason(answer)}")

    def _bearer(self) -> str:
        if not self._token or time.monotonic() > self._until:
            form = {"grant_type": GRANT, "apikey": self._key()}
            answer = self._send("POST", f"{self.place.iam}/identity/token", data=form)
            if not answer.is_success:
                raise CloudError(
                    f"IBM Cloud takes the API key of {' or '.join(KEYS)} for no token: {answer.status_code}{_reason(answer, 'errorMessage')}"
                )
            found = _object(answer)
            self._token = str(found.get("access_token") or "")
            self._until = time.monotonic() + max(float(found.get("expires_in") or 0) - EARLY, 0)
        return self._token

    def _send(self, method: str, url: str, **given: Any) -> "httpx.Response":
        """Send; again where nothing came of it. Each of these calls may be made twice."""
        import httpx

        pause = PAUSE
        for left in reversed(range(TRIES)):
            try:
                answer = httpx.request(method, url, timeout=TIMEOUT, **given)
                busy = answer.status_code == HTTPStatus.TOO_MANY_REQUESTS or answer.is_server_error
                if not busy or not left:
                    return answer
            except httpx.HTTPError as error:
                if not left:
                    host = httpx.URL(url).host
                    raise CloudError(f"IBM Cloud: {host} does not answer: {type(error).__name__}") from None
            if self.stop.wait(pause):
                raise CloudError("stopped while IBM Cloud was asked")
            pause *= 2
        raise AssertionError("not reached")


def _object(answer: "httpx.Response") -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CloudError(f"IBM Cloud: {answer.request.url.path} answers no JSON object")
    return found


def _reason(answer: "httpx.Response", key: str = "description") -> str:
    """What IBM says of a refusal: of its text alone this one key, so that nothing of a request comes back in it."""
    try:
        found = answer.json()
        text = str(found.get(key) or "") if isinstance(found, dict) else ""
    except ValueError:
        text = ""
    return f": {text}" if text else f" {answer.reason_phrase}"
