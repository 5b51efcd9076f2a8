"""The error of every video that cannot be read as annotated."""


class VideoError(ValueError):
    """A video that is missing, broken, or shorter than its annotation says.

    Args:
        path: The file. Alone it is the whole text: so PyTorch rebuilds an error of a data worker in the trainer.
        reason: One word to count by: `'missing'`, `'empty'`, `'no_video'` (no picture stream), `'undecodable'`,
            `'truncated'` (fewer frames decode than were planned), `'orientation'`.
        message: What was found and what to do.
    """

    def __init__(self, path: str, reason: str = '', message: str = ''):
        super().__init__(f'{path}: {message}' if message else path)
        self.path = path
        self.reason = reason
        self.message = message

    def __reduce__(self):
        return type(self), (self.path, self.reason, self.message)
