"""The pinned tools: version, official download with its SHA-256, and the Go packages to build instead.

A download without a known SHA-256 is not made: the tool is built, and the Go checksum database vouches for its sources.
"""

import platform
import sys
from dataclasses import dataclass, field
from types import MappingProxyType

KUBERNETES = "1.34.4"
PULUMI = "3.259.0"
LANGUAGE_HOST = "3.75.0"
"""The newest Pulumi SDK whose Go module still holds the Python language host; the official download has its own."""
HELM = "3.22.0"
BENTO = "1.20.0"
ACTIONLINT = "1.7.7"
CLUSTER_API = "1.13.6"
HYPERSHIFT = "0.0.0-20250331115040-26fc3ceb1929"
OPENSHIFT_API = "0.0.0-20260805215214-cfb63858e9d7"
OPENSHIFT_LOGGING = "0.0.0-20241003210634-afb65cea19d1"
"""Release 5.9; of release 6 the Go module proxy has no module whose files it serves."""
KIND = "0.33.0"
K3D = "5.8.3"
BENTO_MAIN = """\
package main

import (
	"context"

	"github.com/warpstreamlabs/bento/public/service"

	_ "github.com/warpstreamlabs/bento/public/components/aws"
	_ "github.com/warpstreamlabs/bento/public/components/gcp"
	_ "github.com/warpstreamlabs/bento/public/components/io"
	_ "github.com/warpstreamlabs/bento/public/components/kafka"
	_ "github.com/warpstreamlabs/bento/public/components/prometheus"
	_ "github.com/warpstreamlabs/bento/public/components/pure"
	_ "github.com/warpstreamlabs/bento/public/components/pure/extended"
	_ "github.com/warpstreamlabs/bento/public/components/sql/base"
	_ "modernc.org/sqlite"
)

func main() { service.RunCLI(context.Background()) }
"""
"""Bento with the inputs and outputs that audit events need: https://warpstreamlabs.github.io/bento/docs/guides/getting_started"""
PSTEST = "1.49.0"
PSTEST_MAIN = """\
package main

import (
	"fmt"
	"io"
	"os"

	"cloud.google.com/go/pubsub/pstest"
)

func main() {
	fmt.Println(pstest.NewServer().Addr)
	io.Copy(io.Discard, os.Stdin)
}
"""
"""Google's own Pub/Sub for tests: says its address, and ends with its stdin (https://pkg.go.dev/cloud.google.com/go/pubsub/pstest)."""
PROMETHEUS = "0.312.0"
PROMQL_MAIN = """\
package main

import (
	"io"
	"os"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/promqltest"
)

func main() {
	script, _ := io.ReadAll(os.Stdin)
	judge := func(t *testing.T) {
		promqltest.RunTest(t, string(script), promqltest.NewTestEngine(t, false, 5*time.Minute, 1_000_000))
	}
	every := func(string, string) (bool, error) { return true, nil }
	testing.Main(every, []testing.InternalTest{{Name: "script", F: judge}}, nil, nil)
}
"""
"""Prometheus' own engine of queries, asked by a script in its stdin: https://pkg.go.dev/github.com/prometheus/prometheus/promql/promqltest"""
MASTER_CONFIG_MAIN = """\
package main

import (
	"fmt"
	"io"
	"os"

	v1 "github.com/openshift/api/legacyconfig/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	text, err := io.ReadAll(os.Stdin)
	if err == nil {
		err = yaml.UnmarshalStrict(text, &v1.MasterConfig{})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
"""
"""Whether a text is a master-config.yaml of OpenShift 3.11, by its own types and without unknown fields."""
KFAKE = "0.0.0-20260918054303-01f206a7e32c"
FRANZ_GO = "1.22.2"
"""What kfake of that day needs, and does not say."""
KFAKE_MAIN = """\
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"

	"github.com/twmb/franz-go/pkg/kfake"
)

// kfake CERTIFICATE KEY TOPIC...; $KFAKE_USER and $KFAKE_PASSWORD are whom SASL PLAIN lets in
func main() {
	pair, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	if err != nil {
		panic(err)
	}
	cluster := kfake.MustCluster(
		kfake.NumBrokers(1),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{pair}}),
		kfake.EnableSASL(),
		kfake.Superuser("PLAIN", os.Getenv("KFAKE_USER"), os.Getenv("KFAKE_PASSWORD")),
		kfake.SeedTopics(4, os.Args[3:]...),
	)
	fmt.Println(cluster.ListenAddrs()[0])
	io.Copy(io.Discard, os.Stdin)
}
"""
"""Kafka for tests: says its address, and ends with its stdin (https://pkg.go.dev/github.com/twmb/franz-go/pkg/kfake)."""
STAGING = (
    "api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider cluster-bootstrap"
    " code-generator component-base component-helpers controller-manager cri-api cri-client csi-translation-lib"
    " dynamic-resource-allocation endpointslice externaljwt kms kube-aggregator kube-controller-manager kube-proxy"
    " kube-scheduler kubectl kubelet metrics mount-utils pod-security-admission sample-apiserver sample-cli-plugin"
    " sample-controller"
).split()
"""Modules that Kubernetes keeps in its own tree: https://github.com/kubernetes/kubernetes/tree/v1.34.4/staging"""


@dataclass(frozen=True)
class GoBuild:
    """One executable to build.

    Args:
        executable: its name.
        package: the main package; `.`: the one in `main`.
        requires: `module@version`s that go.mod requires.
        replaces: `module => module version` lines.
        variables: what the linker sets, `package.variable` to value.
        minutes: what it took on two cores with empty caches.
        main: Go source of a main package of ours, for what is published as a library.
    """

    executable: str
    package: str
    requires: tuple[str, ...]
    replaces: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)
    minutes: float = 1
    main: str = ""


@dataclass(frozen=True)
class GoFile:
    """One file that is taken as it is from a Go module."""

    executable: str
    module: str
    path: str


@dataclass(frozen=True)
class Download:
    """One official download. `members` are the archive's files to keep; none: the download is the executable."""

    url: str
    sha256: str
    members: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tool:
    """One tool: all executables that belong together."""

    name: str
    version: str
    builds: tuple[GoBuild, ...]
    files: tuple[GoFile, ...] = ()
    downloads: dict[str, Download] = field(default_factory=dict)

    @property
    def executables(self) -> tuple[str, ...]:
        """The names of what lies on the PATH afterwards."""
        return (*(built.executable for built in self.builds), *(taken.executable for taken in self.files))


def this_platform() -> str:
    """This machine as `linux-amd64`, `darwin-arm64`, …"""
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return f"{sys.platform}-{machine}"


def _kubernetes(name: str, minutes: float, **sha256: str) -> Tool:
    version = f"v{KUBERNETES}"
    staging = f"v0.{KUBERNETES.partition('.')[2]}"
    component = "k8s.io/component-base/version"
    build = GoBuild(
        executable=name,
        package=f"k8s.io/kubernetes/cmd/{name}",
        requires=(f"k8s.io/kubernetes@{version}",),
        replaces=tuple(f"k8s.io/{module} => k8s.io/{module} {staging}" for module in STAGING),
        variables={
            f"{component}.gitVersion": version,
            f"{component}.gitMajor": "1",
            f"{component}.gitMinor": KUBERNETES.split(".")[1],
            f"{component}.gitTreeState": "clean",
        },
        minutes=minutes,
    )
    downloads = {}
    for key, digest in sha256.items():
        system, _, machine = key.partition("_")
        url = f"https://dl.k8s.io/{version}/bin/{system}/{machine}/{name}"
        downloads[f"{system}-{machine}"] = Download(url, digest)
    return Tool(name, KUBERNETES, (build,), downloads=downloads)


def _pulumi(platform: str, sha256: str) -> Download:
    url = f"https://github.com/pulumi/pulumi/releases/download/v{PULUMI}/pulumi-v{PULUMI}-{platform}.tar.gz"
    names = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
    return Download(url, sha256, tuple(f"pulumi/{name}" for name in names))


def _helm(platform: str, sha256: str) -> Download:
    url = f"https://get.helm.sh/helm-v{HELM}-{platform}.tar.gz"
    return Download(url, sha256, (f"{platform}/helm",))


def _openshift(name: str, group: str, file: str) -> GoFile:
    module = f"github.com/openshift/api@v{OPENSHIFT_API}"
    return GoFile(name, module, f"{group}/v1/zz_generated.crd-manifests/{file}.crd.yaml")


_SDK = "github.com/pulumi/pulumi/sdk/v3"
_CLI = "github.com/pulumi/pulumi/pkg/v3"

TOOLS = (
    Tool(
        "pulumi",
        PULUMI,
        builds=(
            GoBuild(
                "pulumi",
                f"{_CLI}/cmd/pulumi",
                (f"{_CLI}@v{PULUMI}", f"{_SDK}@v{PULUMI}"),
                variables={f"{_SDK}/go/common/version.Version": f"v{PULUMI}"},
                minutes=7,
            ),
            GoBuild(
                "pulumi-language-python",
                f"{_SDK}/python/cmd/pulumi-language-python",
                (f"{_SDK}@v{LANGUAGE_HOST}",),
            ),
        ),
        files=(GoFile("pulumi-language-python-exec", f"{_SDK}@v{PULUMI}", "python/cmd/pulumi-language-python-exec"),),
        downloads={
            "linux-amd64": _pulumi("linux-x64", "94ba357acac23d01474084c4b00098dc0f7bc70ce13f34c777459254a5f718e5"),
            "linux-arm64": _pulumi("linux-arm64", "edc8327463a72160bb36cf82cf5062da9c8a244290a706d9980988e7bf486853"),
            "darwin-amd64": _pulumi("darwin-x64", "eaca4c3b8277bfa3ab061fa3b270d1c66358a0b2e613da8c5587a04b7226c534"),
            "darwin-arm64": _pulumi("darwin-arm64", "57c27f179e527e2cf9f62b841a448af72a020e44b2fb4ee0d9bd85556c00c864"),
        },
    ),
    Tool(
        "etcd",
        "3.6.16",
        (GoBuild("etcd", "go.etcd.io/etcd/server/v3", ("go.etcd.io/etcd/server/v3@v3.6.16",), minutes=2),),
    ),
    _kubernetes("kube-apiserver", 7),
    _kubernetes(
        "kubeadm",
        1,
        linux_amd64="b967f1fa0e36621c402d38bb560eb4a943954d5cf5a00e5150842f6f5da73455",
        linux_arm64="d8028b7e8c8d6c9b3fc3da6bc88d4d0cfb33df1b4b026a7d6e8c35d1471c9f6e",
    ),
    _kubernetes(
        "kubectl",
        1,
        linux_amd64="d50c359d95e0841eaad08ddc27c7be37cba8fdccfba5c8e2ded65e121ff112db",
        linux_arm64="5b982c0644ab1e27780246b9085a5886651b4a7ed86243acbb2bacc1bea01dda",
        darwin_amd64="9861e775578651d903a779f840ff8e4c0013ae29a1ffc67f05d967262fcf734c",
        darwin_arm64="d9b239414a5fdf624835bfb62eef28a0885f1645d579f98056a9ab3293f51f87",
    ),
    _kubernetes("kube-controller-manager", 5),
    Tool(
        "helm",
        HELM,
        (
            GoBuild(
                "helm",
                "helm.sh/helm/v3/cmd/helm",
                (f"helm.sh/helm/v3@v{HELM}",),
                variables={"helm.sh/helm/v3/internal/version.version": f"v{HELM}"},
                minutes=2,
            ),
        ),
        downloads={
            "linux-amd64": _helm("linux-amd64", "1e4ab49e429626cf6c6958d914248b78c9730803c2751b87627e171dc800e7bb"),
            "linux-arm64": _helm("linux-arm64", "f14e804dfee240f55525b667488fe9adca349e63e00c9af634c0beb1421ac310"),
            "darwin-amd64": _helm("darwin-amd64", "bd1d09f316558dda23698527859600936fed1371021ce0f2272d66b2fdcfa69c"),
            "darwin-arm64": _helm("darwin-arm64", "4c9982a6cdeb458b60258df66b55398ca5b19293f6877faffe2909ad6f23dfe0"),
        },
    ),
    Tool(
        "bento",
        BENTO,
        (
            GoBuild(
                "bento",
                ".",
                (f"github.com/warpstreamlabs/bento@v{BENTO}",),
                variables={"github.com/warpstreamlabs/bento/internal/cli.Version": BENTO},
                minutes=6,
                main=BENTO_MAIN,
            ),
        ),
    ),
    Tool(
        "actionlint",
        ACTIONLINT,
        (
            GoBuild(
                "actionlint",
                "github.com/rhysd/actionlint/cmd/actionlint",
                (f"github.com/rhysd/actionlint@v{ACTIONLINT}",),
            ),
        ),
    ),
    Tool(
        "cluster-api-crds",
        CLUSTER_API,
        builds=(),
        files=(
            GoFile(
                "kubeadmcontrolplanes.yaml",
                f"sigs.k8s.io/cluster-api@v{CLUSTER_API}",
                "controlplane/kubeadm/config/crd/bases/controlplane.cluster.x-k8s.io_kubeadmcontrolplanes.yaml",
            ),
            GoFile(
                "machines.yaml",
                f"sigs.k8s.io/cluster-api@v{CLUSTER_API}",
                "config/crd/bases/cluster.x-k8s.io_machines.yaml",
            ),
        ),
    ),
    Tool(
        "hypershift-crds",
        HYPERSHIFT,
        builds=(),
        files=(
            GoFile(
                "hostedclusters.yaml",
                f"github.com/openshift/hypershift/api@v{HYPERSHIFT}",
                "hypershift/v1beta1/zz_generated.featuregated-crd-manifests/hostedclusters.hypershift.openshift.io/AAA_ungated.yaml",
            ),
        ),
    ),
    Tool(
        "openshift-crds",
        OPENSHIFT_API,
        builds=(),
        files=(
            _openshift("apiservers.yaml", "config", "0000_10_config-operator_01_apiservers-Default"),
            _openshift("clusteroperators.yaml", "config", "0000_00_cluster-version-operator_01_clusteroperators"),
            _openshift("kubeapiservers.yaml", "operator", "0000_20_kube-apiserver_01_kubeapiservers-Default"),
        ),
    ),
    Tool(
        "openshift-logging-crds",
        OPENSHIFT_LOGGING,
        builds=(),
        files=(
            GoFile(
                "clusterlogforwarders.yaml",
                f"github.com/openshift/cluster-logging-operator@v{OPENSHIFT_LOGGING}",
                "config/crd/bases/logging.openshift.io_clusterlogforwarders.yaml",
            ),
        ),
    ),
    Tool(
        "master-config",
        OPENSHIFT_API,
        (GoBuild("master-config", ".", (f"github.com/openshift/api@v{OPENSHIFT_API}",), main=MASTER_CONFIG_MAIN),),
    ),
    Tool("kind", KIND, (GoBuild("kind", "sigs.k8s.io/kind", (f"sigs.k8s.io/kind@v{KIND}",)),)),
    Tool(
        "k3d-schema",
        K3D,
        builds=(),
        files=(GoFile("k3d.schema.json", f"github.com/k3d-io/k3d/v5@v{K3D}", "pkg/config/v1alpha5/schema.json"),),
    ),
    Tool("pstest", PSTEST, (GoBuild("pstest", ".", (f"cloud.google.com/go/pubsub@v{PSTEST}",), main=PSTEST_MAIN),)),
    Tool(
        "promql",
        PROMETHEUS,
        (
            GoBuild(
                "promql",
                ".",
                (f"github.com/prometheus/prometheus@v{PROMETHEUS}",),
                main=PROMQL_MAIN,
                minutes=2,
            ),
        ),
    ),
    Tool(
        "kfake",
        KFAKE,
        (
            GoBuild(
                "kfake",
                ".",
                (f"github.com/twmb/franz-go/pkg/kfake@v{KFAKE}", f"github.com/twmb/franz-go@v{FRANZ_GO}"),
                main=KFAKE_MAIN,
            ),
        ),
    ),
)

GROUPS = MappingProxyType(
    {
        "up": ("pulumi", "etcd", "kube-apiserver", "kubeadm"),
        "test": (
            "pulumi",
            "etcd",
            "kube-apiserver",
            "kubeadm",
            "kubectl",
            "helm",
            "bento",
            "pstest",
            "kfake",
            "promql",
            "actionlint",
            "cluster-api-crds",
            "hypershift-crds",
            "openshift-crds",
            "openshift-logging-crds",
            "master-config",
            "kind",
            "k3d-schema",
        ),
    }
)
