"""What minikube keeps of audit logging on this machine: two files that each start puts on the node, and the flags in the profile.

It is brought into step with a node only when that node's API server runs with them: a start that finds a bad file deletes the cluster and makes a new one.
Files: https://minikube.sigs.k8s.io/docs/handbook/filesync/
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from k8s_audit.errors import HostError
from k8s_audit.platforms.minikube.node import file_paths
from k8s_audit.platforms.minikube.profile import Profile, in_step, parse, path_of
from k8s_audit.whole_file import write_whole


@dataclass(frozen=True)
class Kept:
    """minikube's own memory of one profile.

    Args:
        folder: minikube's.
        name: of the profile.
    """

    folder: Path
    name: str

    @property
    def policy(self) -> Path:
        """The file with the audit policy."""
        return self._file(file_paths(self.name)[0])

    @property
    def webhook(self) -> Path:
        """The file with the webhook kubeconfig."""
        return self._file(file_paths(self.name)[1])

    def profile(self) -> Profile | None:
        """The profile; None: there is none.

        Raises:
            HostError: it cannot be read.
        """
        text = self._text()
        return None if text is None else parse(text, self.name)

    def holds(self, policy: str, webhook: str, flags: Mapping[str, str]) -> bool:
        """Whether a start would set up just this."""
        return not self.plan(policy, webhook, flags)

    def plan(self, policy: str, webhook: str, flags: Mapping[str, str]) -> list[str]:
        """What `keep` would do, in words that show no content."""
        told = [
            f"write {path}" for path, text in ((self.policy, policy), (self.webhook, webhook)) if _read(path) != text
        ]
        text = self._text() or ""
        if in_step(text, flags, self.name) != text:
            told.append(
                f"bring ExtraOptions of {path_of(self.folder, self.name)} into step, so that `minikube start` keeps it"
            )
        return told

    def keep(self, policy: str, webhook: str, flags: Mapping[str, str]) -> None:
        """Have each start set up just this; the files first, since a start needs them as soon as the flags are there.

        Raises:
            HostError: it cannot be written.
        """
        try:
            self.policy.parent.mkdir(parents=True, exist_ok=True)
            for path, text in ((self.policy, policy), (self.webhook, webhook)):
                if _read(path) != text:
                    write_whole(path, text, 0o600)
        except OSError as error:
            raise HostError(f"{self.policy.parent} cannot be written: {error.strerror}") from None
        self._set(flags)

    def forget(self, flags: Mapping[str, str]) -> None:
        """Have each start set up what was there before us: the flags first, and then no files of ours.

        Args:
            flags: of audit logging, that were there before.

        Raises:
            HostError: it cannot be written.
        """
        self._set(flags)
        try:
            for path in (self.policy, self.webhook):
                path.unlink(missing_ok=True)
            for folder in self.policy.parents:
                if folder == self.folder / "files" or not folder.is_dir() or any(folder.iterdir()):
                    break
                folder.rmdir()
        except OSError as error:
            raise HostError(f"{self.policy.parent} cannot be removed: {error.strerror}") from None

    def _file(self, path: str) -> Path:
        return self.folder / "files" / path.lstrip("/")

    def _set(self, flags: Mapping[str, str]) -> None:
        text = self._text()
        if text is None or (made := in_step(text, flags, self.name)) == text:
            return
        path = path_of(self.folder, self.name)
        try:
            write_whole(path, made, path.stat().st_mode & 0o777)
        except OSError as error:
            raise HostError(f"{path} cannot be written: {error.strerror}") from None

    def _text(self) -> str | None:
        path = path_of(self.folder, self.name)
        try:
            return path.read_text("utf-8")
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise HostError(f"{path} cannot be read: {getattr(error, 'strerror', 'no text')}") from None


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return None
