"""Kubeconfigs of servers that tests start."""

from pathlib import Path


def plain(url: str, folder: Path) -> Path:
    """One that reaches a URL without credentials."""
    file = folder / "kubeconfig"
    file.write_text(
        f"clusters: [{{name: a, cluster: {{server: '{url}'}}}}]\nusers: [{{name: u, user: {{}}}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: u}}]\ncurrent-context: a\n"
    )
    return file
