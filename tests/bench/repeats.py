"""Fit the model of repeats on the training part of the labelled pairs and write it.

Pairs of sample tickets are learnt from as well.

Run ``kb init --with-samples`` first, then ``python -m tests.bench.repeats``; prints the figures of
the model on both parts. Look at the held-out figures to report, not to choose.
"""

from __future__ import annotations

import json
import os
import random
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from indexer.engine import Engine, open_engine
from indexer.labelled import pair_sample
from indexer.repeat_fitting import Call, LabelledPair, evaluate, fit_model, read_pairs
from kb.database import open_database
from kb.settings import read_settings, shipped_handbook
from kb.times import now_beijing

ROOT = Path(__file__).parent.parent.parent
PAIRS = ROOT / "tests" / "data" / "repeat_pairs.jsonl"
OTHERS = 0.3
"""Share of the first calls that are paired with one of another class."""
MODEL = ROOT / "kb" / "repeat_model.json"


def read_rows() -> list[dict[str, Any]]:
    """The sample tickets."""
    lines = (shipped_handbook() / "samples" / "tickets.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def sample_pairs(rows: list[dict[str, Any]]) -> list[LabelledPair]:
    """Pairs of sample tickets: each repeat with what it repeats, and first calls of two classes."""
    known = {row["id"]: row for row in rows}
    first = [row for row in rows if not row["repeat_of"]]
    chance = random.Random(1)  # noqa: S311
    pairs = []
    for row in rows:
        earlier = known[row["repeat_of"]] if row["repeat_of"] else chance.choice(first)
        if row["repeat_of"] or chance.random() < OTHERS:
            if row["repeat_of"] or earlier["category"] != row["category"]:
                pairs.append(_pair(earlier, row, same=bool(row["repeat_of"])))
    return pairs


def _pair(earlier: dict[str, Any], later: dict[str, Any], *, same: bool) -> LabelledPair:
    accepted = (datetime.fromisoformat(row["accepted_at"]) for row in (later, earlier))
    days = next(accepted) - next(accepted)
    return LabelledPair(
        earlier=earlier["description"],
        earlier_class=earlier["category"],
        later=later["description"],
        days=days / timedelta(days=1) if same else 10.0,
        is_open=False,
        same=same,
    )


def main() -> None:
    """Fit, measure, write."""
    settings = read_settings(os.environ)
    engine: Engine = open_engine(settings, open_database(settings.database))
    pairs = read_pairs(PAIRS)
    samples = {pair: pair_sample(engine, pair, now=now_beijing()) for pair in pairs}
    training = [samples[pair] for pair in pairs if not pair.is_held_out]
    rows = read_rows()
    stories = [pair_sample(engine, pair, now=now_beijing()) for pair in sample_pairs(rows)]
    calls = [Call(row["description"], bool(row["repeat_of"])) for row in rows]
    model = fit_model([*training, *stories], calls)
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
