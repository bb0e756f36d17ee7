"""Ports that another process holds, that one of our own holds, and one whose holder ends while it is asked for."""

import socket
import subprocess
import sys

import psutil
import pytest

from k8s_audit.errors import ToolError
from k8s_audit.local_cluster import ports
from k8s_audit.local_cluster.ports import refuse_taken


def test_a_port_is_refused_unless_its_holder_is_ours_or_has_just_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        port = taken.getsockname()[1]
        me = psutil.Process()
        with pytest.raises(
            ToolError, match=rf"port {port} on 127.0.0.1 is taken by .* \(pid {me.pid}\); end it, or set"
        ):
            refuse_taken({"audit:platform.ports.etcd": port})
        refuse_taken({"audit:platform.ports.etcd": port}, lambda: {me.pid})
        child = subprocess.Popen([sys.executable, "-c", ""])
        held = psutil.Process(child.pid)
        child.wait()
        monkeypatch.setattr(ports, "holder_of", lambda _: held)
        refuse_taken({"audit:platform.ports.etcd": port})
