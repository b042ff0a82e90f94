"""The benchmarks, each run in a process of its own with its own environment."""

import socket
from dataclasses import dataclass

from assignments.sandbox.fake_smartlead import DEFAULT_KEY

CONFIGURED_LIMITS = ((8, 2.0), (55, 60.0))
SMARTLEAD_LIMITS = ((10, 2.0), (60, 60.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """One benchmark.

    `scale` shortens everything that takes time: the windows of the limit, Smartlead's
    latency, Handoff's own time constants, and with them the limit of the figure.
    """

    module: str
    scale: float = 1.0
    other_share: float = 0.0
    rows: int = 1_000
    clicks: int = 50
    on_request: bool = False
    # Whether the lists of single members have proven themselves.
    lists_proven: bool = True

    @property
    def served(self) -> tuple[tuple[int, float], ...]:
        """Limits of the sandbox: those we were given, or Smartlead's own beside another
        client.
        """
        return SMARTLEAD_LIMITS if self.other_share else CONFIGURED_LIMITS

    def environment(self, database_url: str) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings",
            "DATABASE_URL": database_url,
            "DEBUG": "0",
            "SECRET_KEY": "only-for-benchmarks-" + "x" * 40,
            "SMARTLEAD_API_KEY": DEFAULT_KEY,
            "SMARTLEAD_BASE_URL": f"http://127.0.0.1:{_free_port()}/api/v1",
            "SMARTLEAD_RATE_LIMITS": self.scaled(CONFIGURED_LIMITS),
            "TIME_SCALE": f"{self.scale:g}",
        }

    def scaled(self, limits: tuple[tuple[int, float], ...]) -> str:
        """Return limits as the environment and the sandbox's command line write them."""
        windows = (f"{calls}/{length * self.scale:g}s" for calls, length in limits)
        return ",".join(windows)


BENCHMARKS = {
    "batches": Benchmark(module="batches", scale=0.12),
    "batches-unproven": Benchmark(module="batches", scale=0.12, lists_proven=False),
    "coverage": Benchmark(module="coverage", rows=200),
    "insights": Benchmark(module="insights"),
    "preview": Benchmark(module="preview"),
    "load": Benchmark(module="load", scale=0.5),
    "load-shared": Benchmark(module="load", scale=0.5, other_share=0.2),
    "pages": Benchmark(module="pages"),
    "queries": Benchmark(module="queries"),
    "slow-readers": Benchmark(module="slow_readers"),
    "weight": Benchmark(module="weight"),
    "workload": Benchmark(module="workload"),
    "coverage-large": Benchmark(module="coverage", on_request=True),
    "true-limit": Benchmark(module="load", on_request=True),
    "true-limit-shared": Benchmark(module="load", other_share=0.2, on_request=True),
}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port
