"""How models run beside others on the same few cores."""

from __future__ import annotations

import onnxruntime


def beside_others(threads: int) -> onnxruntime.SessionOptions:
    """Options of a session whose ``threads`` don't spin, which would keep other models off the cores."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
