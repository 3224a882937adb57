"""What other threads ask for, done on the engine's thread between two frames."""

import queue
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

LIMIT = 64
"""Commands that may wait; they come from people, at most one at a time per connection."""

Owner = TypeVar("Owner")
T = TypeVar("T")


class CommandQueue(Generic[Owner]):
    """Actions on an ``Owner``. Any thread submits; the owner's runs them."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Callable[[Owner], Any], Future[Any]]] = queue.Queue(LIMIT)

    def submit(self, action: Callable[[Owner], T]) -> "Future[T]":
        """Let ``action`` wait for its turn. Raises queue.Full."""
        future: Future[T] = Future()
        self._waiting.put_nowait((action, future))
        return future

    def run(self, owner: Owner) -> None:
        """Run what waits."""
        while True:
            try:
                action, future = self._waiting.get_nowait()
            except queue.Empty:
                return
            try:
                future.set_result(action(owner))
            except Exception as error:
                future.set_exception(error)

    def cancel(self) -> None:
        """Nothing will run any more."""
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].cancel()
