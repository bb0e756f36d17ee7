"""One stack, one cluster: reads its file, composes receiver and platform, exports what they yield."""

import sys
from pathlib import Path

import pulumi

from k8s_audit.config.engine import engine_values
from k8s_audit.config.places import stack_folder
from k8s_audit.config.stack import load_stack
from k8s_audit.errors import K8sAuditError
from k8s_audit.stack import compose

try:
    stack = load_stack(*engine_values())
    outputs = compose(stack, stack_folder(Path.cwd(), pulumi.get_stack()))
except K8sAuditError as error:
    pulumi.log.error(str(error))
    sys.exit(1)
for name, value in outputs.items():
    pulumi.export(name, value)
