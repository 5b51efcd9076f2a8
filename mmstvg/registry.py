"""The registries: what a user swaps by config. Each is a child of MMEngine's and imports its own modules when asked.

With `default_scope = 'mmstvg'` in a config, `type='CGSTVG'` finds the class here and `type='mmdet.ResNet'` finds
MMDetection's; nothing else has to be imported first.
"""

from mmengine.registry import (
    DATA_SAMPLERS,
    EVALUATOR,
    FUNCTIONS,
    LOG_PROCESSORS,
    RUNNERS,
    VISBACKENDS,
    WEIGHT_INITIALIZERS,
    Registry,
)
from mmengine.registry import DATASETS as MMENGINE_DATASETS
from mmengine.registry import HOOKS as MMENGINE_HOOKS
from mmengine.registry import LOOPS as MMENGINE_LOOPS
from mmengine.registry import METRICS as MMENGINE_METRICS
from mmengine.registry import MODEL_WRAPPERS as MMENGINE_MODEL_WRAPPERS
from mmengine.registry import MODELS as MMENGINE_MODELS
from mmengine.registry import OPTIM_WRAPPER_CONSTRUCTORS as MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS
from mmengine.registry import OPTIM_WRAPPERS as MMENGINE_OPTIM_WRAPPERS
from mmengine.registry import OPTIMIZERS as MMENGINE_OPTIMIZERS
from mmengine.registry import PARAM_SCHEDULERS as MMENGINE_PARAM_SCHEDULERS
from mmengine.registry import TRANSFORMS as MMENGINE_TRANSFORMS
from mmengine.registry import VISUALIZERS as MMENGINE_VISUALIZERS


def _child(name: str, parent: Registry, location: str) -> Registry:
    return Registry(name, parent=parent, scope='mmstvg', locations=[location])


MODELS = _child('model', MMENGINE_MODELS, 'mmstvg.models')
DATASETS = _child('dataset', MMENGINE_DATASETS, 'mmstvg.datasets')
TRANSFORMS = _child('transform', MMENGINE_TRANSFORMS, 'mmstvg.datasets')
METRICS = _child('metric', MMENGINE_METRICS, 'mmstvg.evaluation')
HOOKS = _child('hook', MMENGINE_HOOKS, 'mmstvg.engine')
PARAM_SCHEDULERS = _child('parameter scheduler', MMENGINE_PARAM_SCHEDULERS, 'mmstvg.engine')
VISUALIZERS = _child('visualizer', MMENGINE_VISUALIZERS, 'mmstvg.visualization')
# For training: parameter groups with names, the recipe's AdamW, autocast on the CPU, a static graph
# on several processes, a loop that can stop anywhere.
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    'optimizer wrapper constructor', MMENGINE_OPTIM_WRAPPER_CONSTRUCTORS, 'mmstvg.engine'
)
OPTIMIZERS = _child('optimizer', MMENGINE_OPTIMIZERS, 'mmstvg.engine')
OPTIM_WRAPPERS = _child('optim_wrapper', MMENGINE_OPTIM_WRAPPERS, 'mmstvg.engine')
MODEL_WRAPPERS = _child('model_wrapper', MMENGINE_MODEL_WRAPPERS, 'mmstvg.engine')
LOOPS = _child('loop', MMENGINE_LOOPS, 'mmstvg.engine')

# MMEngine warns at every look-up where a scope has no registry of a kind; these are empty and pass on to MMEngine's.
for _parent in (
    DATA_SAMPLERS,
    EVALUATOR,
    FUNCTIONS,
    LOG_PROCESSORS,
    RUNNERS,
    VISBACKENDS,
    WEIGHT_INITIALIZERS,
):
    Registry(_parent.name, parent=_parent, scope='mmstvg')
