"""The core that a bench drives over its ports: two lanes, and room for a small network."""

from hdl.config import Config

__all__ = ["CONFIG"]

CONFIG = Config(lanes=2, rows=32, trace_rows=64, words=256, populations=8, projections=8, inputs=8,
                outputs=32, probes=8)
