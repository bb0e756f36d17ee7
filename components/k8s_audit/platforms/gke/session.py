"""Calls to Google Cloud over REST, for what Pulumi's provider does not do: who makes them, and errors as one line.

Pulumi's provider hands its settings to its own resources alone, so ours are given the same ones, and read the same variables:
https://registry.terraform.io/providers/hashicorp/google/latest/docs/guides/provider_reference
"""

import json
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import CloudError, ToolError

EXTRA = "gcp"
MISSING = f"platform gke needs google-auth and pulumi-gcp: pip install 'k8s-audit[{EXTRA}]'"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"
"""Of a token that comes before all other credentials, and lasts as long as it lasts."""
HELD = ("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON")
"""Of credentials, by a file's path or as its contents; without any, those that Google's own tools find."""
IMPERSONATED = "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"
"""Of the service account that asks instead, where the settings name none."""
TIMEOUT = 30
"""Seconds for one call."""
SERVICES = {
    "projects": ("GOOGLE_RESOURCE_MANAGER_CUSTOM_ENDPOINT", "https://cloudresourcemanager.googleapis.com/v1/"),
    "compute": ("GOOGLE_COMPUTE_CUSTOM_ENDPOINT", "https://compute.googleapis.com/compute/v1/"),
    "logging": ("GOOGLE_LOGGING_CUSTOM_ENDPOINT", "https://logging.googleapis.com/v2/"),
}
"""Where each service is asked: the variable that says so for a network of one's own, and the default."""


class RefusedError(CloudError):
    """Google Cloud's refusal.

    Args:
        status: its name of it, such as `NOT_FOUND`.
        text: for the user.
    """

    def __init__(self, status: str, text: str) -> None:
        """Keep the name beside the text."""
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Access:
    """Who asks.

    Args:
        credentials: path of a file; None: the surroundings' own.
        impersonate: e-mail of a service account that asks instead; None: nobody.
    """

    credentials: str | None = None
    impersonate: str | None = None

    def session(self) -> "Session":
        """A session that asks so.

        Raises:
            ToolError: the extra is not installed.
            CloudError: there are no credentials.
        """
        try:
            import google.auth
            from google.auth.exceptions import GoogleAuthError
            from google.auth.transport.requests import AuthorizedSession
        except ModuleNotFoundError:
            raise ToolError(MISSING) from None
        try:
            return Session(AuthorizedSession(self._credentials(google.auth)))  # type: ignore[no-untyped-call]
        except (GoogleAuthError, OSError, ValueError) as error:
            raise CloudError(f"credentials for Google Cloud: {error}") from None

    def _credentials(self, auth: Any) -> Any:
        from google.auth import impersonated_credentials
        from google.oauth2.credentials import Credentials

        held = self.credentials or next(filter(None, map(os.environ.get, HELD)), "")
        with warnings.catch_warnings():  # google-auth warns of files from strangers; this one is the user's own
            warnings.simplefilter("ignore", DeprecationWarning)
            if token := os.environ.get(TOKEN):
                given = Credentials(token)  # type: ignore[no-untyped-call]
            elif held.lstrip().startswith("{"):
                given, _ = auth.load_credentials_from_dict(json.loads(held), scopes=[SCOPE])
            elif held:
                given, _ = auth.load_credentials_from_file(os.path.expanduser(held), scopes=[SCOPE])
            else:
                given, _ = auth.default(scopes=[SCOPE])
        target = self.impersonate or os.environ.get(IMPERSONATED)
        if not target:
            return given
        return impersonated_credentials.Credentials(given, target, [SCOPE])  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Session:
    """Calls as one account.

    Args:
        http: google-auth's session, which sends the account's token.
    """

    http: Any

    def get(self, what: str, service: str, path: str, query: Mapping[str, str] | None = None) -> Any:
        """Ask for a thing.

        Args:
            what: is asked for; an error's line begins with it.
            service: a key of SERVICES.
            path: below the service's address.
            query: of the URL.

        Raises:
            RefusedError: it was refused.
            CloudError: nobody answered.
        """
        return self._ask(what, "GET", service, path, params=query)

    def post(self, what: str, service: str, path: str, body: Any) -> Any:
        """Ask for a change; arguments and errors are those of `get`."""
        return self._ask(what, "POST", service, path, json=body)

    def _ask(self, what: str, method: str, service: str, path: str, **more: Any) -> Any:
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        variable, default = SERVICES[service]
        url = (os.environ.get(variable) or default).rstrip("/") + "/" + path
        try:
            answer = self.http.request(method, url, timeout=TIMEOUT, **more)
            body = answer.json() if answer.content else {}
        except (GoogleAuthError, RequestException) as error:
            raise CloudError(f"{what}: {_line(error)}") from None
        if answer.status_code >= 400:
            told = body.get("error", {}) if isinstance(body, dict) else {}
            status = str(told.get("status") or answer.status_code)
            raise RefusedError(status, f"{what}: {status}: {told.get('message') or answer.reason}")
        return body


def _line(error: Exception) -> str:
    """google-auth raises its text and the whole answer as a pair."""
    return str(error.args[0] if error.args else error).partition("\n")[0]
