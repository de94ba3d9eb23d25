"""The report's plots as inline SVG. Nothing from documents gets in: numbers and our own words only.

Colours and fonts come from the page's style sheet, by class, so that a dark page has dark plots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from qa.evaluation.results import Result

_WIDTH, _HEIGHT = 420, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 26, 42
_END = _WIDTH - _RIGHT
_BARS = 24
Point = tuple[float, float]


def plots(result: Result) -> list[str]:
    """Recall by k, risk by coverage, calibration, and the distribution of latency, as far as the
    result has something to show."""
    made = (
        _by_depth(result.curves.get("recall", ()), result.curves.get("answers", ())),
        _risk(result.curves.get("risk_coverage", ())),
        _calibration(result.curves.get("calibration", ())),
        _latency([query.latency_ms for query in result.queries]),
    )
    return [plot for plot in made if plot]


def _by_depth(recall: Sequence[Mapping[str, float]], answers: Sequence[Mapping[str, float]]) -> str:
    cutoffs = sorted({int(row["k"]) for row in (*recall, *answers)})
    if not cutoffs:
        return ""
    place = {k: index / max(len(cutoffs) - 1, 1) for index, k in enumerate(cutoffs)}
    plot = _Plot("Found in the first k", "k", "share")
    plot.ticks_x([(x, f"{k}") for k, x in place.items()])
    plot.ticks_y([(y / 4, f"{y / 4:g}") for y in range(5)])
    for name, rows, style in (
        ("documents (R@k)", recall, "a"),
        ("answers (Answer@k)", answers, "b"),
    ):
        if rows:
            points = [(place[int(row["k"])], row["value"]) for row in rows]
            plot.line(points, style)
            plot.dots(points, style)
            plot.legend(name, style)
    return plot.svg()


def _risk(rows: Sequence[Mapping[str, float]]) -> str:
    if not rows:
        return ""
    plot = _Plot(
        "Wrong first passages by coverage", "share answered, most confident first", "wrong"
    )
    plot.ticks_x([(x / 4, f"{x / 4:g}") for x in range(5)])
    plot.ticks_y([(y / 4, f"{y / 4:g}") for y in range(5)])
    plot.line([(row["coverage"], row["risk"]) for row in rows], "a")
    return plot.svg()


def _calibration(rows: Sequence[Mapping[str, float]]) -> str:
    if not rows:
        return ""
    plot = _Plot("Calibration", "confidence", "first passage answers")
    plot.ticks_x([(x / 4, f"{x / 4:g}") for x in range(5)])
    plot.ticks_y([(y / 4, f"{y / 4:g}") for y in range(5)])
    plot.line([(0, 0), (1, 1)], "ideal")
    plot.dots([(row["confidence"], row["accuracy"]) for row in rows], "a")
    return plot.svg()


def _latency(latencies: Sequence[float]) -> str:
    if not latencies:
        return ""
    low, high = 0.0, max(latencies) or 1.0
    counts = [0] * _BARS
    for latency in latencies:
        counts[min(int((latency - low) / (high - low) * _BARS), _BARS - 1)] += 1
    top = max(counts)
    plot = _Plot("Latency", "milliseconds a question", "questions")
    plot.ticks_x([(x / 4, f"{low + (high - low) * x / 4:,.0f}") for x in range(5)])
    plot.ticks_y([(0, "0"), (1, f"{top:,}")])
    plot.bars([count / top for count in counts], "a")
    return plot.svg()


class _Plot:
    """Axes from 0 to 1 both ways, and what is drawn between them."""

    def __init__(self, title: str, x: str, y: str) -> None:
        self._title = title
        self._legends = 0
        self._parts = [
            _text(_LEFT, 14, title, "title"),
            _text((_LEFT + _END) / 2, _HEIGHT - 6, x, "label", "middle"),
            _text(_END, 14, y, "label", "end"),
        ]

    def ticks_x(self, ticks: Sequence[tuple[float, str]]) -> None:
        for at, label in ticks:
            x, y = _scaled((at, 0))
            self._parts.append(_text(x, y + 16, label, "tick", "middle"))

    def ticks_y(self, ticks: Sequence[tuple[float, str]]) -> None:
        for at, label in ticks:
            x, y = _scaled((0, at))
            self._parts.append(
                f'<line class="grid" x1="{x:.1f}" y1="{y:.1f}" x2="{_END}" y2="{y:.1f}"/>'
            )
            self._parts.append(_text(x - 6, y + 4, label, "tick", "end"))

    def line(self, points: Sequence[Point], style: str) -> None:
        path = " ".join("{:.1f},{:.1f}".format(*_scaled(point)) for point in points)
        self._parts.append(f'<polyline class="line {style}" points="{path}"/>')

    def dots(self, points: Sequence[Point], style: str) -> None:
        for point in points:
            x, y = _scaled(point)
            self._parts.append(f'<circle class="dot {style}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>')

    def bars(self, heights: Sequence[float], style: str) -> None:
        for index, height in enumerate(heights):
            x, y = _scaled((index / len(heights), height))
            right, bottom = _scaled(((index + 1) / len(heights), 0))
            self._parts.append(
                f'<rect class="bar {style}" x="{x:.1f}" y="{y:.1f}" '
                f'width="{right - x - 1:.1f}" height="{bottom - y:.1f}"/>'
            )

    def legend(self, name: str, style: str) -> None:
        self._legends += 1
        y = _HEIGHT - _BOTTOM - 14 * self._legends
        x = _END - 130
        self._parts.append(f'<circle class="dot {style}" cx="{x}" cy="{y - 4}" r="3"/>')
        self._parts.append(_text(x + 8, y, name, "label"))

    def svg(self) -> str:
        head = (
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(self._title)}">'
        )
        return "\n".join([head, *self._parts, "</svg>"])


def _scaled(point: Point) -> Point:
    x, y = point
    return (
        _LEFT + x * (_END - _LEFT),
        _HEIGHT - _BOTTOM - y * (_HEIGHT - _TOP - _BOTTOM),
    )


def _text(x: float, y: float, text: str, style: str, anchor: str = "start") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text class="{style}" {place}>{escape(text)}</text>'
