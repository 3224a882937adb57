import queue

import pytest

from plcd.io.command_queue import LIMIT, CommandQueue


def test_commands_run_in_turn_on_their_owner() -> None:
    commands: CommandQueue[list[int]] = CommandQueue()
    owner: list[int] = []
    first = commands.submit(lambda owned: owned.append(1))
    second = commands.submit(len)
    assert not first.done()
    commands.run(owner)
    assert owner == [1]
    assert second.result(0) == 1
    commands.run(owner)
    assert owner == [1]


def test_what_fails_tells_the_asker_and_the_rest_goes_on() -> None:
    commands: CommandQueue[dict[str, int]] = CommandQueue()
    wrong = commands.submit(lambda owned: owned["nothing"])
    right = commands.submit(len)
    commands.run({})
    assert isinstance(wrong.exception(0), KeyError)
    assert right.result(0) == 0


def test_it_is_bounded_and_can_be_cancelled() -> None:
    commands: CommandQueue[None] = CommandQueue()
    futures = [commands.submit(lambda owned: owned) for _ in range(LIMIT)]
    with pytest.raises(queue.Full):
        commands.submit(lambda owned: owned)
    commands.cancel()
    assert all(future.cancelled() for future in futures)
    commands.run(None)
