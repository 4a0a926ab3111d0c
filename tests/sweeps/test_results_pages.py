"""The pages of a result: what they show, where they lead, and what they say when something is wrong or missing."""

from __future__ import annotations

import csv
import html
import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from planner import owners
from planner.snapshot import current
from planner.sweeps.definition import Definition, Selection
from planner.sweeps.models import Chunk, ResultFile, Sweep
from planner.sweeps.results.store import Results
from planner.sweeps.work import services
from planner.sweeps.work.computing import compute_here
from planner.sweeps.work.folder import folder
from tests.sweeps.random_rows import read

pytestmark = pytest.mark.django_db
VIEWS = ("plans", "heat-map", "front", "contexts")
MACHINES = (
    "pc-with-rtx-4090-24-gb-64-gb-memory",
    "mac-studio-m3-ultra-80-core-gpu-512-gb",
    "iphone-16-8-gb-memory",
)
ASKED = Definition(
    machines=Selection(slugs=MACHINES),
    models=Selection(slugs=("llama-3-1-8b", "qwen3-32b")),
    contexts_tokens=(4096, 32_768),
    prompt_tokens="full",
    keep="all",
)


def made(definition: Definition = ASKED, *, chunks: int | None = None, owner: str = "somebody") -> Sweep:
    """A sweep, computed; ``chunks``: as it was when only the first so many were done."""
    sweep = services.create(definition, name="My <sweep>", owner=owner, snapshot=current(), chunk_plans=64)
    if chunks == 0:
        return sweep
    compute_here(sweep)
    if chunks:
        later = Chunk.objects.filter(sweep=sweep, index__gte=chunks)
        ResultFile.objects.filter(chunk__in=later).delete()
        later.update(state=Chunk.State.PENDING)
        Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.RUNNING, finished=None)
    sweep.refresh_from_db()
    return sweep


@pytest.fixture(scope="module")
def finished(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[uuid.UUID]:
    """A finished sweep, computed once for all tests here."""
    with django_db_blocker.unblock():
        found = made()
        assert found.state == Sweep.State.DONE
    yield found.pk
    with django_db_blocker.unblock():
        services.delete(found)
        assert not Sweep.objects.filter(pk=found.pk).exists()
        found.snapshot.delete()


@pytest.fixture
def sweep(finished: uuid.UUID) -> Sweep:
    """The finished sweep as the database has it."""
    return Sweep.objects.get(pk=finished)


@pytest.fixture
def look(client: Client, sweep: Sweep) -> Callable[..., HttpResponse]:
    """Ask for a view of the sweep."""

    def ask(view: str = "", query: str = "", status: int = 200, **headers: str) -> HttpResponse:
        path = f"/sweeps/{sweep.pk}/{view}{'/' if view else ''}{f'?{query}' if query else ''}"
        response = client.get(path, headers=headers)
        assert response.status_code == status, path
        return response

    return ask


def body(response: HttpResponse) -> str:
    return response.content.decode()


def shown(response: HttpResponse) -> str:
    """What the page says, without tags and with plain spaces."""
    text = html.unescape(re.sub(r"<[^>]+>", " ", body(response)))
    return re.sub(r"\s+", " ", text)


def links(response: HttpResponse, start: str) -> list[str]:
    return [
        html.unescape(found)
        for found in re.findall(r'href="([^"]+)"', body(response))
        if found.startswith(start)
    ]


@pytest.mark.parametrize("view", ["", *VIEWS])
def test_every_view_leads_to_every_other(look: Callable[..., HttpResponse], sweep: Sweep, view: str) -> None:
    response = look(view)
    found = re.search(r'<nav class="tabs".*?</nav>', body(response), re.DOTALL)
    assert found
    assert re.findall(r'href="/sweeps/[^/]+/([^"]*)"', found.group()) == ["", *(f"{name}/" for name in VIEWS)]
    assert found.group().count('aria-current="page"') == 1
    assert "My &lt;sweep&gt;" in body(response)
    assert "no-store" in response["Cache-Control"]


def test_the_overview_counts_plans_and_tells_picks_that_hold(
    look: Callable[..., HttpResponse], sweep: Sweep, client: Client
) -> None:
    response = look()
    counts = [int(text.replace(",", "")) for text in re.findall(r"<strong>([\d,]+)</strong>", body(response))]
    assert sum(counts) == sweep.n_plans
    sentences = re.findall(
        r"<h3>(.*?)</h3>\s*<p>(.*?) <a class=\"arrow\" href=\"(.*?)\"", body(response), re.DOTALL
    )
    assert {heading for heading, *_ in sentences} == {
        "The largest model at a comfortable speed",
        "The cheapest for Llama-3.1-8B",
    }
    assert "2 of the 3 machines have no launch price in the catalog." in shown(response)
    for _, sentence, address in sentences:
        told = re.search(r"writes (\S+) tokens a second \((\S+ to \S+)\)", sentence)
        assert told, sentence
        answer = shown(client.get(html.unescape(address)))
        assert f"writes about {told[1]} tokens a second ({told[2]})" in answer


def test_a_line_of_the_table_leads_to_the_plan_with_its_very_figures(
    look: Callable[..., HttpResponse], client: Client
) -> None:
    rows = re.findall(
        r"<tr><th scope=\"row\">.*?</tr>", body(look("plans", "verdict=runs&sort=-need")), re.DOTALL
    )
    for row in rows[:2]:
        address = re.search(r'href="(/\?[^"]+)"', row)
        assert address, row
        answer = shown(client.get(html.unescape(address[1])))
        cells = re.findall(r"<td.*?</td>", row, re.DOTALL)
        need, speed = (re.sub(r"<[^>]+>|\s|&nbsp;", " ", cells[place]).split()[0] for place in (5, 6))
        assert f"{need} GiB" in answer.replace("\N{NO-BREAK SPACE}", " ")
        assert f"writes about {speed} tokens a second" in answer


def test_a_cell_of_the_heat_map_leads_to_its_plans(look: Callable[..., HttpResponse], sweep: Sweep) -> None:
    response = look("heat-map")
    told = dict(
        zip(
            links(response, f"/sweeps/{sweep.pk}/plans/?"),
            re.findall(r"<title>[^<]*: [^<]*?(\d+) plans?\.</title>", body(response)),
            strict=False,
        )
    )
    assert len(told) == 6
    for address, count in told.items():
        table = shown(look("plans", urlsplit(address).query))
        assert f"{count} plans found" in table


def test_the_table_of_the_heat_map_says_the_same(look: Callable[..., HttpResponse]) -> None:
    page = body(look("heat-map"))
    cells = re.findall(r'<td class="num"><a href="[^"]+">([^<]+)', page)
    drawn = re.findall(r'text-anchor="middle">([^<]+)</text></g>', page)
    assert [text.strip() for text in cells] == drawn


def test_the_heat_map_can_be_of_bits_and_narrowed(look: Callable[..., HttpResponse], sweep: Sweep) -> None:
    bits = body(look("heat-map", "measure=bits"))
    assert re.search(r"<title>[^<]*16\.00 bits per weight", bits)
    narrowed = look("heat-map", "context=32768&machine=iphone&model=llama")
    assert "context=32768" in links(narrowed, f"/sweeps/{sweep.pk}/plans/?")[0]
    assert len(set(links(narrowed, f"/sweeps/{sweep.pk}/plans/?"))) == 1
    nothing = look("heat-map", "machine=no+such")
    assert "called like that" in shown(nothing)


def test_the_table_pages_on_and_back_and_keeps_what_is_asked(look: Callable[..., HttpResponse]) -> None:
    first = look("plans", "sort=-decode")
    assert re.search(r"\d+ plans kept, 1 to 50 shown", shown(first))
    onward = re.search(r'rel="next" href="[^"?]+\?([^"#]+)', body(first))
    assert onward
    second = look("plans", html.unescape(onward[1]))
    assert re.search(r"51 to \d+ shown", shown(second))
    assert "sort=-decode" in html.unescape(onward[1])
    back = re.search(r'rel="prev" href="[^"?]+\?([^"#]+)', body(second))
    assert back
    again = look("plans", html.unescape(back[1]))
    assert re.findall(r'<th scope="row">.*?</th>', body(again), re.DOTALL) == re.findall(
        r'<th scope="row">.*?</th>', body(first), re.DOTALL
    )


def test_headings_sort_and_say_how(look: Callable[..., HttpResponse]) -> None:
    page = body(look("plans", "sort=-decode"))
    heading = re.search(r'<th scope="col" class="num" aria-sort="descending"><a href="[^"]*sort=decode', page)
    assert heading, "the other way round at the second click"
    assert page.count("aria-sort") == 1


def test_the_table_offers_what_it_found_as_files(look: Callable[..., HttpResponse], sweep: Sweep) -> None:
    slug = Results(sweep).entries.formats[0].slug
    addresses = links(look("plans", f"verdict=fits&format={slug}&sort=need"), f"/sweeps/{sweep.pk}/export/")
    assert [parse_qs(urlsplit(address).query) for address in addresses] == [
        {"format": [kind, slug], "verdict": ["fits"], "sort": ["need"]}
        for kind in ("csv", "jsonl", "parquet", "md")
    ]


def file_of(response: HttpResponseBase) -> bytes:
    assert isinstance(response, StreamingHttpResponse)
    blocks = response.streaming_content
    return b"".join(block for block in blocks if isinstance(block, bytes))


def test_each_kind_of_file_holds_what_the_table_finds_in_its_order(
    client: Client, sweep: Sweep, tmp_path: Path
) -> None:
    address = f"/sweeps/{sweep.pk}/export/?machine=0&verdict=runs&sort=-decode&format="
    found = {}
    for kind in ("csv", "jsonl", "parquet", "md"):
        response = client.get(address + kind)
        assert response.status_code == 200
        assert response["Content-Disposition"] == f'attachment; filename="my-sweep.{kind}"'
        found[kind] = file_of(response)
    lines = list(csv.DictReader(found["csv"].decode().splitlines()))
    speeds = [float(line["decode_tps"]) for line in lines if line["decode_tps"]]
    assert speeds == sorted(speeds, reverse=True)
    assert {line["machine"] for line in lines} == {"PC with RTX 4090 24 GB, 64 GB memory"}
    plans = [line["plan"] for line in lines]
    assert [str(json.loads(line)["plan"]) for line in found["jsonl"].splitlines()] == plans
    assert [line.split("|")[1].strip() for line in found["md"].decode().splitlines()[2:]] == plans
    (tmp_path / "plans.parquet").write_bytes(found["parquet"])
    assert [str(row["plan"]) for row in read(tmp_path / "plans.parquet")] == plans
    assert f"{len(plans)} plans found" in shown(
        client.get(f"/sweeps/{sweep.pk}/plans/?machine=0&verdict=runs")
    )


def test_the_weight_format_is_said_beside_the_kind_of_file(client: Client, sweep: Sweep) -> None:
    chosen = Results(sweep).entries.formats[0]
    text = file_of(client.get(f"/sweeps/{sweep.pk}/export/?format=csv&format={chosen.slug}")).decode()
    assert {line["format"] for line in csv.DictReader(text.splitlines())} == {chosen.name}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "format=csv (CSV), format=jsonl (JSON lines), format=parquet (Parquet), format=md (Markdown)"),
        ("format=xlsx", "Say once in the address which file you want"),
        ("format=csv&format=md", "Say once in the address which file you want"),
        ("format=csv&speed=fast", "Writing speed at least, tokens/s: Write a number here"),
        ("format=csv&colour=red", "which this page does not know"),
    ],
)
def test_an_export_that_is_not_understood_is_refused_whole(
    look: Callable[..., HttpResponse], query: str, reason: str
) -> None:
    response = look("export", query, status=422)
    assert "Content-Disposition" not in response
    assert reason in shown(response)


def test_the_front_is_drawn_and_told_with_the_price_unknown_apart(look: Callable[..., HttpResponse]) -> None:
    page = look("front", "model=llama-3-1-8b")
    text = shown(page)
    assert "Llama-3.1-8B runs on 3 machines of this sweep; 2 of them have no price in the catalog" in text
    assert "$1,599" in text
    assert "Without a price" in text
    assert '<svg role="group" aria-labelledby="front-title"' in body(page)
    nothing = look("front", "model=qwen3-32b&context=32768&offload=no")
    assert "Qwen3-32B" in shown(nothing)


def test_curves_are_drawn_for_machines_that_are_chosen(look: Callable[..., HttpResponse]) -> None:
    every = look("contexts", "model=llama-3-1-8b")
    assert body(every).count('class="group"') == 3
    assert "90 % interval" in shown(every)
    chosen = look("contexts", "model=llama-3-1-8b&machine=1")
    assert body(chosen).count('class="group"') == 1
    looked = look("contexts", "model=llama-3-1-8b&machine=1&add=RTX")
    assert "Add one of these: PC with RTX 4090 24 GB, 64 GB memory" in shown(looked)
    assert "machine=1&machine=0" in " ".join(links(looked, "/sweeps/"))
    assert "No other machine of this sweep is called like" in shown(look("contexts", "add=no+such"))


def test_a_prompt_that_does_not_fill_the_context_is_told(client: Client) -> None:
    short = made(Definition(**{**{f: getattr(ASKED, f) for f in ASKED.__slots__}, "prompt_tokens": 512}))
    page = shown(client.get(f"/sweeps/{short.pk}/contexts/"))
    assert "The prompt of this sweep has 512 tokens" in page


@pytest.mark.parametrize(
    ("view", "query", "reason"),
    [
        ("plans", "speed=fast", "Write a number here"),
        ("plans", "machine=99", "There is no such machine in this sweep."),
        ("plans", "sort=-sideways", "There is no such choice here."),
        ("plans", "cursor=nonsense", "This is no place in the table."),
        ("plans", "colour=red", "which this page does not know"),
        ("heat-map", "measure=weight", "There is no such choice here."),
        ("heat-map", "machines_page=0", "greater than or equal to 1"),
        ("heat-map", "contxt=4096", "Did you mean “context”?"),
        ("heat-map", "machine=%00", "a character that no name has"),
        ("front", "model=gpt-9", "There is no such choice here."),
        ("front", "users=1&users=2", "more than once"),
        ("contexts", "machine=77", "There is no machine with this number in this sweep: 77."),
        ("contexts", "machine=0x1", "There is no machine with this number"),
        ("contexts", "format=q99", "There is no such choice here."),
    ],
)
def test_what_is_not_understood_is_said_and_the_page_drawn_all_the_same(
    look: Callable[..., HttpResponse], view: str, query: str, reason: str
) -> None:
    page = shown(look(view, query, status=422))
    assert "This was not understood" in page
    assert reason in page
    assert re.search("RTX 4090|Llama-3.1-8B", page)
    assert "Traceback" not in page


def test_at_most_six_machines_can_be_chosen(client: Client) -> None:
    many = made(
        Definition(
            machines=Selection(where={"vendor": "Raspberry Pi"}), models=Selection(slugs=("qwen3-0-6b",))
        )
    )
    n_machines = len(Results(many).entries.machines)
    assert n_machines > 6
    query = "&".join(f"machine={number}" for number in range(7))
    response = client.get(f"/sweeps/{many.pk}/contexts/?{query}")
    assert response.status_code == 422
    assert "At most 6 machines can be told apart" in shown(response)


def test_while_somebody_chooses_only_what_is_found_is_sent(
    look: Callable[..., HttpResponse], sweep: Sweep
) -> None:
    for view, query, tidy in (
        ("plans", "verdict=fits&q=", "verdict=fits"),
        ("heat-map", "measure=bits", "measure=bits"),
        ("front", "users=1", "users=1"),
        ("contexts", "add=", ""),
    ):
        response = look(view, query, **{"HX-Request": "true"})
        assert "<html" not in body(response)
        assert 'id="status" hx-swap-oob' in body(response)
        assert response["HX-Replace-Url"] == f"/sweeps/{sweep.pk}/{view}/{f'?{tidy}' if tidy else ''}"
        assert "HX-Request" in response["Vary"]
    refused = look("plans", "speed=fast", **{"HX-Request": "true"})
    assert "HX-Replace-Url" not in refused
    assert "This cannot be answered yet" in body(refused)


def test_an_address_with_empty_fields_is_shortened(client: Client, sweep: Sweep) -> None:
    response = client.get(f"/sweeps/{sweep.pk}/heat-map/?measure=bits&machine=&machine_order=memory")
    assert response.status_code == 302
    assert response["Location"] == f"/sweeps/{sweep.pk}/heat-map/?measure=bits"


def test_what_is_there_of_a_sweep_under_way_is_shown_and_said(client: Client) -> None:
    part = made(chunks=1)
    for view in VIEWS:
        running = client.get(f"/sweeps/{part.pk}/{view}/")
        assert running.status_code == 200
        assert f"still running: shown is what 64 of {part.n_plans} plans say" in shown(running)
    services.stop(part)
    assert "It was stopped: shown is what 64 of" in shown(client.get(f"/sweeps/{part.pk}/front/"))


def test_before_anything_is_computed_the_views_say_so(client: Client) -> None:
    waiting = made(chunks=0)
    for view in VIEWS:
        response = client.get(f"/sweeps/{waiting.pk}/{view}/")
        assert response.status_code == 200
        assert "Nothing is computed yet" in shown(response)
    assert client.get(f"/sweeps/{waiting.pk}/export/?format=csv").status_code == 404


def test_a_file_that_is_gone_is_named_and_its_owner_can_compute_it_again(client: Client) -> None:
    owner = owners.remember(response := HttpResponse(), owners.new_token())
    client.cookies = response.cookies
    mine = made(owner=owner)
    gone = ResultFile.objects.filter(sweep=mine, kind=ResultFile.Kind.ROWS).first()
    assert gone is not None
    (folder(mine) / gone.name).unlink()
    for view in VIEWS:
        page = client.get(f"/sweeps/{mine.pk}/{view}/")
        assert page.status_code == 404
        assert "Part of the result is gone" in shown(page)
        assert gone.name in body(page)
        assert f'action="/sweeps/{mine.pk}/resume/"' in body(page)
    assert client.get(f"/sweeps/{mine.pk}/export/?format=csv").status_code == 404
    others = Client().get(f"/sweeps/{mine.pk}/plans/")
    assert "The browser that started the sweep can compute them again." in shown(others)
    assert "resume" not in body(others)


def test_a_result_in_which_nothing_runs_is_no_error(client: Client) -> None:
    nothing = made(
        Definition(
            machines=Selection(slugs=("iphone-16-8-gb-memory",)),
            models=Selection(slugs=("deepseek-r1",)),
            keep="running",
        )
    )
    assert "No plan of this sweep runs." in shown(client.get(f"/sweeps/{nothing.pk}/"))
    assert "No plan that this sweep keeps is like that." in shown(client.get(f"/sweeps/{nothing.pk}/plans/"))
    assert "No plan of this sweep runs DeepSeek-R1" in shown(client.get(f"/sweeps/{nothing.pk}/front/"))
    assert "No plan of this sweep runs DeepSeek-R1" in shown(client.get(f"/sweeps/{nothing.pk}/contexts/"))
    assert ">no</text>" in body(client.get(f"/sweeps/{nothing.pk}/heat-map/"))


@pytest.mark.parametrize("view", VIEWS)
def test_there_is_nothing_to_see_of_what_is_not_there(client: Client, sweep: Sweep, view: str) -> None:
    assert client.get(f"/sweeps/{uuid.uuid4()}/{view}/").status_code == 404
    assert client.post(f"/sweeps/{sweep.pk}/{view}/").status_code == 405
    Sweep.objects.filter(pk=sweep.pk).update(state=Sweep.State.DELETING)
    assert client.get(f"/sweeps/{sweep.pk}/{view}/").status_code == 404


@pytest.mark.parametrize("view", VIEWS)
def test_views_ask_the_database_little_however_large_the_sweep(
    look: Callable[..., HttpResponse], sweep: Sweep, view: str
) -> None:
    look(view)
    with CaptureQueriesContext(connection) as asked:
        look(view)
    # the sweep with its snapshot, and its files; the catalog's state now and then
    assert len(asked) <= 5, [query["sql"] for query in asked]
    assert Chunk.objects.filter(sweep=sweep).count() > 2
