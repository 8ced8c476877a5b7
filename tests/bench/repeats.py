"""Fit the model of repeats on the training part of the labelled pairs and write it.

The sample tickets are learnt from as well: repeats and first calls among them are known.

Run ``kb init --with-samples`` first, then ``python -m tests.bench.repeats``; prints the figures of
the model on both parts. Look at the held-out figures to report, not to choose.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from indexer.engine import Engine, open_engine
from indexer.repeat_fitting import Call, evaluate, fit_model
from indexer.repeat_pairs import LabelledPair, pair_sample, read_pairs
from kb.database import open_database
from kb.settings import read_settings, shipped_handbook
from kb.times import now_beijing

ROOT = Path(__file__).parent.parent.parent
PAIRS = ROOT / "tests" / "data" / "repeat_pairs.jsonl"
APART = 30
"""Every so many first calls one is set beside another."""
MODEL = ROOT / "kb" / "repeat_model.json"


def read_rows() -> list[dict[str, Any]]:
    """The sample tickets."""
    lines = (shipped_handbook() / "samples" / "tickets.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def calls_apart(rows: list[dict[str, Any]]) -> list[LabelledPair]:
    """A few first calls of one class set beside those of another: long texts on two matters."""
    first = [row for row in rows if not row["repeat_of"]]
    return [
        LabelledPair(
            earlier=earlier["description"],
            earlier_class=earlier["category"],
            later=later["description"],
            days=10.0,
            is_open=False,
            same=False,
        )
        for earlier, later in zip(first[::APART], reversed(first[::APART]), strict=True)
        if earlier["category"] != later["category"]
    ]


def main() -> None:
    """Fit, measure, write."""
    settings = read_settings(os.environ)
    engine: Engine = open_engine(settings, open_database(settings.database))
    pairs = read_pairs(PAIRS)
    samples = {pair: pair_sample(engine, pair, now=now_beijing()) for pair in pairs}
    training = [samples[pair] for pair in pairs if not pair.is_held_out]
    rows = read_rows()
    apart = [pair_sample(engine, pair, now=now_beijing()) for pair in calls_apart(rows)]
    calls = [Call(row["description"], bool(row["repeat_of"])) for row in rows]
    model = fit_model([*training, *apart], calls)
    held_out = [samples[pair] for pair in pairs if pair.is_held_out]
    figures = {
        "threshold": model.threshold,
        "weights": model.weights,
        "wording": len(model.wording),
        "training": evaluate(training, model),
        "held_out": evaluate(held_out, model),
    }
    MODEL.write_text(json.dumps(asdict(model), ensure_ascii=False, indent=0) + "\n", "utf-8")
    click.echo(json.dumps(figures, ensure_ascii=False, indent=2))


if __name__ == "__main__":
    main()
