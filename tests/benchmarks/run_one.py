"""One trial, in the process and the environment that __main__ made for it."""

import argparse
import importlib
import sys
from pathlib import Path

import django

from tests.benchmarks.catalogue import TRIALS
from tests.benchmarks.figures import publish


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=TRIALS)
    parser.add_argument("label")
    parser.add_argument("folder", type=Path)
    wanted = parser.parse_args()
    django.setup()
    trial = TRIALS[wanted.name]
    module = importlib.import_module(f"tests.benchmarks.{trial.module}")
    figures = module.measure(trial, label=wanted.label, folder=wanted.folder)
    sys.exit(0 if publish(figures) else 1)


if __name__ == "__main__":
    main()
