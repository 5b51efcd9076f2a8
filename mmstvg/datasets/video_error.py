"""The error of every video that cannot be read as annotated."""


class VideoError(RuntimeError):
    """A video that is missing, broken, or shorter than its annotation says.

    Args:
        path: The file.
        reason: One word to count by: `'missing'`, `'empty'`, `'no_video'` (no picture stream), `'undecodable'`,
            `'truncated'` (fewer frames decode than were planned), `'orientation'`.
        message: What was found and what to do.
    """

    def __init__(self, path: str, reason: str, message: str):
        super().__init__(f'{path}: {message}')
        self.path = path
        self.reason = reason
        self.message = message

    def __reduce__(self):
        # Exceptions rebuild themselves from their one text; without this the error is lost between worker and trainer.
        return type(self), (self.path, self.reason, self.message)
