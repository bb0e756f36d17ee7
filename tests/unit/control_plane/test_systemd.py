"""What systemd tells of a service, as it prints it."""

from typing import Any
from unittest.mock import Mock

import pytest

from k8s_audit.control_plane import systemd
from k8s_audit.control_plane.host import Output
from k8s_audit.errors import ChangeError, HostError

SHOWN = """\
LoadState=loaded
MainPID=4711
NRestarts={}
ExecMainStartTimestampMonotonic=12345678
ExecStart={{ path=/usr/local/bin/k3s ; argv[]=/usr/local/bin/k3s server --debug ; ignore_errors=no ; start_time=[n/a] ; pid=0 }}
"""


def host(*outputs: Output) -> Any:
    made = Mock(run=Mock(side_effect=outputs))
    made.name = "cp-1"
    return made


def test_a_unit_is_read_and_one_that_is_not_there_is_known() -> None:
    found = systemd.unit(host(Output(0, SHOWN.format(2))), "k3s")
    assert found == systemd.Unit(True, 4711, 12.345678, 2, ("/usr/local/bin/k3s", "server", "--debug"))
    gone = systemd.unit(host(Output(0, "LoadState=not-found\nMainPID=0\nExecMainStartTimestampMonotonic=\n")), "k3s")
    assert gone == systemd.Unit(False, 0, 0, 0, ())
    with pytest.raises(HostError, match=r"host cp-1: systemctl show k3s: System has not been booted"):
        systemd.unit(host(Output(1, "", "System has not been booted with systemd")), "k3s")


def test_restarts_count_from_ours_on() -> None:
    old, fresh = (systemd.unit(host(Output(0, SHOWN.format(number))), "k3s") for number in (7, 0))
    crashes = systemd.Crashes(host(), "k3s")
    crashes.look(old)
    crashes.look(fresh)
    with pytest.raises(ChangeError, match="service k3s ended 7 times after its restart"):
        crashes.look(old)
