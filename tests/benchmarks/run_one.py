"""Runs one benchmark, in the process and the environment that `__main__` made for it."""

import argparse
import importlib
import sys
from pathlib import Path

import django

from tests.benchmarks.catalogue import BENCHMARKS
from tests.benchmarks.figures import publish


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=BENCHMARKS)
    parser.add_argument("label")
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    django.setup()
    benchmark = BENCHMARKS[wanted.name]
    module = importlib.import_module(f"tests.benchmarks.{benchmark.module}")
    figures = module.measure(benchmark, label=wanted.label, folder=wanted.folder)
    sys.exit(0 if publish(figures) else 1)


if __name__ == "__main__":
    main()
