"""Flows that join the rooms below: the only place where they meet, with clock and wiring.

For: doing what an operator asks, one module per flow. Trusts: the node's own
keys, TRUSTED stores and clock, each checked as far as it can be.
Follows: trust.md, and the C2SP formats through `tlog`.
"""
