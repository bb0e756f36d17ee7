"""The plugin, killed by a test: once a step of the journal is written, SIGKILL to the CLI, to itself, or to both.

The product knows nothing of this; a project of a test names this plugin instead of the real one.
"""

import os
import signal
import sys
import time
from pathlib import Path

from k8s_audit.control_plane.journal import Journal, Record
from k8s_audit.provider.plugin import main

STEP, WHOM, ONCE = (os.environ.get(name, "") for name in ("MORTAL_STEP", "MORTAL_WHOM", "MORTAL_ONCE"))
write = Journal.write


def mortal_write(journal: Journal, record: Record) -> None:
    write(journal, record)
    if record.step != STEP or Path(ONCE).exists():
        return
    Path(ONCE).write_text(str(os.getpid()))
    if WHOM in ("cli", "both"):
        os.kill(os.getppid(), signal.SIGKILL)
    if WHOM in ("plugin", "both"):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(3)  # until the plugin has noticed that the engine is gone


if __name__ == "__main__":
    Journal.write = mortal_write  # type: ignore[method-assign, assignment]
    sys.argv[0] = "pulumi-resource-k8s-audit"
    main()
