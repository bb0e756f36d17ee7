"""Names of what we make in a cloud: within its limits, the same at each run, and different for each cluster."""

import hashlib

PREFIX = "k8s-audit"
DIGEST = 8


def fitted(limit: int, scope: str, cluster: str, part: str) -> str:
    """`k8s-audit-<cluster>-<part>-<digest>`, the cluster's name cut where the limit asks for it.

    The digest is of scope and cluster: many names are those of a whole account or project, and two long names may begin alike.

    Args:
        limit: characters that the name may have.
        scope: where a cluster of this name is the only one, such as a region.
        cluster: its name.
        part: what it is the name of, such as `delivery`.
    """
    digest = hashlib.sha256(f"{scope}/{cluster}".encode()).hexdigest()[:DIGEST]
    room = limit - len(f"{PREFIX}--{part}-{digest}")
    return f"{PREFIX}-{cluster[:room].rstrip('-')}-{part}-{digest}"
