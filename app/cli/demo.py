"""`beatkeeper demo`: a simulated late shift through the real service, beside what was true."""

import asyncio
import datetime as dt
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli import demo_score, stage
from app.cli.compliance_table import compliance_lines, compliance_table
from app.cli.enrolment import PLAN, enrol, local_day, supervisor
from app.cli.opening import fail
from simulator.messages import NotReceivedError
from simulator.play import play
from simulator.publish import Broker
from simulator.scenario import Scenario, make
from simulator.score import VisitRow, breaches, score

SETTLED_WITHIN_S = 60.0


def demo(
    seed: Annotated[
        int, typer.Option(min=0, help="Another number gives another town and shift.")
    ] = 1,
    *,
    exit_: Annotated[bool, typer.Option("--exit", help="End after the table.")] = False,
) -> None:
    """Simulates a late shift, sends it through the real service, and compares with the truth.

    The exit status is 1 when the service's figures are further from the truth than they may be.
    """
    # Yesterday's late shift is over wherever the clock stands.
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)  # noqa: TID251 -- once, here
    try:
        good = asyncio.run(_perform(seed, day, stay=not exit_))
    except (stage.StageError, NotReceivedError, ConnectionError) as exc:
        fail(str(exc))
    except httpx.HTTPStatusError as exc:
        fail(f"the service refused {exc.request.method} {exc.request.url}: {exc.response.text}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(0) from None
    raise typer.Exit(0 if good else 1)


async def _perform(seed: int, day: dt.date, *, stay: bool) -> bool:
    _end_in_order()
    console = Console()
    with console.status("Simulating a town and its late shift ..."):
        scenario = await asyncio.to_thread(make, seed, day)
    console.print(_opening(scenario))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="beatkeeper-demo-")))
        mqtt_port, port = stage.free_port(), stage.free_port()
        await stack.enter_async_context(stage.broker(mqtt_port))
        service = await stack.enter_async_context(stage.service(folder, port, mqtt_port))
        client = await stack.enter_async_context(service.client())
        keys = await enrol(client, scenario)
        broker = Broker("127.0.0.1", mqtt_port)
        with _bar(console) as advance:
            await play(
                scenario.messages,
                base_url=service.url,
                broker=broker,
                keys=keys,
                progress=advance,
            )
        await _settled(client, len(scenario.messages))
        token = await supervisor(client)
        watching = await stack.enter_async_context(service.client(token))
        good = await _report(console, watching, scenario)
        if stay:
            console.print(
                f"\nThe service stays up at {service.url} (the API: {service.url}/docs)."
                f"\nThe administrator's token: {service.token}"
                f"\nA supervisor's, who sees visits: {token}\nCtrl-C ends it.",
                soft_wrap=True,
            )
            await asyncio.Event().wait()
    return good


def _end_in_order() -> None:
    """Makes a told-to-stop end as Ctrl-C does: the service stopped, its folder gone."""
    task = asyncio.current_task()
    if task is not None:
        for told in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(told, task.cancel)


def _opening(scenario: Scenario) -> str:
    officers, devices = len(scenario.officers), len(scenario.devices)
    return (
        f"Shift {scenario.seed}: {officers} officers with {devices} devices,"
        f" {len(scenario.truth.patrols)} hot spots, {len(scenario.messages)} messages."
    )


@contextmanager
def _bar(console: Console) -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("Sending the shift"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("", total=None)
        yield lambda sent, total: progress.update(task, completed=sent, total=total)


async def _settled(client: httpx.AsyncClient, messages: int) -> None:
    """Waits until the service has taken in everything: the broker's receipt is not yet its own."""
    deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN_S
    while (taken := (await _get(client, "/ingest"))["messages"]) < messages:
        if asyncio.get_running_loop().time() > deadline:
            msg = f"the service took in {taken} of {messages} messages"
            raise stage.StageError(msg)
        await asyncio.sleep(0.2)


async def _report(console: Console, client: httpx.AsyncClient, scenario: Scenario) -> bool:
    """Prints the figures beside the truth, and says whether they are as near as they should be."""
    day = local_day(scenario).isoformat()
    answer = await _get(client, "/compliance", plan=PLAN, **{"from": day, "to": day})
    agreement = score(await _visits(client), scenario)
    console.print(compliance_table(answer, scenario.truth))
    console.print(compliance_lines(answer, scenario.truth), highlight=False)
    console.print(demo_score.table(agreement))
    past = breaches(agreement)
    for breach in past:
        console.print(f"[bold red]Past its limit[/]: {breach}")
    return not past


async def _visits(client: httpx.AsyncClient) -> list[VisitRow]:
    rows: list[VisitRow] = []
    more: dict[str, str] = {}
    while True:
        page = await _get(client, "/visits", limit="1000", **more)
        rows += page["items"]
        if page["next"] is None:
            return rows
        more = {"cursor": page["next"]}


async def _get(client: httpx.AsyncClient, path: str, **query: str) -> dict[str, Any]:
    answer = await client.get(f"/api/v1{path}", params=query)
    answer.raise_for_status()
    return dict(answer.json())
