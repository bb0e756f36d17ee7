from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from k8s_audit.local_cluster import LocalCluster
from tests.vendors.charts import Vendors, folder


@pytest.fixture(scope="session")
def charts_dir() -> Path:
    """The vendors' charts."""
    return folder()


@pytest.fixture(scope="session")
def vendors(charts_dir: Path, cluster: LocalCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    """Charts in a cache of the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("K8S_AUDIT_CACHE", str(tmp_path_factory.mktemp("a cache")))
        yield Vendors(cluster)


@pytest.fixture(scope="session")
def render_and_apply(vendors: Vendors) -> Callable[[str, dict[str, Any]], list[dict[str, Any]]]:
    """Renders a chart with values, has a real kube-apiserver judge all objects, and returns them."""
    return vendors.render_and_apply
