"""Instance context: generation (ICG) and refinement (ICR)."""

from .context import Context
from .context_generator import ContextGenerator
from .context_refiner import ContextRefiner
from .instance_context import InstanceContext

__all__ = ['Context', 'ContextGenerator', 'ContextRefiner', 'InstanceContext']
