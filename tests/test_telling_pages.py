"""What people see of what was told: the log, a message, the finding's page, the banner, and the page that confirms."""

import html
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.core import signing
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from alerts.confirming import SALT
from alerts.models import (
    Channel,
    Delivery,
    DeliveryStatus,
    Notification,
    NotificationPicture,
)
from alerts.parcel import Result
from dashboard.telling.banner import lines
from hubs.models import Hub
from probes.models import Finding
from tests.estate import DAY, HOUR, NOW, make_hub, make_replica, make_run
from tests.findings import open_finding
from tests.messages import CHANGE, FAILURE, MESSAGES, NASTY, REASSURANCE, TEST, hostile_message
from tests.sinks import SmtpSink
from tests.told import ADDRESS, make_channel, make_message, make_route, tell, try_it

pytestmark = pytest.mark.django_db

ANSWER = "550 5.1.1 no such user here"
MOST_QUERIES = 25
STORABLE = NASTY.replace("\0", "").encode("utf-8", "replace").decode()  # by every database


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Pages ask what time it is. Mail is set up, and nothing is in the way of telling but what a test puts there."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    settings.EMAIL_IS_SET = True
    Channel.objects.all().delete()


@pytest.fixture
def hub() -> Hub:
    """A hub that was looked at an hour ago."""
    replica = make_replica(make_hub("H", "Asia/Taipei"))
    make_run(replica, NOW - HOUR)
    return replica.hub


@pytest.fixture
def channel() -> Channel:
    return make_channel()


@pytest.fixture
def message(hub: Hub, channel: Channel) -> Notification:
    """A message about the hub that is on its way."""
    return make_message(hub, channel)


@pytest.fixture
def outsider(client: Client) -> Client:
    """Somebody who is logged in, is no staff, and is in no group."""
    client.force_login(User.objects.create_user("charlie"))
    return client


@pytest.fixture
def passer_by(settings: Settings) -> Client:
    """Somebody who is not logged in, where pages are public."""
    settings.SCMMON_PUBLIC_PAGES = True
    return Client()


def only(notification: Notification) -> Delivery:
    return notification.deliveries.get()


def address(notification: Notification) -> str:
    return f"/notifications/{notification.pk}/"


def text(client: Client, url: str) -> str:
    """Return what a page says, tags left out."""
    response = client.get(url)
    assert response.status_code == 200, response.status_code
    without_tags = re.sub(r"<[^>]*>", " ", response.content.decode())
    return " ".join(html.unescape(without_tags).split())


def hide(hub: Hub) -> None:
    hub.groups.add(Group.objects.create(name="institute"))


# --- The log -----------------------------------------------------------------------------------


def test_the_log_says_what_went_to_whom_and_how(
    message: Notification, admin_client: Client
) -> None:
    try_it(only(message), Result.LATER, "451 greylisted", due_at=NOW + timedelta(minutes=5))

    page = text(admin_client, "/notifications/")

    assert (
        f"60 min ago alarm {CHANGE.subject} {ADDRESS} by operators not taken yet 1 attempt" in page
    )
    assert "next try in 5 min 451 greylisted" in page


def test_the_newest_delivery_comes_first(hub: Hub, channel: Channel, admin_client: Client) -> None:
    make_message(hub, channel, subject="the first")
    make_message(hub, channel, subject="the second")

    page = text(admin_client, "/notifications/")

    assert page.index("the second") < page.index("the first")


def test_an_empty_log_says_so(admin_client: Client) -> None:
    assert "Nobody was told anything yet." in text(admin_client, "/notifications/")


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("hub=H", {"change", "reminder"}),
        ("channel=chat", {"reminder"}),
        ("status=sent", {"change"}),
        ("status=waiting", {"reminder", "failure"}),
        ("kind=failure", {"failure"}),
        ("severity=warn", {"reminder"}),
        ("status=sent&kind=failure", set()),
        ("status=nonsense", set()),
    ],
)
def test_the_log_is_filtered_by_the_url(
    hub: Hub, channel: Channel, admin_client: Client, asked: str, shown: set[str]
) -> None:
    chat = make_channel("chat", kind="apprise", url="json://chat.example.org")
    try_it(only(make_message(hub, channel, subject="<change>")), Result.ACCEPTED)
    make_message(hub, chat, message=MESSAGES["reminder"], subject="<reminder>")
    make_message(None, channel, message=FAILURE, subject="<failure>")

    page = text(admin_client, f"/notifications/?{asked}")

    assert set(re.findall(r"<(\w+)>", page)) == shown


def test_what_could_not_be_delivered_can_be_asked_for(
    hub: Hub, channel: Channel, admin_client: Client
) -> None:
    try_it(only(make_message(hub, channel, subject="lost")), Result.REFUSED)
    make_message(hub, channel, subject="on its way")

    page = text(admin_client, "/notifications/?status=undelivered")

    assert "1 delivery" in page
    assert " lost " in page


def test_the_log_is_cut_into_pages(hub: Hub, admin_client: Client) -> None:
    crowd = make_channel(addresses=[f"a{number}@example.org" for number in range(101)])
    make_message(hub, crowd)

    assert "Page 1 of 2" in text(admin_client, "/notifications/")
    assert "a0@example.org" in text(admin_client, "/notifications/?page=2")


def test_every_page_leads_to_the_log(admin_client: Client) -> None:
    assert b'<a href="/notifications/">Messages</a>' in admin_client.get("/").content


# --- Who sees what -----------------------------------------------------------------------------


def test_messages_about_a_hidden_hub_are_not_there(message: Notification, outsider: Client) -> None:
    assert message.hub is not None
    hide(message.hub)

    assert CHANGE.subject not in text(outsider, "/notifications/")
    assert outsider.get(address(message)).status_code == 404


def test_messages_about_no_hub_are_for_staff(
    channel: Channel, outsider: Client, admin_client: Client
) -> None:
    week = make_message(None, channel, message=REASSURANCE)

    assert "Nobody was told" in text(outsider, "/notifications/")
    assert [one.get(address(week)).status_code for one in (outsider, admin_client)] == [404, 200]


def test_who_is_not_logged_in_sees_neither_addresses_nor_answers(
    message: Notification, passer_by: Client
) -> None:
    try_it(only(message), Result.REFUSED, f"550 no {ADDRESS}")

    for url in ("/notifications/", address(message)):
        page = text(passer_by, url)
        assert "a recipient by operators" in page
        assert (ADDRESS in page, "550" in page) == (False, False)


def test_who_is_not_logged_in_does_not_see_how_scmmon_runs(
    message: Notification, passer_by: Client, outsider: Client
) -> None:
    assert "scmmon_ed25519" in text(outsider, address(message))
    assert "monitor.example.org" in text(outsider, address(message))
    assert "scmmon_ed25519" not in text(passer_by, address(message))
    assert "monitor.example.org" not in text(passer_by, address(message))


def test_failed_commands_are_not_for_passers_by(
    hub: Hub, channel: Channel, passer_by: Client, outsider: Client
) -> None:
    failed = make_message(hub, channel, message=FAILURE)

    assert [one.get(address(failed)).status_code for one in (passer_by, outsider)] == [404, 200]


def test_only_channels_of_ones_own_hubs_are_offered(hub: Hub, outsider: Client) -> None:
    hidden = make_hub("SECRET")
    hide(hidden)
    make_route(make_channel("institute"), hidden)
    make_route(make_channel("everybody"), None)

    page = text(outsider, "/notifications/")

    assert ("everybody" in page, "institute" in page) == (True, False)


# --- One message -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_reads_as_it_was_written(
    hub: Hub, channel: Channel, admin_client: Client, name: str
) -> None:
    page = text(admin_client, address(make_message(hub, channel, message=MESSAGES[name])))

    assert MESSAGES[name].conclusion in page
    assert "{" not in page.replace("{1,", "")


def test_a_message_shows_its_table_facts_and_lines_to_repeat_it(
    message: Notification, admin_client: Client
) -> None:
    page = text(admin_client, address(message))

    assert "Z9:229 (copy) unknown since 2026-11-20 04:16:31 Asia/Taipei" in page
    assert "Command manage.py collect --workers 16" in page
    assert "ssh -p 229 -l scm" in page


@pytest.mark.parametrize("content", [{}, {"blocks": [{"block": "New"}]}, {"blocks": []}, []])
def test_a_spoilt_message_still_shows_how_it_went(
    message: Notification, admin_client: Client, content: object
) -> None:
    Notification.objects.update(content=content)

    page = text(admin_client, address(message))

    assert "What it says cannot be read any more." in page
    assert f"{ADDRESS} by operators waiting" in page


def test_every_attempt_is_shown(message: Notification, admin_client: Client) -> None:
    delivery = try_it(only(message), Result.LATER, "451 not now")
    try_it(delivery, Result.LOST, "the process ended", at=NOW - HOUR / 2)
    try_it(delivery, Result.ACCEPTED, "250 taken", at=NOW)

    page = text(admin_client, address(message))

    assert f"{ADDRESS} by operators taken" in page
    assert "2024-05-15 11:00 UTC (19:00 +0800) not taken yet 2 s 451 not now" in page
    assert "11:30 UTC (19:30 +0800) not known 2 s the process ended" in page
    assert "12:00 UTC (20:00 +0800) taken 2 s 250 taken" in page


def test_a_message_leads_to_the_findings_that_it_told(
    message: Notification, hub: Hub, admin_client: Client
) -> None:
    finding = open_finding(hub, "overdue")
    tell(message, [finding], "worse")

    page = admin_client.get(address(message)).content.decode()

    assert f'<a href="/findings/{finding.pk}/">overdue</a>' in page
    assert "<td>worse</td>" in page


def test_a_picture_is_shown_with_its_text(message: Notification, admin_client: Client) -> None:
    NotificationPicture.objects.create(notification=message, name="plot-7", png=b"\x89PNG")

    response = admin_client.get(f"{address(message)}plot-7.png")

    assert (response["Content-Type"], response.content) == ("image/png", b"\x89PNG")
    assert 'alt="C2 (cms02) on H1' in admin_client.get(address(message)).content.decode()


def test_a_picture_that_is_not_there_is_its_text(
    message: Notification, admin_client: Client
) -> None:
    assert "A picture: C2 (cms02) on H1" in text(admin_client, address(message))
    assert admin_client.get(f"{address(message)}plot-7.png").status_code == 404


def test_pictures_of_a_hidden_hub_are_not_there(message: Notification, outsider: Client) -> None:
    NotificationPicture.objects.create(notification=message, name="plot-7", png=b"\x89PNG")
    assert message.hub is not None
    hide(message.hub)

    assert outsider.get(f"{address(message)}plot-7.png").status_code == 404


def test_a_hostile_message_is_text(hub: Hub, channel: Channel, admin_client: Client) -> None:
    hostile = make_message(hub, channel, message=hostile_message(STORABLE))
    try_it(only(hostile), Result.REFUSED, STORABLE)
    NotificationPicture.objects.create(notification=hostile, name="there/../x", png=b"png")

    for url in ("/notifications/", address(hostile)):
        page = admin_client.get(url).content.decode()
        assert not re.search(r"<(script>|svg|img src=x)|javascript:|\u202e|\x1b", page)


# --- Trying again ------------------------------------------------------------------------------


def try_again(client: Client, notification: Notification) -> str:
    client.post(f"{address(notification)}again/")
    return text(client, address(notification))


@pytest.mark.parametrize("result", [Result.LATER, Result.REFUSED])
def test_staff_may_try_again(
    message: Notification, admin_client: Client, smtp: SmtpSink, result: Result
) -> None:
    try_it(only(message), result, ANSWER)

    page = try_again(admin_client, message)

    assert "Of 1 that were tried again, 1 were taken." in page
    assert [mail.recipient for mail in smtp.mails] == [ADDRESS]
    assert only(message).status == DeliveryStatus.SENT


def test_trying_again_says_what_failed_again(
    message: Notification, admin_client: Client, smtp: SmtpSink
) -> None:
    smtp.says[ADDRESS] = "550 <script>alert(1)</script>"

    page = try_again(admin_client, message)

    assert "Of 1 that were tried again, 0 were taken." in page
    assert "550 <script>alert(1)</script>" in page
    assert "Try again now" in page


def test_only_one_message_is_tried_again(
    message: Notification, hub: Hub, channel: Channel, admin_client: Client, smtp: SmtpSink
) -> None:
    other = make_message(hub, channel)

    try_again(admin_client, message)

    assert only(other).attempts_made == 0


def test_what_was_taken_is_not_sent_again(
    message: Notification, admin_client: Client, smtp: SmtpSink
) -> None:
    try_it(only(message), Result.ACCEPTED)

    page = try_again(admin_client, message)

    assert "There was nothing to try again." in page
    assert "Try again now" not in page
    assert smtp.mails == []


def test_nothing_is_tried_over_a_channel_that_is_switched_off(
    message: Notification, channel: Channel, admin_client: Client, smtp: SmtpSink
) -> None:
    Channel.objects.update(enabled=False)

    assert "There was nothing to try again." in try_again(admin_client, message)
    assert only(message).status == DeliveryStatus.WAITING


def test_others_may_not_try_again(message: Notification, outsider: Client) -> None:
    assert outsider.post(f"{address(message)}again/").status_code == 403
    assert "Try again now" not in text(outsider, address(message))


def test_who_is_not_logged_in_is_led_to_the_login(message: Notification, passer_by: Client) -> None:
    response = passer_by.post(f"{address(message)}again/")

    assert response["Location"] == f"/login/?next={address(message)}"


def test_trying_again_needs_a_post_with_our_token(message: Notification, admin_user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(admin_user)

    url = f"{address(message)}again/"

    assert (client.get(url).status_code, client.post(url).status_code) == (405, 403)


# --- The page of a finding ---------------------------------------------------------------------


def test_a_finding_says_who_was_told_and_how_that_went(
    message: Notification, hub: Hub, admin_client: Client
) -> None:
    finding = open_finding(hub)
    tell(message, [finding], "escalation")
    try_it(only(message), Result.REFUSED)

    page = text(admin_client, f"/findings/{finding.pk}/")

    told = "(19:00 +0800) alarm still open and unanswered"
    assert f"2024-05-15 11:00 UTC {told} {ADDRESS} by operators given up" in page


def test_a_finding_does_not_name_recipients_to_passers_by(
    message: Notification, hub: Hub, passer_by: Client
) -> None:
    finding = open_finding(hub)
    tell(message, [finding])

    page = text(passer_by, f"/findings/{finding.pk}/")

    assert "a recipient by operators waiting" in page
    assert ADDRESS not in page


def test_a_finding_that_was_told_to_many_names_ten(hub: Hub, admin_client: Client) -> None:
    crowd = make_channel(addresses=[f"a{number}@example.org" for number in range(30)])
    finding = open_finding(hub)
    tell(make_message(hub, crowd), [finding])

    page = text(admin_client, f"/findings/{finding.pk}/")

    assert page.count("@example.org") == 10
    assert "all 30" in page


def why(client: Client, finding: Finding) -> str:
    found = re.search(r"Nobody was told[^.]*\.", text(client, f"/findings/{finding.pk}/"))
    assert found
    return found[0]


def test_a_finding_that_nobody_answers_for_has_no_route(hub: Hub, admin_client: Client) -> None:
    expected = "Nobody was told: no route covers the severity alarm of hub H."

    assert why(admin_client, open_finding(hub)) == expected


def test_a_finding_may_be_milder_than_its_routes_want(hub: Hub, admin_client: Client) -> None:
    make_route(make_channel(), hub, "alarm")

    assert "no route covers the severity notice" in why(
        admin_client, open_finding(hub, severity="notice")
    )


def test_a_finding_may_have_a_route_that_leads_to_nobody(hub: Hub, admin_client: Client) -> None:
    make_route(make_channel(addresses=[]), hub)

    assert "mail without addresses, and the hub has no contacts" in why(
        admin_client, open_finding(hub)
    )


def test_a_finding_may_wait_for_its_escalation(hub: Hub, admin_client: Client) -> None:
    make_route(make_channel(), hub, after=6 * HOUR)

    assert "only escalation covers it, 6 h after it opened" in why(admin_client, open_finding(hub))


def test_a_muted_finding_is_told_to_nobody(hub: Hub, admin_client: Client) -> None:
    make_route(make_channel(), hub)
    finding = open_finding(hub, acknowledged_at=NOW, acknowledged_until=NOW + DAY)

    assert why(admin_client, finding) == (
        "Nobody was told: it is snoozed until 2024-05-16 12:00 UTC."
    )


def test_a_new_finding_is_told_soon(hub: Hub, admin_client: Client) -> None:
    make_route(make_channel(), hub)

    assert "not yet" in why(admin_client, open_finding(hub))


def test_of_what_is_over_no_reason_is_given(hub: Hub, admin_client: Client) -> None:
    assert why(admin_client, open_finding(hub, closed_at=NOW)) == "Nobody was told."


# --- The banner --------------------------------------------------------------------------------

QUIET = "no banner"


def banner(client: Client, url: str = "/") -> str:
    content = client.get(url).content.decode()
    found = re.search(r'<section class="banner".*?</section>', content, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[0])).split()) if found else QUIET


def test_where_all_is_delivered_nothing_is_said(
    message: Notification, admin_client: Client
) -> None:
    try_it(only(message), Result.ACCEPTED)

    assert banner(admin_client) == QUIET


def test_a_message_on_its_way_is_no_trouble(message: Notification, admin_client: Client) -> None:
    Delivery.objects.update(status=DeliveryStatus.SENDING, attempts_made=1)

    assert banner(admin_client) == QUIET


@pytest.mark.parametrize("url", ["/", "/findings/", "/runs/", "/notifications/", "/hubs/H/"])
@pytest.mark.parametrize("result", [Result.LATER, Result.REFUSED, Result.LOST])
def test_what_could_not_be_delivered_is_said_on_every_page(
    message: Notification, admin_client: Client, result: Result, url: str
) -> None:
    try_it(only(message), result)

    assert banner(admin_client, url) == (
        "alarm 1 message could not be delivered since 2024-05-15 11:00 UTC , 60 min ago. See which"
    )


def test_the_admin_says_so_too(message: Notification, admin_client: Client) -> None:
    try_it(only(message), Result.LATER)

    assert "1 message could not be delivered" in text(admin_client, "/admin/")


def test_what_nobody_sends_is_said_too(message: Notification, admin_client: Client) -> None:
    Delivery.objects.update(due_at=NOW - 2 * HOUR)

    assert "1 message could not be delivered" in banner(admin_client)


def test_a_message_to_many_counts_once(hub: Hub, admin_client: Client) -> None:
    many = make_message(hub, make_channel(addresses=["a@example.org", "b@example.org"]))
    for delivery in many.deliveries.all():
        try_it(delivery, Result.LATER)

    assert "1 message could not" in banner(admin_client)


def test_who_took_a_later_message_is_reached_again(
    message: Notification, hub: Hub, channel: Channel, admin_client: Client
) -> None:
    try_it(only(message), Result.REFUSED)
    try_it(only(make_message(hub, channel)), Result.ACCEPTED)

    assert banner(admin_client) == QUIET


def test_that_somebody_else_took_one_is_no_comfort(
    message: Notification, hub: Hub, channel: Channel, admin_client: Client
) -> None:
    try_it(only(message), Result.REFUSED)
    Channel.objects.update(addresses=["bob@example.org"])
    channel.refresh_from_db()
    try_it(only(make_message(hub, channel)), Result.ACCEPTED)

    assert "1 message could not be delivered" in banner(admin_client)


def test_what_was_given_up_long_ago_is_history(message: Notification, admin_client: Client) -> None:
    try_it(only(message), Result.REFUSED, at=NOW - 8 * DAY)

    assert banner(admin_client) == QUIET


@pytest.mark.parametrize(("reason", "is_said"), [("", False), ("410 Gone", True)])
def test_a_channel_that_somebody_switched_off_is_no_trouble(
    message: Notification, admin_client: Client, reason: str, is_said: bool
) -> None:
    try_it(only(message), Result.LATER)
    Channel.objects.update(enabled=False, closed_reason=reason)

    assert (banner(admin_client) != QUIET) == is_said


def test_a_test_that_failed_is_no_trouble(channel: Channel, hub: Hub, admin_client: Client) -> None:
    try_it(only(make_message(hub, channel, message=TEST)), Result.REFUSED)

    assert banner(admin_client) == QUIET


def test_the_banner_does_not_tell_of_hidden_hubs(message: Notification, outsider: Client) -> None:
    try_it(only(message), Result.REFUSED)
    assert message.hub is not None
    hide(message.hub)
    open_finding(message.hub)

    assert banner(outsider) == QUIET


def test_the_banner_names_no_recipient(message: Notification, passer_by: Client) -> None:
    try_it(only(message), Result.REFUSED, ANSWER)

    assert "1 message could not be delivered" in banner(passer_by)
    assert ADDRESS not in banner(passer_by)


def test_without_login_there_is_no_banner(message: Notification, client: Client) -> None:
    try_it(only(message), Result.REFUSED)

    assert banner(client, "/login/") == QUIET
    assert b"delivered" not in client.get("/admin/login/").content


def test_a_late_monitor_is_said(hub: Hub, admin_client: Client) -> None:
    hub.replicas.get().runs.update(started_at=NOW - 3 * DAY, finished_at=NOW - 3 * DAY)

    assert banner(admin_client).startswith(
        "alarm The monitor is late: looks are expected every 26 h, and none has ended since 2024-05-12"
    )


def test_a_monitor_that_never_looked_is_said(admin_client: Client) -> None:
    make_replica(make_hub())

    assert "The monitor has not looked at anything yet." in banner(admin_client)


def test_findings_that_nobody_is_told_of_are_said(hub: Hub, admin_client: Client) -> None:
    make_route(make_channel(), hub, "alarm")
    open_finding(hub, "shrunk", severity="warn")
    open_finding(hub, "overdue", severity="warn")

    assert "warn Nobody is told of 2 open findings on H, as no route leads" in banner(admin_client)


@pytest.mark.parametrize(
    ("contacts", "addresses", "of_hub", "is_said"),
    [
        (["a@example.org"], [], True, False),
        (["a@example.org"], [], False, False),
        ([], ["b@example.org"], False, False),
        ([], [], False, True),
    ],
)
def test_contacts_or_addresses_are_somebody(
    hub: Hub,
    admin_client: Client,
    contacts: list[str],
    addresses: list[str],
    of_hub: bool,
    is_said: bool,
) -> None:
    Hub.objects.update(contacts=contacts)
    make_route(make_channel(addresses=addresses), hub if of_hub else None)
    open_finding(hub)

    assert ("Nobody is told of 1 open finding on H" in banner(admin_client)) == is_said


def test_of_notices_and_muted_findings_nobody_needs_to_be_told(
    hub: Hub, admin_client: Client
) -> None:
    open_finding(hub, "shrunk", severity="notice")
    open_finding(hub, "overdue", acknowledged_at=NOW)

    assert banner(admin_client) == QUIET


@pytest.mark.parametrize(("kind", "is_said"), [("email", True), ("webhook", False)])
def test_mail_that_is_not_set_up_is_said(
    admin_client: Client, settings: Settings, kind: str, is_said: bool
) -> None:
    settings.EMAIL_IS_SET = False
    make_channel(kind=kind, url="" if kind == "email" else "https://example.org")

    assert ("EMAIL_URL is not set" in banner(admin_client)) == is_said


# --- The page that confirms --------------------------------------------------------------------


@pytest.fixture
def link(channel: Channel) -> str:
    """The link in a test that was sent."""
    test = make_message(None, channel, message=replace(TEST, subject="scmmon: <b>a test</b>"))
    return f"/confirm/{signing.dumps(only(test).pk, salt=SALT)}/"


def test_a_link_shows_its_message_and_confirms_nothing(client: Client, link: str) -> None:
    page = text(client, link)

    assert "scmmon: <b>a test</b> Written 2024-05-15 11:00 UTC" in page
    assert "Yes, I have read it" in page
    assert Channel.objects.get().confirmed_at is None


def test_the_button_confirms(client: Client, link: str) -> None:
    response = client.post(link)

    assert b"Thank you" in response.content
    assert Channel.objects.get().confirmed_at == NOW


def test_the_button_needs_our_token(link: str) -> None:
    assert Client(enforce_csrf_checks=True).post(link).status_code == 403


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_of_somebody_else_is_not_found(client: Client, link: str, method: str) -> None:
    forged = link.replace("/confirm/", "/confirm/x")

    assert getattr(client, method)(forged).status_code == 404


def test_a_link_says_nothing_of_whom_it_went_to(client: Client, link: str) -> None:
    page = client.get(link).content.decode()

    assert (ADDRESS in page, "operators" in page) == (False, False)


def test_links_are_kept_out_of_searches(client: Client, link: str) -> None:
    assert client.get(link)["X-Robots-Tag"] == "noindex, nofollow"


# --- What it costs -----------------------------------------------------------------------------


def test_more_messages_ask_no_more_of_the_database(
    hub: Hub, admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    crowd = make_channel(addresses=[f"a{number}@example.org" for number in range(20)])
    findings = [open_finding(hub, f"code{number}") for number in range(20)]
    for _ in range(5):
        told = make_message(hub, crowd)
        tell(told, findings)
        for delivery in told.deliveries.all():
            try_it(try_it(delivery, Result.LATER), Result.REFUSED)

    for url in ("/notifications/", address(told), f"/findings/{findings[0].pk}/"):
        with django_assert_max_num_queries(MOST_QUERIES, info=url):
            admin_client.get(url)


def test_the_banner_costs_four_queries_however_much_was_sent(
    hub: Hub, admin_user: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    channels = [make_channel(f"channel {number}") for number in range(10)]
    for channel in channels:
        make_route(channel, hub, "alarm")
    for number in range(5):
        open_finding(hub, f"code{number}", severity="warn")
        for delivery in make_message(hub, *channels).deliveries.all():
            try_it(delivery, Result.REFUSED)

    with django_assert_max_num_queries(4):
        assert [line.state for line in lines(admin_user, NOW)] == ["alarm", "warn"]
