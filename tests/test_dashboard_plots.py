"""Addresses of pictures: what they give to whom, how long it may be kept, and where pages say they are."""

import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import Group, User
from django.http import HttpResponse
from django.test import Client
from playwright.sync_api import Browser
from pytest_django import DjangoAssertNumQueries, Settings
from pytest_django.live_server_helper import LiveServer

from dashboard.plots.links import links_of, links_of_repo, sparks_of
from hubs.models import Replica
from hubs.names import to_text
from probes.draw.png import png_size
from probes.models import StoredPicture
from probes.pictures import in_first_forms, mark_changed, redraw
from tests.estate import HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.months import sum_up

pytestmark = pytest.mark.django_db

HOSTILE = to_text(b"<script>alert(1)</script>\xe2\x80\xae\n\xff")
PLOT = "/plots/C2/Z9:229.svg"
ADDRESSES = [PLOT, "/plots/C2/Z9:229.png", "/plots/C2.svg", "/plots/C2/tracs/env.svg"]
FOR_EVER = "max-age=31536000, immutable"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tarballs of the tests are of another year."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def vault() -> Replica:
    """A replica with a month of tarballs of two repos, one with a name that nobody would give."""
    replica = make_replica(make_hub("C2"), "Z9:229")
    lay_snapshots(replica, stamps=every(31))
    lay_snapshots(replica, f"svn/{HOSTILE.replace('/', '%2F')}", every(31), size_bytes=9_000_000)
    sum_up(replica)
    make_run(replica, NOW)
    return replica


@pytest.fixture
def wide(vault: Replica) -> str:
    """The address for ever of the wide picture."""
    redraw(in_first_forms(vault), NOW)
    return links_of([vault], "1m")[vault.pk].wide


def get(client: Client, url: str, **headers: str) -> HttpResponse:
    response: Any = client.get(url, headers=headers)
    return response  # type: ignore[no-any-return]


# What is given ------------------------------------------------------------------------------


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("url", ADDRESSES)
def test_a_picture_is_given(admin_client: Client, url: str) -> None:
    expected = "image/png" if url.endswith("png") else "image/svg+xml"

    response = get(admin_client, url)

    assert (response.status_code, response["Content-Type"]) == (200, expected)


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("url", [url for url in ADDRESSES if url.endswith("svg")])
def test_an_svg_is_well_formed_and_refers_to_nothing(admin_client: Client, url: str) -> None:
    svg = get(admin_client, url).content.decode()

    names = {element.tag.rpartition("}")[2] for element in ElementTree.fromstring(svg).iter()}
    assert names <= {"svg", "style", "rect", "path", "text", "circle"}
    assert not re.search(r"href|url\(|@import|\son\w+=|data:", svg)


@pytest.mark.usefixtures("vault")
def test_a_picture_may_load_and_run_nothing(admin_client: Client) -> None:
    policy = get(admin_client, PLOT)["Content-Security-Policy"]

    assert policy == "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@pytest.mark.usefixtures("vault")
def test_an_svg_travels_compressed_where_that_is_understood(admin_client: Client) -> None:
    plain = get(admin_client, PLOT)
    compressed = get(admin_client, PLOT, accept_encoding="gzip")

    assert "Content-Encoding" not in plain
    assert compressed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in compressed["Vary"]
    assert 2 * len(compressed.content) < len(plain.content)


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize(("size", "pixels"), [("wide", 1920), ("narrow", 840)])
def test_a_png_has_two_pixels_for_each_of_the_page(
    admin_client: Client, size: str, pixels: int
) -> None:
    png = get(admin_client, f"/plots/C2/Z9:229.png?size={size}").content

    assert png_size(png)[0] == pixels


@pytest.mark.usefixtures("vault")
def test_a_png_has_a_theme(admin_client: Client) -> None:
    light, dark = (
        get(admin_client, f"/plots/C2/Z9:229.png?theme={theme}").content
        for theme in ("light", "dark")
    )

    assert light != dark


def test_an_empty_replica_says_so(admin_client: Client) -> None:
    make_replica(make_hub("C2"), "Z9:229")

    assert b"No tarball was seen yet" in get(admin_client, PLOT).content


def test_of_two_roots_on_a_node_one_is_chosen(vault: Replica, admin_client: Client) -> None:
    second = make_replica(vault.hub, "Z9:229", "copy", root="/second")

    svg = get(admin_client, f"{PLOT}?replica={second.pk}").content.decode()

    assert "C2 on Z9:229, /second" in svg


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("query", ["range=2m", "size=huge", "size=spark", "replica=x", "range="])
def test_what_there_is_not_is_not_found(admin_client: Client, query: str) -> None:
    assert get(admin_client, f"{PLOT}?{query}").status_code == 404


@pytest.mark.usefixtures("vault")
def test_a_theme_there_is_not_is_not_found(admin_client: Client) -> None:
    assert get(admin_client, "/plots/C2/Z9:229.png?theme=sepia").status_code == 404


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("range_name", ["1m", "3m", "6m", "ytd", "1y", "all"])
def test_every_range_is_drawn_when_it_is_asked_for(admin_client: Client, range_name: str) -> None:
    assert get(admin_client, f"{PLOT}?range={range_name}").status_code == 200
    assert StoredPicture.objects.filter(range_name=range_name).exists()


# How long it may be kept --------------------------------------------------------------------


def test_an_address_with_a_digest_may_be_kept_for_ever(admin_client: Client, wide: str) -> None:
    assert get(admin_client, wide)["Cache-Control"] == f"private, {FOR_EVER}"


def test_a_public_picture_may_be_kept_by_everybody(
    client: Client, wide: str, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True

    response = get(client, wide)

    assert response["Cache-Control"] == f"public, {FOR_EVER}"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"


def test_a_picture_of_a_group_is_never_public(
    vault: Replica, wide: str, admin_client: Client, settings: Settings
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    vault.hub.groups.add(Group.objects.create(name="theirs"))

    response = get(admin_client, wide)

    assert response["Cache-Control"].startswith("private")
    assert response["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_stored_picture_costs_few_queries(
    admin_client: Client, wide: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(4):  # session, user, replica, picture
        get(admin_client, wide)


@pytest.mark.usefixtures("vault")
def test_an_address_without_a_digest_is_asked_again(admin_client: Client) -> None:
    first = get(admin_client, PLOT)

    again = get(admin_client, PLOT, if_none_match=first["ETag"])

    assert first["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_an_outdated_digest_leads_to_where_it_is_now(
    vault: Replica, admin_client: Client, wide: str
) -> None:
    lay_snapshots(vault, stamps=[NOW - HOUR], size_bytes=77_000_000)
    mark_changed(vault.hub, {vault.pk})
    redraw(in_first_forms(vault), NOW)

    response = get(admin_client, wide)

    there = links_of([vault], "1m")[vault.pk].wide
    assert (response.status_code, response["Location"]) == (302, there)
    assert response["Cache-Control"] == "private, no-cache"
    assert get(admin_client, there).status_code == 200


def test_the_bytes_of_an_address_never_change(
    vault: Replica, admin_client: Client, wide: str
) -> None:
    before = get(admin_client, wide).content
    lay_snapshots(vault, stamps=[NOW - HOUR], size_bytes=77_000_000)
    mark_changed(vault.hub, {vault.pk})

    assert get(admin_client, wide).content == before


@pytest.mark.usefixtures("vault")
def test_a_made_up_digest_leads_to_the_picture_asked_for(admin_client: Client) -> None:
    response = get(admin_client, f"{PLOT}?range=3m&size=narrow&v={'0' * 32}")

    assert re.search(r"range=3m&size=narrow&v=[0-9a-f]{32}", response["Location"])


# Who may see it -----------------------------------------------------------------------------


@pytest.mark.usefixtures("vault")
@pytest.mark.parametrize("url", ADDRESSES)
def test_a_picture_needs_a_login(client: Client, url: str) -> None:
    assert get(client, url)["Location"].startswith("/login/")


@pytest.mark.parametrize("url", ADDRESSES)
def test_a_hidden_hub_has_no_picture(vault: Replica, client: Client, url: str) -> None:
    vault.hub.groups.add(Group.objects.create(name="theirs"))
    client.force_login(User.objects.create_user("eve"))

    assert get(client, url).status_code == 404


def test_a_hidden_hub_has_no_picture_for_one_who_knows_its_address(
    vault: Replica, client: Client, wide: str
) -> None:
    vault.hub.groups.add(Group.objects.create(name="theirs"))
    client.force_login(User.objects.create_user("eve"))

    assert get(client, wide).status_code == 404


# Links --------------------------------------------------------------------------------------


def test_links_cost_one_query_however_many_there_are(
    vault: Replica, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    replicas = [vault, *(make_replica(vault.hub, f"copy{number}") for number in range(9))]

    with django_assert_num_queries(1):
        assert len(links_of(replicas, "1m")) == 10


def test_a_link_says_in_words_what_the_picture_shows(vault: Replica, wide: str) -> None:
    links = links_of([vault], "1m")[vault.pk]

    assert links.alt.startswith("C2 on Z9:229: 62 tarballs, 2024-04-15 to 2024-05-15")
    assert (links.width, links.height) == (960, 560)


def test_a_picture_that_something_changed_since_is_linked_without_digest(
    vault: Replica, wide: str
) -> None:
    mark_changed(vault.hub, {vault.pk})

    links = links_of([vault], "1m")[vault.pk]

    assert "v=" not in links.wide
    assert "62 tarballs" not in links.alt


def test_a_repo_is_linked(vault: Replica, admin_client: Client) -> None:
    for repo in vault.hub.repos.all():
        assert get(admin_client, links_of_repo(repo, "1m").wide).status_code == 200


def test_the_list_of_hubs_shows_sparklines(vault: Replica, admin_client: Client) -> None:
    redraw(in_first_forms(vault.hub), NOW)
    spark = sparks_of([vault.hub])[vault.hub.pk]

    page = admin_client.get("/").content.decode()

    assert f'src="{spark.url}"' in page
    assert f'alt="{spark.alt}"' in page
    assert spark.alt == (
        "C2: tarballs of 2024-04-16 to 2024-05-15, 10 MB to 10 MB a day; 10 MB on the last."
    )


def test_a_finding_that_is_open_is_in_the_picture(vault: Replica, admin_client: Client) -> None:
    open_finding(vault.hub, "no_sidecar", replica=vault, stamp_at=NOW - 9 * 24 * HOUR)

    assert b">no sidecar<" in get(admin_client, PLOT).content


# In a browser -------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("theme", "ground"), [("light", (255, 255, 255)), ("dark", (0x19, 0x1F, 0x29))]
)
def test_one_svg_is_light_or_dark_as_its_reader_wants_it(
    vault: Replica,
    browser: Browser,
    live_server: LiveServer,
    settings: Settings,
    theme: Any,
    ground: tuple[int, ...],
) -> None:
    settings.SCMMON_PUBLIC_PAGES = True
    page = browser.new_page(color_scheme=theme)
    page.goto(f"{live_server.url}/login/")  # any page of ours: its policy is in force

    pixel = page.evaluate(
        """async (source) => {
            const image = new Image();
            document.body.append(image);
            image.src = source;
            await image.decode();
            const canvas = document.createElement("canvas");
            const pen = canvas.getContext("2d");
            pen.drawImage(image, 0, 0);
            return [...pen.getImageData(5, 5, 1, 1).data];
        }""",
        f"{live_server.url}{PLOT}",
    )
    page.close()

    assert tuple(pixel) == (*ground, 255)
