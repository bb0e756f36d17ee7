"""Who asks Google Cloud: the same as Pulumi's provider would, by the same settings and variables. Nobody is asked here."""

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from k8s_audit.errors import CloudError
from k8s_audit.platforms.gke.session import HELD, IMPERSONATED, SCOPE, TOKEN, Access

ROBOT, OTHER = "robot@payments.iam.gserviceaccount.com", "audit@payments.iam.gserviceaccount.com"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Surroundings without credentials."""
    for name in (*HELD, TOKEN, IMPERSONATED, "GOOGLE_APPLICATION_CREDENTIALS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.fixture(scope="module")
def key() -> str:
    """A service account's key, as Google exports it."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "payments",
            "private_key": pem.decode(),
            "client_email": ROBOT,
            "token_uri": "https://oauth2.googleapis.com/token",
        }
    )


def asks(access: Access) -> Any:
    return access.session().http.credentials


def test_a_file_of_credentials_is_taken_by_its_path_and_from_the_surroundings_by_its_contents_too(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key.json"
    file.write_text(key)
    assert asks(Access(credentials=str(file))).service_account_email == ROBOT
    for held in (key, str(file)):
        monkeypatch.setenv("GOOGLE_CREDENTIALS", held)
        assert asks(Access()).service_account_email == ROBOT
        assert asks(Access()).scopes == [SCOPE]


def test_a_token_comes_before_all_else(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CREDENTIALS", key)
    monkeypatch.setenv(TOKEN, "a-token")
    assert asks(Access()).token == "a-token"


def test_another_service_account_asks_where_one_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "a-token")
    monkeypatch.setenv(IMPERSONATED, ROBOT)
    assert asks(Access()).service_account_email == ROBOT
    assert asks(Access(impersonate=OTHER)).service_account_email == OTHER


def test_no_credentials_and_faulty_ones_are_one_message_without_a_word_of_theirs(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CloudError, match=r"credentials for Google Cloud: .*not found"):
        Access().session()
    with pytest.raises(CloudError, match="credentials for Google Cloud: "):
        Access(credentials="/nowhere.json").session()
    broken = json.loads(key)
    for held in ('{"type": PEM-4711', json.dumps(broken | {"private_key": "PEM-4711"}), '{"type": "PEM"}'):
        monkeypatch.setenv("GOOGLE_CREDENTIALS", held)
        with pytest.raises(CloudError) as raised:
            Access().session()
        assert "4711" not in str(raised.value)
