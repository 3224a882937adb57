"""Posts wake a waiter, whoever makes them and however many there are."""

import os
import select
import threading

import pytest

from plcd.io.outputs.semaphore import DescriptorSemaphore, Semaphore, ThreadSemaphore, make_semaphore


@pytest.fixture(params=["thread", "default", "pipe"])
def semaphore(request: pytest.FixtureRequest) -> Semaphore:
    if request.param == "thread":
        return ThreadSemaphore()
    if not hasattr(select, "poll"):
        pytest.skip("this platform cannot poll descriptors")
    return DescriptorSemaphore(pipe=True) if request.param == "pipe" else make_semaphore()


def test_a_post_before_the_wait_is_kept_and_used_up(semaphore: Semaphore) -> None:
    assert not semaphore.wait(0)
    semaphore.post()
    semaphore.post()
    assert semaphore.wait(0)
    assert not semaphore.wait(0)


def test_a_post_wakes_a_waiter(semaphore: Semaphore) -> None:
    threading.Timer(0.05, semaphore.post).start()
    assert semaphore.wait(60)


def test_posts_that_nobody_takes_never_block(semaphore: Semaphore) -> None:
    for _ in range(20_000):
        semaphore.post()
    assert semaphore.wait(0)


@pytest.mark.parametrize("pipe", [False, True])
def test_machine_code_posts_by_writing_eight_bytes(pipe: bool) -> None:
    if not hasattr(select, "poll"):
        pytest.skip("this platform cannot poll descriptors")
    semaphore = DescriptorSemaphore(pipe=True) if pipe else DescriptorSemaphore()
    assert os.write(semaphore.descriptor, b"\1" + bytes(7)) == 8
    assert semaphore.wait(0)


def test_descriptors_are_closed_with_the_last_reference() -> None:
    if not hasattr(select, "poll"):
        pytest.skip("this platform cannot poll descriptors")
    semaphore = DescriptorSemaphore()
    descriptor = semaphore.descriptor
    os.fstat(descriptor)
    del semaphore
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
