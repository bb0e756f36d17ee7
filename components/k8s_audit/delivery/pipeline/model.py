"""A pipeline as data: where records come from, how they become events, which are dropped, where the others go.

What is said here is public: secrets lie in files and variables of the pod that runs the pipeline, and only their places are named.
"""

from dataclasses import dataclass, field
from typing import Literal

from k8s_audit.receivers.endpoint import BODY_LIMIT, EVENT_LIMIT

FOR_EVER = 2**31 - 1
Decoder = Literal["eks", "gke", "aks", "openshift", "iks"]
"""How a record becomes events; each cloud has its own shape of a record."""


@dataclass(frozen=True)
class KinesisSource:
    """A Kinesis data stream; the service account's identity reads it.

    Args:
        stream: its name, or its ARN where it lies in another account.
        region: of the stream and of the table.
        table: the DynamoDB table for positions, which is there already.
        role_arn: a role to take on for both.
        external_id: asked for by that role's trust.
    """

    stream: str
    region: str
    table: str
    role_arn: str | None = None
    external_id: str | None = None


@dataclass(frozen=True)
class PubSubSource:
    """A Pub/Sub subscription.

    Args:
        project: its project's ID.
        subscription: its name in that project.
    """

    project: str
    subscription: str


@dataclass(frozen=True)
class KafkaSource:
    """An Event Hub by its Kafka endpoint, TLS and SASL PLAIN; the connection string comes by EVENT_HUBS_CONNECTION_STRING.

    Args:
        brokers: such as `name.servicebus.windows.net:9093`.
        topic: the hub's name.
        group: the consumer group, whose offsets the hub keeps.
        authority: path of the PEM that signed the brokers' certificate; None: the image's own authorities.
    """

    brokers: tuple[str, ...]
    topic: str
    group: str
    authority: str | None = None


@dataclass(frozen=True)
class HttpSource:
    """An HTTPS server of its own, to which a collector in the cluster, or an API server, POSTs. Files are paths in the pod.

    Args:
        port: TCP.
        path: of the URL.
        certificate_file: PEM of the server's certificate.
        key_file: PEM of its key.
    """

    port: int
    path: str
    certificate_file: str
    key_file: str


@dataclass(frozen=True)
class Annotation:
    """What each event is told of its cluster.

    Args:
        cluster: its name; None: as the record says.
        region: its region; None: as the record or the source says.
    """

    cluster: str | None = None
    region: str | None = None


@dataclass(frozen=True)
class Filter:
    """Drops an event that matches all that is given; within one field, any. `*` is any text, `?` any character.

    Args:
        users: names, such as `system:node:*`.
        verbs: such as `get`.
        resources: such as `pods`, `pods/exec`, `*`; a request for no resource matches none.
        namespaces: a request in no namespace matches none.
    """

    users: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Batch:
    """How events are put together.

    Args:
        max_events: of one POST.
        period: how long an event waits for others at most.
    """

    max_events: int = 500
    period: str = "500ms"


@dataclass(frozen=True)
class Sink:
    """The receiver. Files are paths in the pod; token and password are read anew for each request.

    Args:
        url: takes EventLists by POST.
        body_limit: bytes of the largest body that it takes.
        event_limit: bytes of the largest event that it takes.
        authority_file: PEM that signed its certificate; None: the image's own authorities.
        client_certificate_file: PEM; goes with `client_key_file`.
        client_key_file: PEM.
        token_file: sent as `Authorization: Bearer`.
        username: sent with `password_file` as HTTP basic authentication.
        password_file: the password alone.
        tls_server_name: must be the URL's own host, since Bento asks for no other.
        max_in_flight: POSTs at a time.
        retries: how often what the receiver does not take is tried again here, before whoever sent it is told.
    """

    url: str
    body_limit: int = BODY_LIMIT
    event_limit: int = EVENT_LIMIT
    authority_file: str | None = None
    client_certificate_file: str | None = None
    client_key_file: str | None = None
    token_file: str | None = None
    username: str | None = None
    password_file: str | None = None
    tls_server_name: str | None = None
    max_in_flight: int = 8
    retries: int = FOR_EVER


@dataclass(frozen=True)
class SqsDeadLetter:
    """An SQS queue; the service account's identity writes to it.

    Args:
        queue_url: its URL.
        region: its region.
    """

    queue_url: str
    region: str


@dataclass(frozen=True)
class PubSubDeadLetter:
    """A Pub/Sub topic.

    Args:
        project: its project's ID.
        topic: its name in that project.
    """

    project: str
    topic: str


@dataclass(frozen=True)
class KafkaDeadLetter:
    """An Event Hub by its Kafka endpoint; the connection string comes by DEAD_LETTER_CONNECTION_STRING.

    Args:
        brokers: as KafkaSource's.
        topic: the hub's name.
        authority: as KafkaSource's.
    """

    brokers: tuple[str, ...]
    topic: str
    authority: str | None = None


@dataclass(frozen=True)
class LogDeadLetter:
    """The pod's own log, where there is no queue: a line with the reason and, where it can be read, the event's ID. No content is in it:
    the API server's own log file has that, where its maker lets one read it."""


Source = KinesisSource | PubSubSource | KafkaSource | HttpSource
DeadLetter = SqsDeadLetter | PubSubDeadLetter | KafkaDeadLetter | LogDeadLetter


@dataclass(frozen=True)
class Pipeline:
    """All of it.

    Args:
        source: what is read.
        decoder: how a record becomes events.
        sink: who takes them.
        dead_letter: where goes what no one can take, with the reason.
        annotation: what each event is told of its cluster.
        filters: each drops the events that it matches.
        batch: how events are put together.
    """

    source: Source
    decoder: Decoder
    sink: Sink
    dead_letter: DeadLetter
    annotation: Annotation = field(default_factory=Annotation)
    filters: tuple[Filter, ...] = ()
    batch: Batch = field(default_factory=Batch)
