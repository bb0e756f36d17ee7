"""The set-up against real things: an HTTP server of this machine, Go with its module proxy, processes that are killed.

The tools made here are tiny ones, in caches and checkouts of their own, whose paths have a space; a checkout is a copy of
`tools/`, with a table of its own where a test says so. Not tried: other systems than this one; of them the table says all.
"""

import fcntl
import hashlib
import io
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import termios
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from tools import cache
from tools.progress import SetupError, make
from tools.sources import SourceError, build, download
from tools.table import GROUPS, TOOLS, Download, GoBuild, GoFile, Tool, this_platform

ROOT = Path(__file__).resolve().parents[2]
PLATFORM = this_platform()
PATIENCE = 60
"""Seconds until a test gives up waiting; on a machine at rest none waits for more than two."""
REAL_GO = shutil.which("go")
needs_go = pytest.mark.skipif(not REAL_GO, reason="builds a real program: needs Go and its module proxy")

MODULE = "golang.org/x/example/hello"
PINNED = f"{MODULE}@v0.0.0-20250915201037-7f05d217867b"
HELLO = Tool("hello", "0.1", (GoBuild("hello", MODULE, (PINNED,)),), (GoFile("licence", PINNED, "LICENSE"),))
"""One executable to build and one file to take, as Pulumi has them; it needs the standard library alone."""
SCRIPT = b"#!/bin/sh\necho Hello, world!\n"
LICENCE = b"#!/bin/sh\necho all rights\n"
CLOSED = "http://127.0.0.1:1"


def tar_gz(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"packed/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"packed/{name}", content)
    return packed.getvalue()


TAR_GZ = tar_gz(hello=SCRIPT, licence=LICENCE, README=b"not wanted")
ZIP = zipped(hello=SCRIPT, licence=LICENCE, README=b"not wanted")


class Server(ThreadingHTTPServer):
    """Serves `files`; of those in `held` it sends the first half, and the rest once `go_on` is set."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files: dict[str, bytes] = {"/hello.tar.gz": TAR_GZ, "/hello.zip": ZIP, "/plain": SCRIPT}
        self.held: set[str] = set()
        self.asked: list[str] = []
        self.halfway = threading.Event()
        self.go_on = threading.Event()


class Answer(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path.startswith("/elsewhere"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/elsewhere"))
            self.end_headers()
            return
        if self.path not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[self.path]
        half = len(content) // 2
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        try:
            self.wfile.write(content[:half])
            if self.path in self.server.held:
                self.server.halfway.set()
                self.server.go_on.wait(PATIENCE)
            if self.path != "/broken-off.tar.gz":
                self.wfile.write(content[half:])
        except ConnectionError:
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    served = Server()
    threading.Thread(target=served.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield served
    served.go_on.set()
    served.shutdown()
    served.server_close()


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache and an empty folder for temporary files, for the test and the processes it starts."""
    folder, temporary = tmp_path / "a cache", tmp_path / "temporary files"
    temporary.mkdir()
    monkeypatch.setenv("K8S_AUDIT_CACHE", str(folder))
    monkeypatch.setenv("TMPDIR", str(temporary))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    return folder / "tools"


class Checkout:
    """A copy of `tools/` in a folder with a space."""

    def __init__(self, folder: Path, *tools: Tool) -> None:
        self.folder = folder
        self.links = folder / ".venv" / "tools"
        shutil.copytree(ROOT / "tools", folder / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        if tools:
            with open(folder / "tools" / "table.py", "a") as table:
                table.write(f"\nTOOLS = {tools!r}\nGROUPS = {{'up': {tuple(tool.name for tool in tools)!r}}}\n")

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        # a shell without job control starts its background jobs deaf to Ctrl-C
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=os.environ | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def set_up(self, *names: str, **variables: str) -> subprocess.CompletedProcess[str]:
        process = self.start("-m", "tools.setup", *names, **variables)
        out, error = process.communicate(timeout=PATIENCE)
        return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def downloadable(tool: Tool, url: str, content: bytes, *, sha256: str = "") -> Tool:
    members = () if url.endswith("/plain") else tuple(f"packed/{name}" for name in tool.executables)
    source = Download(url, sha256 or hashlib.sha256(content).hexdigest(), members)
    return replace(tool, downloads={PLATFORM: source})


def contents(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def in_place(tool: Tool) -> list[str]:
    """All that the cache holds once a tool is made: its executables, and the empty file of its lock."""
    folder = cache.folder(tool, PLATFORM).name
    return sorted([folder, f"{folder}.lock", *(f"{folder}/{name}" for name in tool.executables)])


def nothing_but_locks(kept: Path) -> bool:
    return all(name.endswith(".lock") for name in contents(kept))


def says(executable: Path) -> str:
    return subprocess.run([executable], check=True, capture_output=True, text=True).stdout


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not come to this"
        time.sleep(0.02)


def path_without_go(folder: Path) -> str:
    """A PATH with `sh` and `env` alone."""
    folder.mkdir()
    for name in ("sh", "env"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return str(folder)


class HeldGo:
    """A folder for the PATH whose `go` is the real one, held at the moment it links, for as long as `hold` is there.

    Only the process that is started with HOLD set to it is held.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.hold = folder / "hold"
        self.reached = folder / "reached"
        self.hold.touch()
        self._script(
            "go",
            f'[ "$1" = build ] && [ -n "$HOLD" ] || exec "{REAL_GO}" "$@"\n'
            f"shift; exec '{REAL_GO}' build -toolexec \"'{folder}/linker'\" \"$@\"",
        )
        self._script(
            "linker",
            'case "$1 $2" in (*link" -V=full") ;; (*/link" "*) touch "$HOLD/reached"; '
            'while [ -e "$HOLD/hold" ]; do sleep 0.02; done ;; esac\nexec "$@"',
        )

    def _script(self, name: str, text: str) -> None:
        (self.folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.folder / name).chmod(0o755)

    @property
    def variables(self) -> dict[str, str]:
        return {"PATH": f"{self.folder}:{os.environ['PATH']}", "HOLD": str(self.folder)}


@pytest.fixture
def held_go(tmp_path: Path) -> Iterator[HeldGo]:
    held = HeldGo(tmp_path / "held go")
    yield held
    held.hold.unlink(missing_ok=True)


# downloads


@pytest.mark.parametrize("name", ["hello.tar.gz", "hello.zip", "elsewhere/hello.zip"])
def test_an_archive_is_unpacked_to_its_executables_alone(
    name: str, server: Server, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = downloadable(HELLO, f"{server.url}/{name}", TAR_GZ if name.endswith("gz") else ZIP)
    make(tool, PLATFORM, "1 of 1")
    assert contents(kept) == in_place(tool)
    folder = cache.folder(tool, PLATFORM)
    assert (folder / "hello").read_bytes() == SCRIPT
    assert (folder / "licence").read_bytes() == LICENCE
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {0o755}
    assert says(folder / "hello") == "Hello, world!\n"
    assert re.fullmatch(r"\[1 of 1\] hello 0\.1: downloaded, \d+ s\n", capsys.readouterr().out)


def test_a_download_without_members_is_the_executable(server: Server, kept: Path) -> None:
    tool = downloadable(Tool("plain", "7", (GoBuild("plain", MODULE, (PINNED,)),)), f"{server.url}/plain", SCRIPT)
    make(tool, PLATFORM, "1 of 1")
    assert contents(kept) == in_place(tool)
    assert says(cache.folder(tool, PLATFORM) / "plain") == "Hello, world!\n"


def test_the_download_for_another_platform_is_kept_apart(server: Server) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    tool = replace(tool, downloads={"darwin-arm64": tool.downloads[PLATFORM]})
    make(tool, "darwin-arm64", "1 of 1")
    assert cache.holds(tool, "darwin-arm64")
    assert not cache.holds(tool, "linux-arm64")


def test_the_progress_of_a_download_ends_at_its_size(server: Server, tmp_path: Path) -> None:
    came: list[tuple[int, int]] = []
    source = downloadable(HELLO, f"{server.url}/hello.zip", ZIP).downloads[PLATFORM]
    download(source, tmp_path, lambda *numbers: came.append(numbers))
    assert came[-1] == (len(ZIP), len(ZIP))


@pytest.mark.parametrize(("name", "content"), [("hello.tar.gz", TAR_GZ), ("plain", SCRIPT)])
def test_a_wrong_checksum_is_refused_naming_both_sums_and_nothing_is_kept(
    name: str, content: bytes, server: Server, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, real = "0" * 64, hashlib.sha256(content).hexdigest()
    tool = downloadable(HELLO, f"{server.url}/{name}", content, sha256=expected)
    monkeypatch.setenv("PATH", path_without_go(tmp_path / "bin"))
    with pytest.raises(SetupError) as refused:
        make(tool, PLATFORM, "1 of 1")
    assert f"{server.url}/{name} has SHA-256 {real}, not {expected}; it was thrown away" in str(refused.value)
    assert "no `go` on the PATH" in str(refused.value)
    assert nothing_but_locks(kept)


# builds


@needs_go
@pytest.mark.parametrize(
    ("name", "content", "sha256", "why"),
    [
        ("missing.tar.gz", b"", "", "404 Not Found"),
        ("broken-off.tar.gz", TAR_GZ, "", "cannot be fetched: peer closed connection"),
        ("hello.tar.gz", TAR_GZ, "f" * 64, f"has SHA-256 {hashlib.sha256(TAR_GZ).hexdigest()}, not {'f' * 64}"),
        ("other.tar.gz", tar_gz(hello=SCRIPT), "", "cannot be unpacked: \"filename 'packed/licence' not found\""),
        ("other.zip", zipped(hello=SCRIPT), "", "There is no item named 'packed/licence' in the archive"),
        ("no-archive.tar.gz", b"<html>Please log in</html>", "", "cannot be unpacked: not a gzip file"),
        ("cut.tar.gz", TAR_GZ[:-30], "", "cannot be unpacked"),
        ("no-archive.zip", b"<html>Please log in</html>", "", "cannot be unpacked: File is not a zip file"),
    ],
)
def test_what_cannot_be_downloaded_is_built_and_the_reason_said(
    name: str, content: bytes, sha256: str, why: str, server: Server, kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content:
        server.files[f"/{name}"] = content
    tool = downloadable(HELLO, f"{server.url}/{name}", content, sha256=sha256)
    make(tool, PLATFORM, "2 of 3")
    assert contents(kept) == in_place(tool)
    assert says(cache.folder(tool, PLATFORM) / "hello") == "Hello, world!\n"
    said, done = capsys.readouterr().out.split("\n[2 of 3] ")
    assert said.startswith("[2 of 3] hello 0.1: building from Go sources, about 1 min on 2 cores at the first time (")
    assert why in said
    assert done.startswith("hello 0.1: built from Go sources, ")


@needs_go
def test_a_server_that_is_down_is_no_hindrance_where_go_is(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tool = downloadable(HELLO, f"{CLOSED}/hello.zip", ZIP)
    make(tool, PLATFORM, "1 of 1")
    assert contents(kept) == in_place(tool)
    folder = cache.folder(tool, PLATFORM)
    assert says(folder / "hello") == "Hello, world!\n"
    assert "The Go Authors" in (folder / "licence").read_text()
    assert {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())} == {0o755}
    assert f"({CLOSED}/hello.zip cannot be fetched: " in capsys.readouterr().out


@needs_go
def test_a_build_leaves_nothing_beside_the_executable(kept: Path, tmp_path: Path) -> None:
    make(HELLO, PLATFORM, "1 of 1")
    assert contents(kept) == in_place(HELLO)
    assert contents(tmp_path / "temporary files") == []


@needs_go
def test_a_build_follows_replace_lines(tmp_path: Path) -> None:
    build(GoBuild("hello", MODULE, (PINNED,), (f"{MODULE} => {PINNED.replace('@', ' ')}",)), tmp_path)
    made_of = subprocess.run(["go", "version", "-m", tmp_path / "hello"], check=True, capture_output=True, text=True)
    assert f"\t=>\t{PINNED.replace('@', chr(9))}" in made_of.stdout


@needs_go
def test_a_build_sets_the_linker_s_variables(tmp_path: Path) -> None:
    build(GoBuild("hello", MODULE, (PINNED,), variables={"runtime.defaultGOROOT": "/marked-by-the-linker"}), tmp_path)
    assert b"/marked-by-the-linker" in (tmp_path / "hello").read_bytes()


@needs_go
@pytest.mark.parametrize(
    "own",
    [
        {"GOFLAGS": "-mod=vendor"},
        {"GO111MODULE": "off"},
        {"GOOS": "plan9", "GOARCH": "386"},
        {"GOWORK": "/nowhere/go.work"},
        {"GOENV": "env"},
    ],
    ids=" ".join,
)
def test_a_build_is_the_same_whatever_the_user_has_set_for_go(
    own: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "env").write_text("GOFLAGS=-mod=vendor\n")
    for name, value in own.items():
        monkeypatch.setenv(name, str(tmp_path / value) if name == "GOENV" else value)
    build(HELLO.builds[0], tmp_path)
    assert says(tmp_path / "hello") == "Hello, world!\n"


@needs_go
def test_a_module_proxy_that_cannot_be_reached_is_said_in_go_s_own_words(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOPROXY", "off")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "no modules"))
    with pytest.raises(SetupError) as failed:
        make(HELLO, PLATFORM, "1 of 1")
    assert "`go mod download` failed:\n" in str(failed.value)
    assert "module lookup disabled by GOPROXY=off" in str(failed.value)
    assert "let it reach its module proxy" in str(failed.value)
    assert nothing_but_locks(kept)


# neither way


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("kubectl", "https://dl.k8s.io/[^ ]+/kubectl cannot be fetched: .+"),
        ("etcd", "no checksum of an official download is known"),
    ],
)
def test_neither_way_is_one_message_with_both_reasons_and_the_mend_and_exit_code_3(
    name: str, why: str, kept: Path, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path / "a checkout")
    done = checkout.set_up(name, PATH=path_without_go(tmp_path / "bin"), HTTPS_PROXY=CLOSED, https_proxy=CLOSED)
    assert done.returncode == 3
    tool = next(tool for tool in TOOLS if tool.name == name)
    asked, reason, second, mend = done.stderr.splitlines()
    assert asked == f"{name} {tool.version} for {PLATFORM} is missing."
    assert re.fullmatch(why, reason)
    assert second == "it cannot be built: there is no `go` on the PATH"
    assert mend.startswith("Mend: ")
    assert mend.endswith(f"put {name} into {cache.folder(tool, PLATFORM)}")
    assert "Traceback" not in done.stdout
    assert nothing_but_locks(kept)
    assert not checkout.links.exists()


def test_the_mend_by_hand_that_the_message_says_works(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "a checkout", HELLO)
    mend = checkout.set_up("hello", PATH=path_without_go(tmp_path / "bin")).stderr.splitlines()[-1]
    told = re.search(r"put hello, licence into (.+)", mend)
    assert told
    folder = Path(told[1])
    folder.mkdir(parents=True)
    for name in HELLO.executables:
        (folder / name).write_bytes(SCRIPT)
        (folder / name).chmod(0o755)
    done = checkout.set_up("hello", PATH=path_without_go(tmp_path / "another bin"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert says(checkout.links / "hello") == "Hello, world!\n"


def test_a_cache_that_cannot_be_written_is_one_message_that_names_its_variable(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    checkout = Checkout(tmp_path / "a checkout", HELLO)
    done = checkout.set_up("hello", K8S_AUDIT_CACHE=str(tmp_path / "a file" / "cache"))
    assert done.returncode == 3
    assert re.fullmatch(r"hello: .*Not a directory.*; \$K8S_AUDIT_CACHE sets another cache folder\n", done.stderr)


def test_what_was_ready_before_a_failure_stays(server: Server, kept: Path, tmp_path: Path) -> None:
    good = downloadable(HELLO, f"{server.url}/hello.zip", ZIP)
    bad = Tool("bad", "1", (GoBuild("bad", MODULE, (PINNED,)),))
    done = Checkout(tmp_path / "a checkout", good, bad).set_up("up", PATH=path_without_go(tmp_path / "bin"))
    assert done.returncode == 3
    assert "[1 of 2] hello 0.1: downloaded" in done.stdout
    assert done.stderr.startswith("bad 1 for ")
    assert cache.holds(good, PLATFORM)


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    done = Checkout(tmp_path / "a checkout").set_up("minikube")
    assert done.returncode == 2
    assert all(f"'{name}'" in done.stderr or name in done.stderr for name in ("minikube", "up", "kubectl"))


# once, and again


def test_a_set_up_makes_and_links_and_a_second_one_does_and_says_nothing(
    server: Server, kept: Path, tmp_path: Path
) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    checkout = Checkout(tmp_path / "a checkout", tool)
    first = checkout.set_up("up")
    assert (first.returncode, first.stderr) == (0, "")
    assert re.search(rf"\ntools ready in \d+ s, kept in {re.escape(str(kept.parent))}\n$", first.stdout)
    assert contents(checkout.links) == ["hello", "licence"]
    assert says(checkout.links / "hello") == "Hello, world!\n"

    def state() -> dict[str, tuple[int, int]]:
        paths = [*kept.rglob("*"), *checkout.links.iterdir()]
        return {str(path): (path.lstat().st_ino, path.lstat().st_mtime_ns) for path in paths}

    before = state()
    second = checkout.set_up("up", "hello", "all")
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert state() == before
    assert server.asked == ["/hello.tar.gz"]


def test_another_checkout_finds_what_is_in_the_cache(server: Server, tmp_path: Path) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    Checkout(tmp_path / "a checkout", tool).set_up("up")
    another = Checkout(tmp_path / "another checkout", tool)
    done = another.set_up("up")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert says(another.links / "hello") == "Hello, world!\n"
    assert server.asked == ["/hello.tar.gz"]


def test_links_are_mended_whatever_is_in_their_place(server: Server, tmp_path: Path) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    checkout = Checkout(tmp_path / "a checkout", tool)
    checkout.set_up("up")
    (checkout.links / "hello").unlink()
    (checkout.links / "hello").symlink_to(tmp_path / "nowhere")
    (checkout.links / "licence").unlink()
    (checkout.links / "licence").write_text("somebody's own file")
    (checkout.links / "mine").touch()
    done = checkout.set_up("up")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert contents(checkout.links) == ["hello", "licence", "mine"]
    assert {name: (checkout.links / name).readlink() for name in tool.executables} == {
        name: cache.folder(tool, PLATFORM) / name for name in tool.executables
    }


def test_a_tool_of_which_an_executable_is_gone_is_made_again(server: Server, kept: Path, tmp_path: Path) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    checkout = Checkout(tmp_path / "a checkout", tool)
    checkout.set_up("up")
    (cache.folder(tool, PLATFORM) / "licence").unlink()
    assert checkout.set_up("up").returncode == 0
    assert contents(kept) == in_place(tool)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"K8S_AUDIT_CACHE": "/own place", "XDG_CACHE_HOME": "/xdg"}, "/own place"),
        ({"K8S_AUDIT_CACHE": "", "XDG_CACHE_HOME": "/xdg"}, "/xdg/k8s-audit"),
        ({"K8S_AUDIT_CACHE": "", "XDG_CACHE_HOME": "", "HOME": "/home/me"}, "/home/me/.cache/k8s-audit"),
    ],
)
def test_the_cache_is_where_its_variables_say(
    variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert cache.root() == Path(expected)


@pytest.mark.skipif(
    not all(
        link.exists() for tool in TOOLS if tool.name in GROUPS["up"] for link in (ROOT / ".venv/tools" / tool.name,)
    ),
    reason="`python -m tools.setup up` was not run here before",
)
def test_where_all_of_the_real_table_is_there_it_is_only_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = (ROOT / ".venv/tools/pulumi").readlink().parents[2]
    monkeypatch.setenv("K8S_AUDIT_CACHE", str(real))
    checkout = Checkout(tmp_path / "a checkout")
    done = checkout.set_up("up")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    wanted = [name for tool in TOOLS if tool.name in GROUPS["up"] for name in tool.executables]
    assert contents(checkout.links) == sorted(wanted)
    assert all(os.access(checkout.links / name, os.X_OK) for name in wanted)
    # Pulumi keeps its state in a checkout whose path has a space
    (checkout.folder / "Pulumi.yaml").write_text("name: spaced\nruntime: python\n")
    script = ". tools/activate && pulumi stack init here --non-interactive"
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PULUMI_CONFIG_PASSPHRASE": ""}
    subprocess.run(["sh", "-c", script], cwd=checkout.folder, env=environment, check=True, capture_output=True)
    assert (checkout.folder / ".local/state/.pulumi/stacks/spaced/here.json").is_file()


# at the same time


def test_two_set_ups_at_once_make_a_tool_once_and_both_succeed(server: Server, kept: Path, tmp_path: Path) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    checkout = Checkout(tmp_path / "a checkout", tool)
    server.held.add("/hello.tar.gz")
    with checkout.start("-m", "tools.setup", "up") as first:
        assert server.halfway.wait(PATIENCE)
        # the names of its imports tell when the second one has found the tool missing
        with checkout.start("-X", "importtime", "-m", "tools.setup", "up") as second:
            assert second.stderr
            told_before: list[str] = []
            for line in second.stderr:
                told_before.append(line)
                if line.endswith(" tools.progress\n"):
                    break
            else:
                pytest.fail("".join(told_before[-20:]))
            time.sleep(0.3)
            assert first.poll() is None
            assert second.poll() is None
            server.go_on.set()
            told = first.communicate(timeout=PATIENCE)
            told_second = second.communicate(timeout=PATIENCE)
    assert (first.returncode, second.returncode) == (0, 0), told + told_second
    assert server.asked == ["/hello.tar.gz"]
    assert "hello 0.1: downloaded" in told[0]
    assert "hello 0.1: made by another set-up" in told_second[0]
    assert contents(kept) == in_place(tool)
    assert contents(checkout.links) == ["hello", "licence"]


def test_set_ups_at_once_do_not_get_in_each_other_s_way_when_they_link(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "a checkout", HELLO)
    script = (
        "from tools.setup import link, TOOLS\nfrom itertools import cycle, islice\n"
        "for platform in islice(cycle(['one', 'other']), 2000): link(TOOLS[0], platform)"
    )
    processes = [checkout.start("-c", script) for _ in range(3)]
    told = [process.communicate(timeout=PATIENCE)[1] for process in processes]
    assert told == ["", "", ""]
    assert contents(checkout.links) == ["hello", "licence"]


# interrupted


def test_a_set_up_killed_in_a_download_leaves_nothing_to_the_next(server: Server, kept: Path, tmp_path: Path) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    checkout = Checkout(tmp_path / "a checkout", tool)
    server.held.add("/hello.tar.gz")
    with checkout.start("-m", "tools.setup", "up") as killed:
        assert server.halfway.wait(PATIENCE)
        wait_until(lambda: list(kept.glob(".hello-*/hello.tar.gz")))
        killed.kill()
    assert killed.returncode == -signal.SIGKILL
    assert list(kept.glob(".hello-*")), "there is something to remove"
    assert not cache.holds(tool, PLATFORM)
    server.held.clear()
    done = checkout.set_up("up")
    assert (done.returncode, done.stderr) == (0, "")
    assert contents(kept) == in_place(tool)
    assert says(checkout.links / "hello") == "Hello, world!\n"


@needs_go
def test_a_set_up_killed_in_a_build_leaves_nothing_to_the_next_even_where_its_go_lives_on(
    held_go: HeldGo, kept: Path, tmp_path: Path
) -> None:
    checkout = Checkout(tmp_path / "a checkout", HELLO)
    with checkout.start("-m", "tools.setup", "up", **held_go.variables) as killed:
        wait_until(held_go.reached.exists)
        living_on = psutil.Process(killed.pid).children(recursive=True)
        killed.kill()
    assert list(kept.glob(".hello-*/.go-*/go-build*")), "there is something to remove"
    done = checkout.set_up("up")
    assert (done.returncode, done.stderr) == (0, "")
    assert any(process.is_running() for process in living_on)
    held_go.hold.unlink()
    assert psutil.wait_procs(living_on, PATIENCE)[1] == []
    assert contents(kept) == in_place(HELLO)
    assert contents(tmp_path / "temporary files") == []
    assert says(checkout.links / "hello") == "Hello, world!\n"


def test_what_a_killed_set_up_s_go_writes_in_the_meantime_is_removed(kept: Path) -> None:
    """`go build -o` makes the folders that are missing on the way to its output."""

    def made(into: Path) -> None:
        late = into.parent / f".{cache.folder(HELLO, PLATFORM).name}-late"
        late.mkdir()
        for folder in (late, into):
            for name in HELLO.executables:
                (folder / name).write_bytes(SCRIPT)

    assert cache.fill(HELLO, PLATFORM, made)
    assert contents(kept) == in_place(HELLO)


INTERRUPTED = "interrupted; what is ready stays, the next set-up goes on from here\n"


def test_ctrl_c_in_a_download_is_one_line_and_exit_code_130(server: Server, kept: Path, tmp_path: Path) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    server.held.add("/hello.tar.gz")
    with Checkout(tmp_path / "a checkout", tool).start("-m", "tools.setup", "up") as process:
        assert server.halfway.wait(PATIENCE)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=PATIENCE)
    assert (process.returncode, *told) == (130, "", INTERRUPTED)
    assert nothing_but_locks(kept)


def test_ctrl_c_while_waiting_for_another_set_up_is_one_line_and_disturbs_it_not(
    server: Server, kept: Path, tmp_path: Path
) -> None:
    tool = downloadable(HELLO, f"{server.url}/hello.tar.gz", TAR_GZ)
    checkout = Checkout(tmp_path / "a checkout", tool)
    server.held.add("/hello.tar.gz")
    with checkout.start("-m", "tools.setup", "up") as first:
        assert server.halfway.wait(PATIENCE)
        with checkout.start("-X", "importtime", "-m", "tools.setup", "up") as second:
            assert second.stderr
            told_before: list[str] = []
            for line in second.stderr:
                told_before.append(line)
                if line.endswith(" tools.progress\n"):
                    break
            else:
                pytest.fail("".join(told_before[-20:]))
            time.sleep(0.3)
            second.send_signal(signal.SIGINT)
            told = second.communicate(timeout=PATIENCE)
        server.go_on.set()
        assert first.wait(PATIENCE) == 0
    assert second.returncode == 130
    assert [line for line in told[1].splitlines() if not line.startswith("import time:")] == [INTERRUPTED.strip()]
    assert contents(kept) == in_place(tool)


@needs_go
@pytest.mark.parametrize("typed", [True, False])
def test_ctrl_c_in_a_build_on_a_terminal_is_one_line_and_leaves_nothing(
    typed: bool, held_go: HeldGo, kept: Path, tmp_path: Path
) -> None:
    """Typed, it reaches Go as well; from `kill -INT` only the set-up."""
    checkout = Checkout(tmp_path / "a checkout", HELLO)
    mine, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tools.setup", "up"],
        cwd=checkout.folder,
        env=os.environ | held_go.variables | {"TERM": "xterm", "COLUMNS": "200"},
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
        preexec_fn=lambda: (
            signal.signal(signal.SIGINT, signal.default_int_handler),
            fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        ),
    )
    os.close(terminal)
    said = bytearray()

    def read() -> None:
        try:
            while some := os.read(mine, 4096):
                said.extend(some)
        except OSError:
            """So a terminal ends."""

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(held_go.reached.exists)
    if typed:
        os.write(mine, b"\x03")
    else:
        process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130
    held_go.hold.unlink()
    reader.join(PATIENCE)
    os.close(mine)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).replace("\r\n", "\n")
    assert shown.startswith(
        "\r[1 of 1] hello 0.1: building from Go sources, about 1 min on 2 cores at the first time ("
    )
    assert shown.endswith(f"\n\r{INTERRUPTED}")
    assert "Traceback" not in shown
    assert "\\[" not in shown
    assert "\r[1 of 1] hello 0.1: building from Go sources, about 1 min ━" in shown, "the bar"
    assert nothing_but_locks(kept)
    assert contents(tmp_path / "temporary files") == []


# tools/activate

SHELLS = [name for name in ("sh", "bash", "zsh") if shutil.which(name)]
SET_BY_ACTIVATE = ("VIRTUAL_ENV", "PULUMI_BACKEND_URL", "PULUMI_HOME", "PULUMI_SKIP_UPDATE_CHECK")


def sourced(shell: str, folder: Path, script: str, **variables: str) -> list[str]:
    environment = {"PATH": os.environ["PATH"]} | variables
    done = subprocess.run(
        [shell, "-eu", "-c", script], cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


ECHO_ALL = 'printf "%s\\n" "$PATH" ' + " ".join(f'"${name}"' for name in SET_BY_ACTIVATE)


@pytest.mark.parametrize("shell", SHELLS)
def test_activate_puts_the_checkout_first_and_keeps_pulumi_inside_it(shell: str, tmp_path: Path) -> None:
    folder = Checkout(tmp_path / "a checkout").folder
    path, *others = sourced(shell, folder, f". tools/activate\n{ECHO_ALL}")
    assert path == f"{folder}/.venv/bin:{folder}/.venv/tools:{os.environ['PATH']}"
    assert others == [f"{folder}/.venv", f"file://{folder}/.local/state", f"{folder}/.venv/pulumi", "true"]
    assert (folder / ".local" / "state").is_dir()


@pytest.mark.parametrize("shell", SHELLS)
def test_activate_hands_its_variables_on_and_leaves_no_other(shell: str, tmp_path: Path) -> None:
    folder = Checkout(tmp_path / "a checkout").folder
    lines = sourced(shell, folder, ". tools/activate\nenv\nset")
    names = {line.partition("=")[0] for line in lines}
    assert set(SET_BY_ACTIVATE) <= names
    assert not [name for name in names if name.startswith("k8s_audit")]


@pytest.mark.parametrize("shell", SHELLS)
def test_activate_keeps_what_is_set_of_pulumi(shell: str, tmp_path: Path) -> None:
    folder = Checkout(tmp_path / "a checkout").folder
    own = {"PULUMI_BACKEND_URL": "s3://mine", "PULUMI_HOME": "/my home", "PULUMI_SKIP_UPDATE_CHECK": "false"}
    lines = sourced(shell, folder, f". tools/activate\n{ECHO_ALL}", **own)
    assert lines[2:] == list(own.values())


@pytest.mark.parametrize("shell", SHELLS)
def test_activate_from_a_wrong_folder_says_so_and_changes_nothing(shell: str, tmp_path: Path) -> None:
    folder = Checkout(tmp_path / "a checkout").folder
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    script = f'set +e\nstatus=unknown\nset > before\n. "{folder}/tools/activate" 2> said\nstatus=$?\nset > after\necho "$status"'
    assert sourced(shell, wrong, script) == ["1"]
    assert (wrong / "said").read_text() == "source tools/activate from the checkout's root\n"
    before, after = ((wrong / name).read_text().splitlines() for name in ("before", "after"))
    moving = ("status=", "_=", "LINENO=", "RANDOM=", "SECONDS=", "EPOCH", "BASH_", "PIPESTATUS=", "pipestatus=")
    assert [line for line in after if line not in before and not line.startswith(moving)] == []
    assert contents(wrong) == ["after", "before", "said"]
    assert not (folder / ".local").exists()


# the table

VERSION = r"\d+\.\d+\.\d+(-\d{14}-[0-9a-f]{12})?"
"""Of a release, or of a day's state where there is none (https://go.dev/ref/mod#pseudo-versions)."""


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_each_tool_can_be_had_whole_in_either_way(tool: Tool) -> None:
    assert tool.builds or tool.files, "without a download it is built, or taken as it is"
    assert all(re.fullmatch(rf"[a-z0-9./-]+@v{VERSION}", file.module) for file in tool.files)
    assert len(set(tool.executables)) == len(tool.executables)
    assert re.fullmatch(VERSION, tool.version)
    for built in tool.builds:
        assert all(re.fullmatch(rf"[a-z0-9./-]+@v{VERSION}", required) for required in built.requires)
        wanted = built.main if built.package == "." else built.package
        assert any(required.partition("@")[0] in wanted for required in built.requires)
        assert built.minutes > 0
    for platform, source in tool.downloads.items():
        assert platform in ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64")
        assert source.url.startswith("https://")
        assert tool.version in source.url
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        given = [Path(member).name for member in source.members] or [source.url.rpartition("/")[2]]
        assert sorted(given) == sorted(tool.executables)
        assert source.url.endswith((".tar.gz", ".zip")) == bool(source.members)


def test_no_two_tools_share_a_name_an_executable_or_a_checksum() -> None:
    names = [tool.name for tool in TOOLS]
    executables = [name for tool in TOOLS for name in tool.executables]
    sums = [source.sha256 for tool in TOOLS for source in tool.downloads.values()]
    for values in (names, executables, sums):
        assert len(set(values)) == len(values)


def test_each_group_names_known_tools_once() -> None:
    known = {tool.name for tool in TOOLS}
    for group, names in GROUPS.items():
        assert set(names) <= known, group
        assert len(set(names)) == len(names), group
    assert not known & set(GROUPS)
    assert set(GROUPS["up"]) <= set(GROUPS["test"])


def test_the_downloads_for_each_platform_are_the_official_ones() -> None:
    by_name = {tool.name: tool for tool in TOOLS}
    assert {platform: source.url for platform, source in by_name["pulumi"].downloads.items()} == {
        f"{system}-{machine}": "https://github.com/pulumi/pulumi/releases/download/"
        f"v{by_name['pulumi'].version}/pulumi-v{by_name['pulumi'].version}-{system}-{theirs}.tar.gz"
        for system in ("linux", "darwin")
        for machine, theirs in (("amd64", "x64"), ("arm64", "arm64"))
    }
    for name, platforms in {
        "kubectl": ["linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"],
        "kubeadm": ["linux-amd64", "linux-arm64"],
    }.items():
        assert {platform: source.url for platform, source in by_name[name].downloads.items()} == {
            platform: f"https://dl.k8s.io/v{by_name[name].version}/bin/{platform.replace('-', '/')}/{name}"
            for platform in platforms
        }


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("linux", "x86_64", "linux-amd64"),
        ("linux", "aarch64", "linux-arm64"),
        ("darwin", "arm64", "darwin-arm64"),
        ("darwin", "x86_64", "darwin-amd64"),
    ],
)
def test_a_machine_is_named_as_the_table_names_it(
    system: str, machine: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr("platform.machine", lambda: machine)
    assert this_platform() == expected


def test_an_unreachable_address_is_said_with_its_url(tmp_path: Path) -> None:
    source = Download(f"{CLOSED}/hello.zip", "0" * 64, ("packed/hello",))
    with pytest.raises(SourceError, match=f"{CLOSED}/hello.zip cannot be fetched: ."):
        download(source, tmp_path, lambda came, total: None)
