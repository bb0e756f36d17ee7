"""The plugin's entry: starts the `k8s-audit` provider for the engine that called."""

from k8s_audit.provider.plugin import main

if __name__ == "__main__":
    main()
