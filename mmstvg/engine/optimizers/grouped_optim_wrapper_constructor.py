import logging

from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import nn

from mmstvg.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class GroupedOptimWrapperConstructor:
    """Builds the optimizer with a few named groups of parameters, each with its learning rate.

    MMEngine's own constructor makes one group a parameter, which the schedulers cannot tell apart and which keeps the
    optimizer from updating many tensors at once. Here a module path decides: `backbone` takes `backbone` and all that
    is inside. Where several paths fit, the longest wins; what none takes goes into the group `rest`, which comes first.
    Frozen parameters go nowhere. Weight decay is the same for all, norms and biases included (as in the reference).

    In a config::

        optim_wrapper = dict(
            constructor='GroupedOptimWrapperConstructor',
            optimizer=dict(type='AdamW', lr=3e-4, weight_decay=1e-4),
            paramwise_cfg=dict(groups=dict(
                appearance=dict(modules=['backbone'], lr=2e-5),
                text=dict(modules=['text_encoder'], lr=5e-5))))

    Args:
        optim_wrapper_cfg: Config of the wrapper with its `optimizer`, whose `lr` is that of `rest`.
        paramwise_cfg: `groups`: name to `dict(modules=[module paths], lr=learning rate)`.

    Raises:
        ValueError: An unknown or missing key, a module path that takes no parameter, or the same path twice.
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None):
        self.wrapper_cfg = dict(optim_wrapper_cfg)
        self.wrapper_cfg.setdefault('type', 'OptimWrapper')
        self.optimizer_cfg = dict(self.wrapper_cfg.pop('optimizer'))
        options = dict(paramwise_cfg or {})
        self.groups = dict(options.pop('groups', {}))
        if options:
            raise ValueError(f'Unknown keys of paramwise_cfg: {sorted(options)}; it takes `groups`.')
        self.owner: dict[str, str] = {}  # module path -> name of its group
        for name, group in self.groups.items():
            if name == 'rest' or set(group) != {'modules', 'lr'}:
                raise ValueError(
                    f"paramwise_cfg.groups['{name}'] is {dict(group)}; it takes `modules` and `lr`, and the name "
                    '`rest` stands for what no group takes (its rate is that of the optimizer).'
                )
            for path in group['modules']:
                if path in self.owner:
                    raise ValueError(f"`{path}` is in the groups '{self.owner[path]}' and '{name}' of paramwise_cfg.")
                self.owner[path] = name

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the wrapped optimizer of `model`.

        Raises:
            ValueError: A module path takes no parameter.
        """
        if is_model_wrapper(model):
            model = model.module
        parameters = self._split(model)
        param_groups = [dict(params=parameters['rest'], name='rest', lr=self.optimizer_cfg['lr'])]
        for name, group in self.groups.items():
            param_groups.append(dict(params=parameters[name], name=name, lr=group['lr']))
        for group in param_groups:
            size = sum(parameter.numel() for parameter in group['params'])
            level = logging.INFO if size else logging.WARNING
            text = f'{len(group["params"])} tensors, {size:,} values, lr {group["lr"]:g}'
            print_log(f'Parameter group {group["name"]}: {text}', 'current', level)
        optimizer = OPTIMIZERS.build(dict(self.optimizer_cfg, params=param_groups))
        wrapper = OPTIM_WRAPPERS.build(dict(self.wrapper_cfg, optimizer=optimizer))
        wrapper.base_param_settings = None  # MMEngine's extra group only serves to log a rate; the groups have names
        return wrapper

    def _split(self, model: nn.Module) -> dict[str, list[nn.Parameter]]:
        parameters: dict[str, list[nn.Parameter]] = {name: [] for name in ('rest', *self.groups)}
        unused = set(self.owner)
        for name, parameter in model.named_parameters():
            fitting = [path for path in self.owner if name == path or name.startswith(f'{path}.')]
            path = max(fitting, key=len, default='')
            unused.discard(path)
            if parameter.requires_grad:
                parameters[self.owner.get(path, 'rest')].append(parameter)
        if unused:
            children = ', '.join(name for name, _ in model.named_children())
            raise ValueError(
                f'No parameter lies in {sorted(unused)} of paramwise_cfg.groups; the model consists of: {children}.'
            )
        return parameters
