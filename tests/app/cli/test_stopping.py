"""What signals do to a command on files."""

import signal
from collections.abc import Iterator

import pytest

from app.cli.stopping import status, stoppable

STOPS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@pytest.fixture(autouse=True)
def _as_at_a_terminal() -> Iterator[None]:
    """Whoever runs the tests in the background has them ignore what a terminal sends."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in STOPS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STOPS)
def test_a_stop_is_an_interrupt_with_the_status_that_shells_give_it(
    number: signal.Signals,
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt) as stopped, stoppable():
        signal.raise_signal(number)
    assert status(stopped.value) == 128 + number
    assert signal.getsignal(number) is before


def stopped_twice(done: list[str]) -> None:
    try:
        raise KeyboardInterrupt  # as Polars does before the handler is called
    finally:
        signal.raise_signal(signal.SIGINT)
        done.append("put in order")


def test_a_second_stop_does_not_disturb_what_the_first_puts_in_order() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt) as stopped, stoppable():
        stopped_twice(done)
    assert (status(stopped.value), done) == (130, ["put in order"])


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stoppable():
            signal.raise_signal(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_closed_pipe_is_python_s_business_again_afterwards() -> None:
    before = signal.getsignal(signal.SIGPIPE)
    with stoppable():
        assert signal.getsignal(signal.SIGPIPE) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGPIPE) is before
