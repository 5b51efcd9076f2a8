"""Wrapping the model for several processes."""

from .static_graph_data_parallel import StaticGraphDataParallel

__all__ = ['StaticGraphDataParallel']
