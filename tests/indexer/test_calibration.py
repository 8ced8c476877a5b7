"""Reliability tables, checked by hand."""

from __future__ import annotations

from indexer.calibration import judge, measure_reliability


def test_bins_hold_what_was_promised_and_what_came_true() -> None:
    judged = [judge(0.95, is_right=True), judge(0.91, is_right=False), judge(0.15, is_right=False)]
    table = measure_reliability(judged)
    assert [(row.low, row.count, row.predicted, row.observed) for row in table.bins] == [
        (0.1, 1, 0.15, 0.0),
        (0.9, 2, 0.93, 0.5),
    ]
    assert table.error == round((2 * 0.43 + 0.15) / 3, 4)


def test_certainty_falls_in_the_last_bin() -> None:
    table = measure_reliability([judge(1.0, is_right=True)])
    assert (table.bins[0].low, table.error) == (0.9, 0.0)


def test_high_is_measured_by_the_word_shown() -> None:
    judged = [
        judge(0.9, is_right=True, confidence="HIGH"),
        judge(0.8, is_right=False, confidence="HIGH"),
        judge(0.9, is_right=True, confidence="MEDIUM"),
        judge(0.2, is_right=False, confidence="LOW"),
    ]
    table = measure_reliability(judged)
    assert (table.high_share, table.high_precision) == (0.5, 0.5)


def test_nothing_shown_is_no_error() -> None:
    table = measure_reliability([])
    assert (table.count, table.error, table.high_precision, table.bins) == (0, 0.0, None, ())
