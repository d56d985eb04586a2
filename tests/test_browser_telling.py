"""What people see of the messages in a real browser: no complaint, nothing executed, buttons that do what they say."""

import pytest
from django.core import signing
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from alerts.confirming import SALT
from alerts.models import Channel, Notification, NotificationPicture
from alerts.parcel import Result
from probes.models import Finding
from tests.browsing import log_in
from tests.estate import HOUR, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.messages import CHANGE, NASTY, hostile_message, plot_png
from tests.sinks import SmtpSink
from tests.told import ADDRESS, make_channel, make_message, make_route, tell, try_it

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "a.very.long.name.of.somebody@department.of.physics.example.org"


@pytest.fixture(autouse=True)
def no_channels() -> None:
    """Without the channel that every installation begins with."""
    Channel.objects.all().delete()


@pytest.fixture
def message() -> Notification:
    """A message about a finding with a picture, in long words, that one of two recipients has not taken."""
    now = timezone.now()
    hub = make_hub("C2", "Asia/Taipei")
    make_run(make_replica(hub), now - HOUR)
    channel = make_channel(addresses=[ADDRESS, LONG], weekly_on=0)
    make_route(channel)
    message = make_message(hub, channel, at=now - HOUR)
    NotificationPicture.objects.create(notification=message, name="plot-7", png=plot_png())
    taken, waits = message.deliveries.order_by("pk")
    try_it(taken, Result.ACCEPTED, "250 taken as 4711")
    try_it(try_it(waits, Result.LATER, f"451 <{LONG}>: greylisted"), Result.LATER, NASTY[:80])
    tell(message, [open_finding(hub, "overdue")])
    return message


@pytest.fixture
def hostile(message: Notification) -> Notification:
    """A message in which every text is what a hostile node would like it to be, refused in such words too."""
    hostile = make_message(message.hub, Channel.objects.get(), message=hostile_message())
    for delivery in hostile.deliveries.all():
        try_it(delivery, Result.REFUSED, "<script>alert(1)</script><img src=x onerror=alert(2)>")
    return hostile


def confirm_address(notification: Notification) -> str:
    delivery = notification.deliveries.all()[0]
    return f"/confirm/{signing.dumps(delivery.pk, salt=SALT)}/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_complains_or_is_wider_than_the_screen(
    page: Page, hostile: Notification, live_server: LiveServer, scheme: str, width: int
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, live_server)
    messages = [f"/notifications/{each.pk}/" for each in Notification.objects.all()]
    finding = f"/findings/{Finding.objects.get().pk}/"

    for url in ("/", "/notifications/", *messages, finding, confirm_address(hostile)):
        page.goto(live_server.url + url, wait_until="networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url


@pytest.mark.parametrize("url", ["channel/", "channel/add/", "route/", "route/add/"])
def test_the_admin_does_not_complain(
    page: Page, message: Notification, live_server: LiveServer, url: str
) -> None:
    log_in(page, live_server)

    page.goto(f"{live_server.url}/admin/alerts/{url}", wait_until="networkidle")

    expect(page.locator(".messagelist")).to_contain_text("1 message could not be delivered")


def test_the_banner_leads_to_what_could_not_be_delivered(
    page: Page, message: Notification, live_server: LiveServer
) -> None:
    log_in(page, live_server)

    page.locator(".banner").get_by_role("link", name="See which").click()

    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text(LONG)


def test_the_log_is_narrowed_down_by_hand(
    page: Page, hostile: Notification, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.get_by_role("link", name="Messages").click()

    page.get_by_role("combobox", name="Delivery", exact=True).select_option("given up")
    page.get_by_role("button", name="Show").click()

    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("combobox", name="Delivery", exact=True)).to_have_value("failed")


def test_a_message_is_tried_again_by_hand(
    page: Page, message: Notification, smtp: SmtpSink, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/notifications/{message.pk}/")

    page.get_by_role("button", name="Try again now").click()

    expect(page.get_by_role("status")).to_have_text("Of 1 that were tried again, 1 were taken.")
    expect(page.locator(".banner")).not_to_contain_text("could not be delivered")
    assert [mail.recipient for mail in smtp.mails] == [LONG]


def test_the_picture_of_a_message_is_drawn(
    page: Page, message: Notification, live_server: LiveServer
) -> None:
    log_in(page, live_server)

    page.goto(f"{live_server.url}/notifications/{message.pk}/", wait_until="networkidle")

    picture = page.get_by_role("img", name="C2 (cms02) on H1")
    assert picture.evaluate("(image) => image.naturalWidth") == 1200


def test_a_finding_leads_to_the_message_that_told_it(
    page: Page, message: Notification, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/notifications/{message.pk}/")
    page.get_by_role("link", name="overdue", exact=True).click()

    page.get_by_role("group", name="Who was told of this finding").get_by_role("link").click()

    expect(page.get_by_role("heading", name=CHANGE.subject)).to_be_visible()


def test_a_test_is_sent_and_confirmed_without_login(
    page: Page, browser: Browser, message: Notification, smtp: SmtpSink, live_server: LiveServer
) -> None:
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/alerts/channel/")
    page.get_by_role("row").filter(has_text="operators").get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("Send a test, and show the answer")
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_role("row").filter(has_text=LONG)).to_contain_text("taken as 4711")

    reader = browser.new_page(java_script_enabled=False)
    reader.goto(live_server.url + confirm_address(Notification.objects.get(kind="test")))
    reader.get_by_role("button", name="Yes, I have read it").click()

    expect(reader.get_by_role("heading", name="Thank you")).to_be_visible()
    reader.close()
    assert Channel.objects.get().confirmed_at


def test_a_signing_secret_is_gone_with_its_page(page: Page, live_server: LiveServer) -> None:
    make_channel("tickets", kind="webhook", url="https://example.org/in")
    log_in(page, live_server)
    page.goto(f"{live_server.url}/admin/alerts/channel/")
    page.get_by_role("row").filter(has_text="tickets").get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("Make a new signing secret, and show it once")
    page.get_by_role("button", name="Go").click()
    secret = page.locator("code").inner_text()
    assert secret == Channel.objects.get().secret

    page.get_by_role("link", name="The channel").click()

    expect(page.get_by_label("Signing secret:")).to_have_value("")
    assert secret not in page.content()
