"""AKS: its audit log switched on, and its way out: Event Hubs, their rules, a diagnostic setting.

`pulumi_azure_native` is the extra `azure` of the wheel: it is loaded where it is used, never at import.
"""
