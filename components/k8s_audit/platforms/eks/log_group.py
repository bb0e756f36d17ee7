"""The log group of a cluster's logs: made before EKS makes it (without an end), or taken over as it is.

Never deleted: it holds the evidence. A group that was there before gets its old retention back.
API: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from k8s_audit.errors import CloudError
from k8s_audit.platforms.eks.session import asked, code_of

FILTERS = 2
"""Subscription filters that a log group may have; AWS raises it for nobody."""
FOR_EVER = 0
"""Days of a group that keeps all."""


@dataclass(frozen=True)
class Found:
    """A log group as it is.

    Args:
        arn: without the `:*` that some calls put behind it.
        retention_days: 0: for ever.
        kms_key: ARN; None: AWS's own.
    """

    arn: str
    retention_days: int
    kms_key: str | None


@dataclass(frozen=True)
class LogGroup:
    """One log group.

    Args:
        logs: boto3's client.
        name: the group's.
    """

    logs: Any
    name: str

    def find(self) -> Found | None:
        """What is there; None: nothing."""
        with asked(f"log group {self.name}"):
            pages = self.logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=self.name)
            groups = [group for page in pages for group in page["logGroups"]]
        for group in groups:
            if group["logGroupName"] == self.name:
                arn = str(group["arn"]).removesuffix(":*")
                return Found(arn, group.get("retentionInDays", FOR_EVER), group.get("kmsKeyId"))
        return None

    def require_room(self, filter_name: str) -> None:
        """Refuse a group whose subscription filters are all others'.

        Args:
            filter_name: ours, which is to be there beside them.

        Raises:
            CloudError: there is no room; the text names them.
        """
        with asked(f"log group {self.name}: subscription filters"):
            found = self.logs.describe_subscription_filters(logGroupName=self.name)["subscriptionFilters"]
        others = [one for one in found if one["filterName"] != filter_name]
        if len(others) >= FILTERS:
            told = ", ".join(f"{one['filterName']} (to {one['destinationArn']})" for one in others)
            raise CloudError(
                f"log group {self.name} has {len(others)} subscription filters, and CloudWatch Logs allows {FILTERS}:"
                f" {told}. Remove one, or let its reader read from our stream"
            )

    def ensure(self, retention_days: int, kms_key: str | None, tags: Mapping[str, str]) -> Found:
        """Make it, or bring the one that is there to these settings.

        Args:
            retention_days: as CloudWatch Logs allows them; 0: for ever.
            kms_key: ARN; None: what is there stays.
            tags: are added.
        """
        there = self.find()
        with asked(f"log group {self.name}"):
            if there is None:
                self._create(kms_key, tags)
            there = self.find()
            if there is None:
                raise CloudError(f"log group {self.name}: was made, and is not there")
            if kms_key and there.kms_key != kms_key:
                self.logs.associate_kms_key(logGroupName=self.name, kmsKeyId=kms_key)
            if tags:
                self.logs.tag_resource(resourceArn=there.arn, tags=dict(tags))
        self.keep(retention_days)
        return Found(there.arn, retention_days, kms_key or there.kms_key)

    def keep(self, days: int) -> None:
        """How long events stay; 0: for ever."""
        with asked(f"log group {self.name}: retention of {days} days"):
            if days:
                self.logs.put_retention_policy(logGroupName=self.name, retentionInDays=days)
            else:
                self.logs.delete_retention_policy(logGroupName=self.name)

    def _create(self, kms_key: str | None, tags: Mapping[str, str]) -> None:
        key = {"kmsKeyId": kms_key} if kms_key else {}
        try:
            self.logs.create_log_group(logGroupName=self.name, tags=dict(tags), **key)
        except Exception as error:
            if code_of(error) != "ResourceAlreadyExistsException":  # EKS was faster
                raise
