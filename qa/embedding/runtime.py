"""ONNX Runtime, kept to itself."""

from __future__ import annotations

import os
from typing import Any


def load_onnxruntime() -> Any:
    """The package ``onnxruntime``, imported with its telemetry off: nothing leaves this machine.

    (Its official builds report use to their maker unless this is set before the import.)
    """
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    import onnxruntime

    return onnxruntime
