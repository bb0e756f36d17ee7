"""A pipeline of each cloud, as a forwarder may have it."""

from k8s_audit.delivery.pipeline.model import (
    Annotation,
    Batch,
    Filter,
    HttpSource,
    KafkaDeadLetter,
    KafkaSource,
    KinesisSource,
    LogDeadLetter,
    Pipeline,
    PubSubDeadLetter,
    PubSubSource,
    Sink,
    SqsDeadLetter,
)

FOLDER = "/var/run/secrets/k8s-audit"
BROKERS = ("audit.servicebus.windows.net:9093",)
EKS = Pipeline(
    source=KinesisSource("arn:aws:kinesis:eu-west-1:111122223333:stream/audit", "eu-west-1", "audit-positions"),
    decoder="eks",
    sink=Sink("http://falco-k8saudit.falco:9765/k8s-audit", 12 * 2**20, 256 * 2**10),
    dead_letter=SqsDeadLetter("https://sqs.eu-west-1.amazonaws.com/111122223333/audit-dead", "eu-west-1"),
)
GKE = Pipeline(
    source=PubSubSource("audit-project", "audit"),
    decoder="gke",
    sink=Sink("https://receiver.example.com/events", username="audit", password_file=f"{FOLDER}/password"),
    dead_letter=PubSubDeadLetter("audit-project", "audit-dead"),
    annotation=Annotation("payments-1", "europe-west4"),
)
AKS = Pipeline(
    source=KafkaSource(BROKERS, "audit", "k8s-audit-payments-1"),
    decoder="aks",
    sink=Sink(
        "https://receiver.example.com:8443/events",
        authority_file=f"{FOLDER}/ca.pem",
        client_certificate_file=f"{FOLDER}/client.pem",
        client_key_file=f"{FOLDER}/client-key.pem",
        token_file=f"{FOLDER}/token",
        max_in_flight=4,
    ),
    dead_letter=KafkaDeadLetter(BROKERS, "audit-dead"),
    annotation=Annotation("payments-2", "westeurope"),
    filters=(
        Filter(users=("system:node:*", "system:kube-*"), verbs=("get", "watch")),
        Filter(resources=("leases", "pods/status"), namespaces=("kube-?ystem",)),
    ),
    batch=Batch(max_events=100, period="200ms"),
)
OPENSHIFT = Pipeline(
    source=HttpSource(8443, "/", f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key"),
    decoder="openshift",
    sink=Sink("https://receiver.example.com/events", token_file=f"{FOLDER}/token"),
    dead_letter=LogDeadLetter(),
    annotation=Annotation("payments-3"),
    filters=(Filter(users=("system:node:*",), verbs=("get",)),),
)
IKS = Pipeline(
    source=HttpSource(8443, "/", f"{FOLDER}/tls.crt", f"{FOLDER}/tls.key"),
    decoder="iks",
    sink=Sink("http://falco-k8saudit.falco:9765/k8s-audit", 12 * 2**20, 256 * 2**10),
    dead_letter=LogDeadLetter(),
    annotation=Annotation("payments-4"),
)
PIPELINES = {"eks": EKS, "gke": GKE, "aks": AKS, "openshift": OPENSHIFT, "iks": IKS}
