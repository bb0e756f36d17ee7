"""`KubesprayVariables`: the file of variables by which a run of Kubespray keeps audit logging on."""

from collections.abc import Mapping
from types import MappingProxyType

from k8s_audit.errors import HostError
from k8s_audit.platforms.kubespray.inventory import Inventory, Look
from k8s_audit.provider.resource import Context, Read, ResourceInputs, Values


class KubesprayVariablesInputs(ResourceInputs):
    """See `k8s_audit.KubesprayVariables`."""

    inventory: str
    group: str
    arguments: dict[str, str]

    def where(self) -> Inventory:
        """The inventory."""
        return Inventory(self.inventory, self.group)


class KubesprayVariablesResource:
    """The API server's audit flags and mounts among the variables of an inventory, in a file of our own."""

    name = "KubesprayVariables"
    inputs = KubesprayVariablesInputs
    outputs: Mapping[str, str] = MappingProxyType({"file": "string", "intact": "boolean"})
    secrets: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()

    def preview(self, inputs: KubesprayVariablesInputs, old: Values | None) -> Values:
        """Which file it is; that nothing is in its way was seen before anything was registered."""
        return {"file": str(inputs.where().file), "intact": True}

    def notice(self, news: Values, old: Values | None) -> str:
        """Nothing that the resource itself does not show."""
        return ""

    def create(self, context: Context, name: str, inputs: KubesprayVariablesInputs) -> tuple[str, Values]:
        """Write the file."""
        inventory = inputs.where()
        before = inventory.look(inputs.arguments)
        after = inventory.apply(inputs.arguments)
        if before.found != after.found:
            context.say(f"{inventory.file} was written: commit it beside the rest of the inventory")
        for path in after.encrypted:
            context.say(f"{path} is encrypted, so what it sets is not known")
        return name, _outputs(inputs, after)

    def read(
        self, context: Context, id: str, inputs: KubesprayVariablesInputs | None, old: Values
    ) -> Read[KubesprayVariablesInputs] | None:
        """What a run of Kubespray would set now."""
        if inputs is None:
            raise HostError("a KubesprayVariables is not imported; `up` makes one")
        look = inputs.where().look(inputs.arguments)
        if look.wanted and look.found is None:
            return None
        here = {name: look.arguments[name] for name in inputs.arguments if name in look.arguments}
        now = inputs.model_copy(update={"arguments": here})
        return Read(now, _outputs(now, look))

    def stale(self, old: Values) -> list[str]:
        """The file has another text, or somebody else's variables are in its way."""
        return [] if old.get("intact") else ["intact"]

    def update(self, context: Context, id: str, inputs: KubesprayVariablesInputs, old: Values) -> Values:
        """Bring it to the inputs; in another inventory, which may be another checkout of this one, the file stays."""
        former = KubesprayVariablesInputs.of(old)
        outputs = self.create(context, "", inputs)[1]
        if former.inventory != inputs.inventory:
            context.say(
                f"{former.where().file} stays: it is needed there if that is this inventory in another checkout"
            )
        elif former.group != inputs.group:
            former.where().remove()
        return outputs

    def delete(self, context: Context, id: str, old: Values) -> None:
        """Take the file away."""
        inputs = KubesprayVariablesInputs.of(old)
        inputs.where().restore(inputs.arguments)


def _outputs(inputs: KubesprayVariablesInputs, look: Look) -> Values:
    return inputs.values() | {"file": str(inputs.where().file), "intact": look.intact}
