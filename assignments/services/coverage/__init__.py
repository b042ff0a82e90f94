"""Vacation coverage: leads handed over for an absence, and given back after it.

`planner` decides about one lead from a snapshot alone. `tick` takes the snapshot
(`snapshot`) and writes what was decided (`apply`). A hold becomes live or ends with a
change of owner in `ledger.holds`.
"""
