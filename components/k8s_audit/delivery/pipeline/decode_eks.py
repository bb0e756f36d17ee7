"""A CloudWatch subscription message becomes one message an event: the text of each log event as it is, and the cluster's name.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#DestinationKinesisExample,
https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html. Whether a text is an audit event is judged in event.py.
"""

from k8s_audit.delivery.pipeline.event import Decoding

MAPPING = r"""
meta cluster = this.logGroup.re_find_all_submatch("^/aws/eks/(.+)/cluster$").index(0).index(1).catch(deleted())
meta skipped = if this.messageType == "CONTROL_MESSAGE" { "control message" }
root = match {
  this.messageType == "CONTROL_MESSAGE" => ["of CloudWatch itself"]
  this.messageType == "DATA_MESSAGE" && this.logEvents.type() == "array" => this.logEvents.map_each(each -> each.message)
  _ => throw("no message of a CloudWatch subscription")
}
""".strip()


def decode_eks() -> Decoding:
    """Of one message that is decompressed."""
    return Decoding([{"mapping": MAPPING}, {"unarchive": {"format": "json_array"}}, {"mapping": "root = this"}])
