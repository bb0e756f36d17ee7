"""A chart's release, the Secrets that its values name, and the namespace of both, as Pulumi resources.

`helm.v3.Release`, not `helm.v4.Chart`: Helm itself installs, so hooks run (a v4 Chart drops them:
https://github.com/pulumi/pulumi-kubernetes/issues/3284) and certificates that a template makes up differ only when something is installed, where a v4 Chart
renders them anew for each preview; and a preview needs no cluster (https://github.com/pulumi/pulumi-kubernetes/issues/3027). The price: Pulumi sees the
values of a release, not its objects, so a change of those by hand shows only in `helm diff`.
Values lie in the state and in Helm's release record: secrets stay out of them.
"""

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

import pulumi

from k8s_audit.receivers.helm.chart import Chart
from k8s_audit.receivers.kubernetes import sdk

if TYPE_CHECKING:
    from pulumi_kubernetes.core.v1 import Namespace, Secret
    from pulumi_kubernetes.helm.v3 import Release

TIMEOUT = 300
"""Seconds for an installation; Helm's own default."""
HISTORY = 10
"""Release records that are kept; Helm's own default, where Pulumi's is all."""


def place_release(
    name: str,
    chart: Chart,
    namespace: pulumi.Input[str],
    values: Mapping[str, Any],
    *,
    adopt: bool = False,
    skip_await: bool = False,
    create_namespace: bool = False,
    timeout: int = TIMEOUT,
    opts: pulumi.ResourceOptions | None = None,
) -> "Release":
    """Register the release of a chart.

    An installation that fails is taken back, an update that fails is rolled back: nothing half-done stays.

    Args:
        name: of the receiver; the release has the same.
        chart: what `load_chart` found.
        namespace: the release's.
        values: judged before; what is only known later may be an Output.
        adopt: take over the release of that name and namespace that is there. The same `up` then brings it to this chart and these
            values, and from then on it is ours: `destroy` uninstalls it. Between the two steps the state holds the values that it
            had, so a credential that lay in them in plain text is to be rotated. Without effect once it has been taken over.
        skip_await: do not wait until pods are ready; an installation that fails then stays as a failed release until `destroy`.
        create_namespace: Helm makes the namespace if there is none, and leaves it behind on `destroy`; see `namespace`.
        timeout: seconds for the installation or update.
        opts: Pulumi's; `provider` and `parent` are expected there.
    """
    helm = sdk("helm.v3")
    if adopt:
        # of a fixed text only: what a release is adopted by must be known in a preview
        if not isinstance(namespace, str):
            raise TypeError("adopt needs the namespace as a text")
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(import_=f"{namespace}/{name}"))
    release = helm.Release(
        f"{name}-release",
        helm.ReleaseArgs(
            name=name,
            chart=chart.reference,
            version=chart.version,
            repository_opts=helm.RepositoryOptsArgs(repo=chart.repository) if chart.repository else None,
            namespace=namespace,
            values=values,
            atomic=not skip_await,
            cleanup_on_fail=True,
            skip_await=skip_await,
            create_namespace=create_namespace,
            timeout=timeout,
            max_history=HISTORY,
        ),
        opts=opts,
    )
    return cast("Release", release)


def namespace(name: str, namespace: str, pod_security: str, opts: pulumi.ResourceOptions | None = None) -> "Namespace":
    """Register a receiver's namespace; `destroy` removes it with all that is in it.

    One that is there already is an error of the API server's, never taken over: a stack then says `createNamespace: false`.

    Args:
        name: of the receiver.
        namespace: of the namespace.
        pod_security: `privileged`, `baseline` or `restricted` (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
        opts: Pulumi's.
    """
    core, meta = sdk("core.v1"), sdk("meta.v1")
    metadata = meta.ObjectMetaArgs(name=namespace, labels={"pod-security.kubernetes.io/enforce": pod_security})
    return cast("Namespace", core.Namespace(f"{name}-namespace", metadata=metadata, opts=opts))


def secret(
    name: str,
    namespace: pulumi.Input[str],
    data: Mapping[str, pulumi.Input[str]],
    opts: pulumi.ResourceOptions | None = None,
) -> "Secret":
    """Register a Secret, for values to name it by `metadata.name`.

    Its name is Pulumi's, and it is immutable: another secret is another object with another name, the release's values change with it,
    its pods roll, and only then the old one goes.

    Args:
        name: of the resource, such as `sysdig-access-key`.
        namespace: where it is read.
        data: text by key; always a secret in the state.
        opts: Pulumi's.
    """
    core, meta = sdk("core.v1"), sdk("meta.v1")
    placed = core.Secret(
        name,
        metadata=meta.ObjectMetaArgs(namespace=namespace),
        # not string_data, which the API server never returns and a refresh would miss
        data={key: pulumi.Output.secret(text).apply(encoded) for key, text in data.items()},
        immutable=True,
        type="Opaque",
        opts=opts,
    )
    return cast("Secret", placed)


def encoded(text: str) -> str:
    """A text as the `data` of a Secret has it."""
    return base64.b64encode(text.encode()).decode()
