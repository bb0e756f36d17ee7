"""What it costs in a month to bring a managed cloud's audit events to a receiver. Knows prices, not how it is built."""
