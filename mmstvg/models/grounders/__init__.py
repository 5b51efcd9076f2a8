"""Whole models."""

from .base_grounder import BaseGrounder
from .cgstvg import CGSTVG

__all__ = ['CGSTVG', 'BaseGrounder']
