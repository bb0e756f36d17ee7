"""For all tests: the longest first, so that no worker of a parallel run is left with one at the end."""

import pytest

LONGEST = ("test_kills", "test_local_stack", "test_bad_input", "test_kubeadm_stack", "test_malformed", "test_package")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order by file: those of LONGEST first, then `control_plane`, then the rest as it was."""

    def rank(item: pytest.Item) -> int:
        if item.path.stem in LONGEST:
            return LONGEST.index(item.path.stem)
        return len(LONGEST) + (item.path.parent.name != "control_plane")

    items.sort(key=rank)
