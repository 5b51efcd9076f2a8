from collections.abc import Iterator
from contextlib import contextmanager

from mmengine.model import MMDistributedDataParallel

from mmstvg.registry import MODEL_WRAPPERS


@MODEL_WRAPPERS.register_module()
class StaticGraphDataParallel(MMDistributedDataParallel):
    """MMEngine's wrapper with a static graph, which also accumulates gradients.

    With `static_graph` PyTorch learns the graph in the first backward pass and fails if that is one without exchange of
    gradients, as the first of several accumulated batches is. So that pass exchanges them, too: the sum over the
    processes is the same, since the last batch exchanges what has been added up.
    """

    graph_is_known = False

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Passes inside exchange no gradients, but for the first."""
        if not self.graph_is_known:
            self.graph_is_known = True
            yield
            return
        with super().no_sync():
            yield
