"""Which stacks a change of files touches."""

from pathlib import Path

from k8s_audit.cli.touched import stacks_of


def test_a_stack_is_touched_by_its_file_and_what_that_names_and_all_by_what_all_are_made_of(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "audit").mkdir()
    for name in ("policy.yaml", "ca.pem", "all.pem"):
        (tmp_path / "audit" / name).write_text("x")
    (tmp_path / "Pulumi.yaml").write_text(
        "name: audit\nconfig: {audit:receivers: {value: [{caFile: audit/all.pem}]}}\n"
    )
    (tmp_path / "stacks" / "Pulumi.a.yaml").write_text("config: {audit:policy: {file: audit/policy.yaml}}\n")
    (tmp_path / "stacks" / "Pulumi.b.yaml").write_text("config: {audit:receivers: [{caFile: ./audit/ca.pem}]}\n")

    def touched(*files: str) -> list[str]:
        return stacks_of(list(files), ["a", "b"], tmp_path)

    assert touched("stacks/Pulumi.b.yaml") == ["b"]
    assert touched("audit/policy.yaml") == ["a"]
    assert touched("audit/ca.pem", "README.md") == ["b"]
    assert touched("audit/all.pem") == touched("components/x.py") == touched("Pulumi.yaml") == ["a", "b"]
    assert touched("README.md", "docs/audit/policy.yaml") == []
