"""Resources of Pulumi's AWS plugin, made by boto3: those alone that the product has, with the properties that it sets.

A property that is not served is refused by name. Read leaves an input that moto does not hold (a filter's distribution, a
stream's mode where AWS says nothing) as it was.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]


class RefusedError(Exception):
    """What the stand-in or AWS refuses; the text is for the user."""


class GoneError(Exception):
    """It is not there."""


@dataclass
class Kind:
    """One type of resource.

    Args:
        client: makes a client of a service.
    """

    client: Callable[[str], Any]
    served = frozenset[str]()
    """Inputs; all others are refused."""
    replaces = frozenset[str]()

    def check(self, news: Values) -> None:
        if unserved := sorted(key for key in news.keys() - self.served if news[key] not in (None, [], {})):
            raise RefusedError(
                f"the stand-in for the AWS plugin does not serve {', '.join(unserved)} of {type(self).__name__}"
            )

    def create(self, news: Values) -> str:
        raise NotImplementedError

    def read(self, id: str, given: Values) -> Values:
        """Its outputs, the inputs among them; GoneError."""
        raise NotImplementedError

    def update(self, id: str, olds: Values, news: Values) -> None:
        raise RefusedError(f"the stand-in for the AWS plugin cannot update {type(self).__name__}")

    def delete(self, id: str, olds: Values) -> None:
        raise NotImplementedError


class Stream(Kind):
    served = frozenset("name streamModeDetails shardCount retentionPeriod encryptionType kmsKeyId tags".split())
    replaces = frozenset({"name"})

    def create(self, news: Values) -> str:
        kinesis = self.client("kinesis")
        mode = {"StreamMode": news["streamModeDetails"]["streamMode"]}
        count = {"ShardCount": news["shardCount"]} if news.get("shardCount") else {}
        kinesis.create_stream(StreamName=news["name"], StreamModeDetails=mode, **count)
        kinesis.get_waiter("stream_exists").wait(StreamName=news["name"], WaiterConfig={"Delay": 1})
        self._settle(news["name"], 24, news)
        arn: str = self._told(news["name"])["StreamARN"]
        return arn

    def read(self, id: str, given: Values) -> Values:
        name = id.rpartition("/")[2]
        told = self._told(name)
        found = given | {
            "arn": told["StreamARN"],
            "name": name,
            "retentionPeriod": told["RetentionPeriodHours"],
            "streamModeDetails": {"streamMode": told["StreamModeDetails"]["StreamMode"]},
        }
        if given.get("shardCount"):
            found["shardCount"] = told["OpenShardCount"]
        return found

    def update(self, id: str, olds: Values, news: Values) -> None:
        kinesis, name = self.client("kinesis"), news["name"]
        if olds["streamModeDetails"] != news["streamModeDetails"]:
            mode = {"StreamMode": news["streamModeDetails"]["streamMode"]}
            kinesis.update_stream_mode(StreamARN=id, StreamModeDetails=mode)
        if news.get("shardCount") and olds.get("shardCount") != news["shardCount"]:
            kinesis.update_shard_count(
                StreamName=name, TargetShardCount=news["shardCount"], ScalingType="UNIFORM_SCALING"
            )
        self._settle(name, olds["retentionPeriod"], news)

    def delete(self, id: str, olds: Values) -> None:
        self.client("kinesis").delete_stream(StreamARN=id)

    def _settle(self, name: str, hours: int, news: Values) -> None:
        kinesis = self.client("kinesis")
        if news["retentionPeriod"] != hours:
            way = "increase" if news["retentionPeriod"] > hours else "decrease"
            call = getattr(kinesis, f"{way}_stream_retention_period")
            call(StreamName=name, RetentionPeriodHours=news["retentionPeriod"])
        kinesis.start_stream_encryption(StreamName=name, EncryptionType=news["encryptionType"], KeyId=news["kmsKeyId"])

    def _told(self, name: str) -> Any:
        return self.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


class Table(Kind):
    served = frozenset("name billingMode hashKey rangeKey attributes tags".split())
    replaces = frozenset({"name", "hashKey", "rangeKey"})

    def create(self, news: Values) -> str:
        self.client("dynamodb").create_table(
            TableName=news["name"],
            BillingMode=news["billingMode"],
            KeySchema=[
                {"AttributeName": news["hashKey"], "KeyType": "HASH"},
                {"AttributeName": news["rangeKey"], "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[{"AttributeName": a["name"], "AttributeType": a["type"]} for a in news["attributes"]],
        )
        name: str = news["name"]
        return name

    def read(self, id: str, given: Values) -> Values:
        told = self.client("dynamodb").describe_table(TableName=id)["Table"]
        return given | {"name": id, "arn": told["TableArn"], "billingMode": told["BillingModeSummary"]["BillingMode"]}

    def delete(self, id: str, olds: Values) -> None:
        self.client("dynamodb").delete_table(TableName=id)


class Role(Kind):
    served = frozenset("name assumeRolePolicy tags".split())
    replaces = frozenset({"name"})

    def create(self, news: Values) -> str:
        self.client("iam").create_role(RoleName=news["name"], AssumeRolePolicyDocument=news["assumeRolePolicy"])
        name: str = news["name"]
        return name

    def read(self, id: str, given: Values) -> Values:
        told = self.client("iam").get_role(RoleName=id)["Role"]
        return (
            given
            | {"name": id, "arn": told["Arn"]}
            | _document(given, "assumeRolePolicy", told["AssumeRolePolicyDocument"])
        )

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("iam").update_assume_role_policy(RoleName=id, PolicyDocument=news["assumeRolePolicy"])

    def delete(self, id: str, olds: Values) -> None:
        self.client("iam").delete_role(RoleName=id)


class RolePolicy(Kind):
    served = frozenset("name role policy".split())
    replaces = frozenset({"name", "role"})

    def create(self, news: Values) -> str:
        self.update("", {}, news)
        return f"{news['role']}:{news['name']}"

    def read(self, id: str, given: Values) -> Values:
        role, _, name = id.partition(":")
        told = self.client("iam").get_role_policy(RoleName=role, PolicyName=name)
        return given | {"role": role, "name": name} | _document(given, "policy", told["PolicyDocument"])

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("iam").put_role_policy(
            RoleName=news["role"], PolicyName=news["name"], PolicyDocument=news["policy"]
        )

    def delete(self, id: str, olds: Values) -> None:
        role, _, name = id.partition(":")
        self.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


class LogSubscriptionFilter(Kind):
    served = frozenset("name logGroup filterPattern destinationArn roleArn distribution".split())
    replaces = frozenset({"name", "logGroup", "destinationArn"})

    def create(self, news: Values) -> str:
        self.update("", {}, news)
        return f"cwlsf-{news['logGroup']}-{news['name']}"

    def read(self, id: str, given: Values) -> Values:
        told = self.client("logs").describe_subscription_filters(
            logGroupName=given["logGroup"], filterNamePrefix=given["name"]
        )
        for one in told["subscriptionFilters"]:
            if one["filterName"] == given["name"]:
                live = {"filterPattern": one["filterPattern"], "destinationArn": one["destinationArn"]}
                return given | live | ({"roleArn": one["roleArn"]} if given.get("roleArn") else {})
        raise GoneError

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("logs").put_subscription_filter(
            logGroupName=news["logGroup"],
            filterName=news["name"],
            filterPattern=news["filterPattern"],
            destinationArn=news["destinationArn"],
            distribution=news["distribution"],
            **({"roleArn": news["roleArn"]} if news.get("roleArn") else {}),
        )

    def delete(self, id: str, olds: Values) -> None:
        self.client("logs").delete_subscription_filter(logGroupName=olds["logGroup"], filterName=olds["name"])


class LogDestination(Kind):
    served = frozenset("name roleArn targetArn tags".split())
    replaces = frozenset({"name"})

    def create(self, news: Values) -> str:
        self.update("", {}, news)
        name: str = news["name"]
        return name

    def read(self, id: str, given: Values) -> Values:
        told = self.client("logs").describe_destinations(DestinationNamePrefix=id)["destinations"]
        for one in told:
            if one["destinationName"] == id:
                return given | {"arn": one["arn"], "roleArn": one["roleArn"], "targetArn": one["targetArn"]}
        raise GoneError

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("logs").put_destination(
            destinationName=news["name"], targetArn=news["targetArn"], roleArn=news["roleArn"]
        )

    def delete(self, id: str, olds: Values) -> None:
        self.client("logs").delete_destination(destinationName=id)


class LogDestinationPolicy(Kind):
    served = frozenset("destinationName accessPolicy".split())
    replaces = frozenset({"destinationName"})

    def create(self, news: Values) -> str:
        self.update("", {}, news)
        name: str = news["destinationName"]
        return name

    def read(self, id: str, given: Values) -> Values:
        for one in self.client("logs").describe_destinations(DestinationNamePrefix=id)["destinations"]:
            if one["destinationName"] == id and one.get("accessPolicy"):
                return given | _document(given, "accessPolicy", json.loads(one["accessPolicy"]))
        raise GoneError

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("logs").put_destination_policy(
            destinationName=news["destinationName"], accessPolicy=news["accessPolicy"]
        )

    def delete(self, id: str, olds: Values) -> None:
        """AWS has no such call: the policy goes with its destination."""


class Queue(Kind):
    served = frozenset("name messageRetentionSeconds sqsManagedSseEnabled kmsMasterKeyId tags".split())
    replaces = frozenset({"name"})
    attributes = (
        ("messageRetentionSeconds", "MessageRetentionPeriod"),
        ("sqsManagedSseEnabled", "SqsManagedSseEnabled"),
        ("kmsMasterKeyId", "KmsMasterKeyId"),
    )

    def create(self, news: Values) -> str:
        url: str = self.client("sqs").create_queue(QueueName=news["name"], Attributes=self._told(news))["QueueUrl"]
        return url

    def read(self, id: str, given: Values) -> Values:
        sqs = self.client("sqs")
        try:
            told = sqs.get_queue_attributes(QueueUrl=id, AttributeNames=["All"])["Attributes"]
        except sqs.exceptions.QueueDoesNotExist:
            raise GoneError from None
        live = {"messageRetentionSeconds": int(told["MessageRetentionPeriod"])}
        return given | live | {"name": id.rpartition("/")[2], "arn": told["QueueArn"], "url": id}

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=id, Attributes=self._told(news))

    def delete(self, id: str, olds: Values) -> None:
        self.client("sqs").delete_queue(QueueUrl=id)

    def _told(self, news: Values) -> dict[str, str]:
        given = {name: news[key] for key, name in self.attributes if news.get(key) is not None}
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}


class QueuePolicy(Kind):
    served = frozenset("queueUrl policy".split())
    replaces = frozenset({"queueUrl"})

    def create(self, news: Values) -> str:
        self.update("", {}, news)
        url: str = news["queueUrl"]
        return url

    def read(self, id: str, given: Values) -> Values:
        sqs = self.client("sqs")
        try:
            told = sqs.get_queue_attributes(QueueUrl=id, AttributeNames=["Policy"]).get("Attributes", {})
        except sqs.exceptions.QueueDoesNotExist:
            raise GoneError from None
        if not told.get("Policy"):
            raise GoneError
        return given | _document(given, "policy", json.loads(told["Policy"]))

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=news["queueUrl"], Attributes={"Policy": news["policy"]})

    def delete(self, id: str, olds: Values) -> None:
        self.client("sqs").set_queue_attributes(QueueUrl=id, Attributes={"Policy": ""})


class PodIdentityAssociation(Kind):
    served = frozenset("clusterName namespace serviceAccount roleArn tags".split())
    replaces = frozenset({"clusterName", "namespace", "serviceAccount"})

    def create(self, news: Values) -> str:
        made = self.client("eks").create_pod_identity_association(
            clusterName=news["clusterName"],
            namespace=news["namespace"],
            serviceAccount=news["serviceAccount"],
            roleArn=news["roleArn"],
        )
        id: str = made["association"]["associationId"]
        return id

    def read(self, id: str, given: Values) -> Values:
        told = self.client("eks").describe_pod_identity_association(clusterName=given["clusterName"], associationId=id)
        found = told["association"]
        return given | {key: found[key] for key in ("namespace", "serviceAccount", "roleArn")} | {"associationId": id}

    def update(self, id: str, olds: Values, news: Values) -> None:
        self.client("eks").update_pod_identity_association(
            clusterName=news["clusterName"], associationId=id, roleArn=news["roleArn"]
        )

    def delete(self, id: str, olds: Values) -> None:
        self.client("eks").delete_pod_identity_association(clusterName=olds["clusterName"], associationId=id)


class VpcEndpoint(Kind):
    served = frozenset(
        "vpcId serviceName vpcEndpointType privateDnsEnabled subnetIds securityGroupIds routeTableIds tags".split()
    )
    replaces = frozenset("vpcId serviceName vpcEndpointType".split())

    def create(self, news: Values) -> str:
        spelled = {
            "VpcId": "vpcId",
            "ServiceName": "serviceName",
            "VpcEndpointType": "vpcEndpointType",
            "PrivateDnsEnabled": "privateDnsEnabled",
            "SubnetIds": "subnetIds",
            "SecurityGroupIds": "securityGroupIds",
            "RouteTableIds": "routeTableIds",
        }
        given = {key: news[name] for key, name in spelled.items() if news.get(name) is not None}
        id: str = self.client("ec2").create_vpc_endpoint(**given)["VpcEndpoint"]["VpcEndpointId"]
        return id

    def read(self, id: str, given: Values) -> Values:
        found = self.client("ec2").describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
        if not found or found[0]["State"].lower() == "deleted":  # moto goes on to tell of it
            raise GoneError
        return given | {"serviceName": found[0]["ServiceName"], "vpcId": found[0]["VpcId"]}

    def delete(self, id: str, olds: Values) -> None:
        self.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[id])


class SecurityGroupIngressRule(Kind):
    served = frozenset("securityGroupId referencedSecurityGroupId ipProtocol fromPort toPort description tags".split())
    replaces = frozenset({"securityGroupId"})

    def create(self, news: Values) -> str:
        made = self.client("ec2").authorize_security_group_ingress(
            GroupId=news["securityGroupId"],
            IpPermissions=[
                {
                    "IpProtocol": news["ipProtocol"],
                    "FromPort": news["fromPort"],
                    "ToPort": news["toPort"],
                    "UserIdGroupPairs": [{"GroupId": news["referencedSecurityGroupId"]}],
                }
            ],
        )
        id: str = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]
        return id

    def read(self, id: str, given: Values) -> Values:
        found = self.client("ec2").describe_security_group_rules(SecurityGroupRuleIds=[id])["SecurityGroupRules"]
        if not found:
            raise GoneError
        return given | {"fromPort": found[0]["FromPort"], "toPort": found[0]["ToPort"], "securityGroupRuleId": id}

    def delete(self, id: str, olds: Values) -> None:
        self.client("ec2").revoke_security_group_ingress(GroupId=olds["securityGroupId"], SecurityGroupRuleIds=[id])


def get_cluster(client: Callable[[str], Any], name: str) -> Values:
    """The invoke `aws:eks/getCluster:getCluster`."""
    try:
        found = client("eks").describe_cluster(name=name)["cluster"]
    except client("eks").exceptions.ResourceNotFoundException:
        raise RefusedError(f"reading EKS Cluster ({name}): couldn't find resource") from None
    network = found["resourcesVpcConfig"]
    return {
        "id": name,
        "name": name,
        "arn": found["arn"],
        "endpoint": found["endpoint"],
        "status": found["status"],
        "version": found["version"],
        "roleArn": found["roleArn"],
        "certificateAuthorities": [{"data": ""}],
        "identities": [{"oidcs": [{"issuer": found["identity"]["oidc"]["issuer"]}]}],
        "vpcConfig": {
            "vpcId": network["vpcId"],
            "clusterSecurityGroupId": network["clusterSecurityGroupId"],
            "subnetIds": network["subnetIds"],
            "securityGroupIds": [],
            "endpointPrivateAccess": False,
            "endpointPublicAccess": True,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
    }


KINDS: dict[str, type[Kind]] = {
    "aws:kinesis/stream:Stream": Stream,
    "aws:dynamodb/table:Table": Table,
    "aws:iam/role:Role": Role,
    "aws:iam/rolePolicy:RolePolicy": RolePolicy,
    "aws:cloudwatch/logSubscriptionFilter:LogSubscriptionFilter": LogSubscriptionFilter,
    "aws:cloudwatch/logDestination:LogDestination": LogDestination,
    "aws:cloudwatch/logDestinationPolicy:LogDestinationPolicy": LogDestinationPolicy,
    "aws:sqs/queue:Queue": Queue,
    "aws:sqs/queuePolicy:QueuePolicy": QueuePolicy,
    "aws:eks/podIdentityAssociation:PodIdentityAssociation": PodIdentityAssociation,
    "aws:ec2/vpcEndpoint:VpcEndpoint": VpcEndpoint,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": SecurityGroupIngressRule,
}


def _document(given: Values, key: str, live: Any) -> Values:
    """A policy as it was written, unless it says something else now."""
    written = given.get(key)
    same = written is not None and json.loads(written) == live
    return {key: written if same else json.dumps(live, sort_keys=True)}
