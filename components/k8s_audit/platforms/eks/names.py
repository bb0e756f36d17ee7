"""Names in AWS: what each service allows, the same at each run, and different for each cluster.

Limits: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html (role 64, policy 128),
https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html (128),
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html (255),
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html (512),
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDestination.html (512),
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html (80).
"""

import hashlib

ROLE, POLICY, STREAM, TABLE, FILTER, DESTINATION, QUEUE = 64, 128, 128, 255, 512, 512, 80
"""Characters that a name may have."""
PREFIX = "k8s-audit"
DIGEST = 8


def log_group(cluster: str) -> str:
    """Where EKS writes a cluster's logs; EKS alone decides it."""
    return f"/aws/eks/{cluster}/cluster"


def fitted(limit: int, region: str, cluster: str, part: str) -> str:
    """`k8s-audit-<cluster>-<part>-<digest>`, the cluster's name cut where the limit asks for it.

    The digest is of region and cluster: IAM's names are those of the whole account, and two long names may begin alike.

    Args:
        limit: characters that the name may have.
        region: the cluster's.
        cluster: its name.
        part: what it is the name of, such as `delivery`.
    """
    digest = hashlib.sha256(f"{region}/{cluster}".encode()).hexdigest()[:DIGEST]
    room = limit - len(f"{PREFIX}--{part}-{digest}")
    return f"{PREFIX}-{cluster[:room].rstrip('-')}-{part}-{digest}"


def endpoint_service(region: str, service: str) -> str:
    """The name of a VPC endpoint's service.

    China has two prefixes: https://docs.amazonaws.cn/en_us/vpc/latest/privatelink/aws-services-privatelink-support.html

    Args:
        region: where the VPC is.
        service: `kinesis-streams`, `dynamodb`, `sqs`, `logs`, `sts` or `eks-auth`.
    """
    china = region.startswith("cn-") and service not in ("dynamodb", "logs")
    return f"{'cn.' if china else ''}com.amazonaws.{region}.{service}"
