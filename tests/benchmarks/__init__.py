"""`python -m tests.benchmarks [name …]`: what Handoff can do, in figures with limits.

Each figure is a line of JSON on stdout; the exit code is 1 when one misses its limit.
docs/benchmarks.md says what is measured and how.
"""
