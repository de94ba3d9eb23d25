"""What a stage took, beside those before it."""

from __future__ import annotations

from collections.abc import Mapping


def with_stage(
    timings_ms: Mapping[str, float], stage: str, milliseconds: float
) -> dict[str, float]:
    """An answer's timings with a further stage, which its total has grown by."""
    stages = {name: value for name, value in timings_ms.items() if name != "total"}
    total = timings_ms.get("total", 0.0) + milliseconds
    return {**stages, stage: milliseconds, "total": round(total, 3)}
