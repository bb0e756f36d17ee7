"""A cluster's log types switched on and off, without owning the cluster.

Others' types stay as they are; only what we switched on is switched off again. EKS makes one change of a cluster at a time.
API: https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event
from typing import Any

from k8s_audit.errors import CloudError
from k8s_audit.platforms.eks.session import asked, code_of

SHORTEST, LONGEST = 0.5, 10.0
"""Seconds between two looks: the first and the longest one."""
BUSY = "ResourceInUseException"


@dataclass(frozen=True)
class ClusterLogging:
    """The logging of one cluster.

    Args:
        eks: boto3's client.
        cluster: its name.
        timeout: seconds for all that one call of ours does, a busy cluster waited for included.
        stop: is set when we must end.
        say: shows a line to the user.
    """

    eks: Any
    cluster: str
    timeout: float
    stop: Event
    say: Callable[[str], None]

    def enabled(self) -> set[str]:
        """The types that are on.

        Raises:
            CloudError: there is no such cluster, or it may not be read.
        """
        with asked(f"cluster {self.cluster}"):
            found = self.eks.describe_cluster(name=self.cluster)["cluster"]
        setups = found.get("logging", {}).get("clusterLogging", [])
        return {name for setup in setups if setup.get("enabled") for name in setup["types"]}

    def switch(
        self, types: Iterable[str], on: bool, begun: Callable[[set[str]], None] = lambda types: None
    ) -> set[str]:
        """Switch types on or off, and wait until EKS has done it.

        Args:
            types: the ones to switch.
            on: the way.
            begun: is told what is being switched as soon as EKS has taken it: from then on it is ours to undo.

        Returns:
            those that were not so before.

        Raises:
            CloudError: EKS refuses or fails, or it takes too long.
        """
        until = time.monotonic() + self.timeout
        pause = SHORTEST
        while True:
            wanted = {name for name in types if (name in self.enabled()) != on}
            if not wanted:
                return set()
            try:
                update = self._begin(wanted, on)
            except Exception as error:
                if code_of(error) != BUSY:
                    with asked(f"cluster {self.cluster}: logging"):
                        raise
                self.say(f"cluster {self.cluster} is busy with another change; waiting for it")
                pause = self._wait(pause, until, "another change of the cluster is still under way")
                continue
            begun(wanted)
            self._finish(update, until)
            return wanted

    def _begin(self, types: set[str], on: bool) -> str:
        setup = {"types": sorted(types), "enabled": on}
        answer = self.eks.update_cluster_config(name=self.cluster, logging={"clusterLogging": [setup]})
        return str(answer["update"]["id"])

    def _finish(self, update: str, until: float) -> None:
        pause = SHORTEST
        while True:
            with asked(f"cluster {self.cluster}: update {update}"):
                found = self.eks.describe_update(name=self.cluster, updateId=update)["update"]
            if found["status"] == "Successful":
                return
            if found["status"] != "InProgress":
                told = "; ".join(f"{e.get('errorCode')}: {e.get('errorMessage')}" for e in found.get("errors", []))
                raise CloudError(
                    f"cluster {self.cluster}: update {update}: {found['status']}: {told or 'EKS gives no reason'}"
                )
            pause = self._wait(pause, until, f"EKS has not finished update {update}")

    def _wait(self, pause: float, until: float, why: str) -> float:
        if time.monotonic() + pause > until:
            raise CloudError(f"cluster {self.cluster}: {why} after {self.timeout:g} s")
        if self.stop.wait(pause):
            raise CloudError(f"cluster {self.cluster}: stopped while waiting: {why}")
        return min(pause * 2, LONGEST)
