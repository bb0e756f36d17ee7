"""Trying a Sysdig Secure API token against the back end: is it known, may it read runtime policies, would one show audit events?

One call, `GET /api/v2/policies`, as Sysdig's own Terraform provider and Python SDK make it
(https://github.com/sysdiglabs/terraform-provider-sysdig/blob/master/sysdig/internal/client/v2/policies.go). That it needs
`Policies | Runtime Policies = read` follows from what it lists; the vendor documents no table of calls and permissions.
The token is sent over verified TLS alone, to no place that the back end redirects to, and is in no message.
"""

import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from k8s_audit.config.receivers.model import ReceiverConfig
from k8s_audit.errors import ConfigError

if TYPE_CHECKING:
    import httpx

SECRET = "secureApiToken"
"""The stack's key of the token."""
VARIABLE = "SECURE_API_TOKEN"
"""The environment variable that `doctor` takes it from."""
POLICIES = "/api/v2/policies"
AUDIT_POLICY = "k8s_audit"
"""A policy's type, as in
https://registry.terraform.io/providers/sysdiglabs/sysdig/latest/docs/resources/secure_custom_policy."""
PERMISSION = "Policies | Runtime Policies = Read"
TIMEOUT = 15.0
"""Seconds."""
BACK_ENDS = MappingProxyType(
    {
        "us1": "secure.sysdig.com",
        "us2": "us2.app.sysdig.com",
        "eu1": "eu1.app.sysdig.com",
        **{region: f"app.{region}.sysdig.com" for region in ("us3", "us4", "au1", "eu2", "in1", "jp1", "me2")},
    }
)
"""https://github.com/sysdiglabs/charts/blob/main/charts/common/templates/_regions.tpl"""
IBM = re.compile(r"(?P<place>[a-z]+-[a-z]+)(?P<private>-private)?-(monitor|secure)")
UNTRUSTED = (18, 19, 20, 21)
"""OpenSSL's codes for a chain that ends at no authority that is trusted
(https://docs.openssl.org/3.0/man3/X509_STORE_CTX_get_error/)."""


@dataclass(frozen=True)
class Finding:
    """What a back end says to a token.

    Args:
        obstacle: why the token is no good, and the mend; empty: it is good.
        said: what else is known, one line each.
    """

    obstacle: str = ""
    said: tuple[str, ...] = ()


def api_url(receiver: ReceiverConfig) -> str | None:
    """Where the API of a receiver's back end is: its `api_url`, else by its `backend`; None: it does not say."""
    own = getattr(receiver, "api_url", None)
    if own:
        return str(own)
    backend = getattr(receiver, "backend", None)
    if backend is None:
        return None
    if backend.api_endpoint:
        return f"https://{backend.api_endpoint}"
    return region_url(backend.region or "us1")


def region_url(region: str) -> str | None:
    """The API of one of Sysdig's own installations, or of IBM's; None: unknown."""
    if host := BACK_ENDS.get(region):
        return f"https://{host}"
    if ibm := IBM.fullmatch(region):
        return f"https://{'private.' if ibm['private'] else ''}{ibm['place']}.security-compliance-secure.cloud.ibm.com"
    return None


def authorities(receiver: ReceiverConfig) -> str | None:
    """PEM of the authorities that a receiver trusts for its back end; None: the host's own."""
    return getattr(receiver, "ca", None) or getattr(getattr(receiver, "webhook", None), "ca", None)


def read_token(file: Path | None, environment: str) -> str | None:
    """The token from a file, else from the environment; None: neither.

    Raises:
        ConfigError: the file cannot be read, or what it holds is no token; its text is not shown.
    """
    source = f"--token-file {file}" if file else VARIABLE
    try:
        text = file.read_text("utf-8").strip() if file else environment.strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            [f"{source}: cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}"]
        ) from None
    if not text and not file:
        return None
    if not re.fullmatch(r"[!-~]+", text, re.ASCII):
        raise ConfigError([f"{source}: holds no token; allowed: one line of printable characters without spaces"])
    return text


def try_token(url: str, token: str, ca: str | None = None) -> Finding:
    """Ask the back end for its runtime policies with a token.

    Args:
        url: of the back end's API, such as https://secure.sysdig.com.
        token: a secret.
        ca: PEM of the authorities that may have signed its certificate; None: the host's own.
    """
    if urlsplit(url).scheme != "https":
        return Finding(f"{url} is not https://, so the token is not sent there")
    import httpx

    context = ssl.create_default_context()
    if ca:
        context.load_verify_locations(cadata=ca)
    where = url.rstrip("/") + POLICIES
    try:
        with httpx.Client(verify=context, timeout=TIMEOUT, follow_redirects=False) as client:
            headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
            answer = client.get(where, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return Finding(_unreachable(url, error))
    if answer.status_code != HTTPStatus.OK:
        return Finding(_refusal(where, answer))
    try:
        policies = answer.json()
    except ValueError:
        policies = None
    if not isinstance(policies, list) or not all(isinstance(policy, dict) for policy in policies):
        return Finding(
            f"{where} answers 200 with something other than a list of policies: no Sysdig Secure API is there"
        )
    return Finding(said=(f"{url} knows the token, and it may read runtime policies", _shown(policies)))


def _shown(policies: list[dict[str, Any]]) -> str:
    audit = [policy for policy in policies if policy.get("type") == AUDIT_POLICY]
    active = [str(policy.get("name")) for policy in audit if policy.get("enabled")]
    if active:
        return f"runtime policies that would show Kubernetes audit events: {', '.join(sorted(active))}"
    return (
        f"no runtime policy would show a Kubernetes audit event: of {len(audit)} of type {AUDIT_POLICY} none is enabled; enable"
        " one in Sysdig Secure > Policies > Threat Detection | Runtime Policies"
    )


def _refusal(where: str, answer: "httpx.Response") -> str:
    status = answer.status_code
    if status == HTTPStatus.UNAUTHORIZED:
        why = "it does not know the token: a wrong, expired or reset one, or one of another region"
    elif status == HTTPStatus.FORBIDDEN:
        why = (
            f"it knows the token, which lacks the permission {PERMISSION}. Grant it: Settings > Roles, a custom role with that"
            " permission, given to the token's user in its team; the token stays the same"
        )
    elif answer.is_redirect:
        target = urlsplit(answer.headers.get("Location", "")).hostname or "another path"
        why = f"it redirects to {target!r}, where the token is not sent; set the back end's own address"
    elif status == HTTPStatus.NOT_FOUND:
        why = "no Sysdig Secure API is there; is it the right region or apiEndpoint?"
    elif status == HTTPStatus.TOO_MANY_REQUESTS:
        why = "too many requests; try again later"
    else:
        why = "the back end's own fault; try again later" if answer.is_server_error else "this is not understood"
    return f"{where} answers {status}: {why}"


def _unreachable(url: str, error: Exception) -> str:
    refused = next((one for one in _causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)
    if refused is None:
        return f"{url} is not reached: {str(error) or type(error).__name__}"
    if refused.verify_code in UNTRUSTED:
        return (
            f"{url}: x509: certificate signed by unknown authority ({refused.verify_message}). Set the authority's certificate"
            " as the receiver's ca; or verifySSL: false, with which whoever answers gets the token. It was not sent"
        )
    return f"{url}: x509: {refused.verify_message}. The token was not sent"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
