"""The recorder: a receiver that writes each audit event it is sent to a file, on this machine."""

from k8s_audit.receivers.recorder.process import Recorder, RecorderStatus

__all__ = ["Recorder", "RecorderStatus"]
