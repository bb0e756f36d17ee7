"""What the clouds' own forwarders (`audit:forwarder: sysdig`) ask of a receiver: they have no way to present anything."""

from k8s_audit.errors import ConfigError
from k8s_audit.receivers.args import ReceiverArgs

CREDENTIALS = ("ca", "client_certificate", "client_key", "token", "username", "tls_server_name")


def missing_of(endpoint: ReceiverArgs) -> list[str]:
    """What a receiver asks for that these forwarders cannot give."""
    return [key for key in CREDENTIALS if endpoint.get(key)]


def judge_receiver(endpoint: ReceiverArgs) -> None:
    """Refuse a receiver that they cannot serve.

    Raises:
        ConfigError: it asks for credentials, or has an authority of its own.
    """
    if missing := missing_of(endpoint):
        raise ConfigError(
            [
                f"audit:forwarder: sysdig sends no credentials and trusts public authorities alone; receiver {endpoint['name']}"
                f" needs {', '.join(missing)}"
            ]
        )
