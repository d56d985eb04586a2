"""Channels and routes in the admin: what is typed as a secret is never shown, and a test shows the answer."""

import html
import json
import re
from base64 import b64decode
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from alerts.models import Channel, Delivery, Notification, Route
from alerts.parcel import Result
from alerts.webhook import signatures
from tests.estate import DAY, make_hub
from tests.sinks import HttpSink, SmtpSink, mail_to, reply
from tests.told import ADDRESS, make_channel, make_message, make_route, try_it

pytestmark = pytest.mark.django_db

LIST, ADD = reverse("admin:alerts_channel_changelist"), reverse("admin:alerts_channel_add")
TOKEN, SIGNING, PREVIOUS = "T0KEN-OF-THE-URL", "whsec_U0lHTklORw==", "whsec_UFJFVklPVVM="
URL = f"https://tickets.example.org:8443/hooks/{TOKEN}?key={TOKEN}"
HIDDEN = (TOKEN, "U0lHTklORw", "UFJFVklPVVM")


@pytest.fixture(autouse=True)
def no_channels() -> None:
    """Without the channel that every installation begins with."""
    Channel.objects.all().delete()


@pytest.fixture
def hook() -> Channel:
    """A webhook with every secret that a channel can have."""
    secrets = {"url": URL, "secret": SIGNING, "previous_secret": PREVIOUS}
    return make_channel("tickets", kind="webhook", **secrets)


@pytest.fixture
def http(settings: Settings) -> Iterator[HttpSink]:
    settings.SCMMON_ALLOW_PRIVATE_URLS = True
    with HttpSink(reply(204, "No Content")) as sink:
        yield sink


def page_of(channel: Channel, page: str = "change") -> str:
    return reverse(f"admin:alerts_channel_{page}", args=[channel.pk])


def form(**changed: str) -> dict[str, str]:
    fields = {"name": "tickets", "kind": "webhook", "enabled": "on", "time_zone": "UTC"}
    return fields | {"routes-TOTAL_FORMS": "0", "routes-INITIAL_FORMS": "0"} | changed


def problems(answer: Any) -> dict[str, list[str]]:
    """Return what a form that was refused says, by field."""
    return dict(answer.context["adminform"].form.errors)


def act(client: Client, action: str, *channels: Channel) -> Any:
    keys = [str(channel.pk) for channel in channels]
    return client.post(LIST, {"action": action, "_selected_action": keys})


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def text(answer: Any) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def somebody(*permissions: str) -> Client:
    """Return the client of somebody of the staff who may do no more than this."""
    user = User.objects.create_user("bob", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


# --- Secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["list", "change", "history", "delete"])
def test_no_page_shows_a_secret(admin_client: Client, hook: Channel, page: str) -> None:
    admin_client.post(page_of(hook), form(url=URL, secret=SIGNING, previous_secret=PREVIOUS))

    content = admin_client.get(LIST if page == "list" else page_of(hook, page)).content.decode()

    assert "tickets" in content
    assert not any(secret in content for secret in HIDDEN)


def test_the_log_holds_no_secret(admin_client: Client, hook: Channel) -> None:
    admin_client.post(page_of(hook), form(url=URL, secret=SIGNING, previous_secret=PREVIOUS))

    (entry,) = LogEntry.objects.all()
    assert "URL" in entry.change_message
    assert not any(secret in entry.change_message for secret in HIDDEN)


def test_a_refused_form_does_not_give_back_what_was_typed(admin_client: Client) -> None:
    secrets = {"url": URL, "secret": SIGNING, "previous_secret": PREVIOUS}

    content = admin_client.post(ADD, form(time_zone="Mars", **secrets)).content.decode()

    assert "not an IANA time zone" in content
    assert not any(secret in content for secret in HIDDEN)


def test_who_may_only_look_sees_no_secret(hook: Channel) -> None:
    content = somebody("view_channel").get(page_of(hook)).content.decode()

    assert "tickets.example.org:8443" in content
    assert not any(secret in content for secret in HIDDEN)


@pytest.mark.parametrize("field", ["url", "secret", "previous_secret"])
def test_the_list_cannot_be_asked_what_a_secret_begins_with(hook: Channel, field: str) -> None:
    client = somebody("view_channel")

    answers = [client.get(LIST, {f"{field}__startswith": begin}) for begin in ("w", "x", "h")]

    assert {answer.status_code for answer in answers} == {400}


def test_what_is_left_empty_is_kept(admin_client: Client, hook: Channel) -> None:
    admin_client.post(page_of(hook), form(name="renamed"))

    hook.refresh_from_db()
    assert (hook.name, hook.url, hook.secrets) == ("renamed", URL, (SIGNING, PREVIOUS))


def test_what_is_typed_replaces_what_was(admin_client: Client, hook: Channel) -> None:
    admin_client.post(page_of(hook), form(url="https://example.org/new"))

    hook.refresh_from_db()
    assert (hook.url, hook.secret) == ("https://example.org/new", SIGNING)


def test_a_box_removes_what_is_stored(admin_client: Client, hook: Channel) -> None:
    admin_client.post(page_of(hook), form(remove_previous_secret="on"))

    hook.refresh_from_db()
    assert hook.secrets == (SIGNING,)


def test_typing_one_and_removing_it_is_refused(admin_client: Client, hook: Channel) -> None:
    answer = admin_client.post(page_of(hook), form(secret="new", remove_secret="on"))

    assert problems(answer) == {"secret": ["Either type a new one, or remove the stored one."]}


def test_the_form_says_which_secrets_are_stored(admin_client: Client, hook: Channel) -> None:
    Channel.objects.update(previous_secret="")

    page = text(admin_client.get(page_of(hook)))

    assert "A URL is stored and not shown. Leave this empty to keep it." in page
    assert "Remove the stored signing secret" in page
    assert "Remove the stored previous secret" not in page


def test_a_new_signing_secret_is_shown_once(admin_client: Client, hook: Channel) -> None:
    shown = re.findall(r"whsec_[\w+/=]+", act(admin_client, "make_a_secret", hook).content.decode())

    hook.refresh_from_db()
    assert (shown, hook.previous_secret) == ([hook.secret], SIGNING)
    assert len(b64decode(hook.secret.removeprefix("whsec_"), validate=True)) == 24
    for url in (LIST, page_of(hook), page_of(hook, "history")):
        assert hook.secret not in admin_client.get(url).content.decode()


def test_only_a_webhook_gets_a_signing_secret(admin_client: Client, hook: Channel) -> None:
    mail = make_channel()

    for channels in ((mail,), (hook, mail)):
        assert "Choose one channel, a signed webhook." in said(
            act(admin_client, "make_a_secret", *channels)
        )
    assert Channel.objects.get(name="tickets").secret == SIGNING


# --- What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"url": "ftp://example.org/T0KEN"}, "url"),
        ({"url": "https:///T0KEN"}, "url"),
        ({"url": "http://[T0KEN"}, "url"),
        ({"url": "https://example.org/T0KEN x"}, "url"),
        ({"url": "https://example.org/T0KEN\x07"}, "url"),
        ({"url": ""}, "url"),
        ({"kind": "apprise", "url": "nonsense://T0KEN"}, "url"),
        ({"kind": "email", "url": "https://example.org/T0KEN"}, "url"),
        ({"secret": "whsec_T0KEN!"}, "secret"),
        ({"kind": "email", "url": "", "addresses": "nobody"}, "addresses"),
        ({"addresses": "a@example.org"}, "addresses"),
        ({"weekly_on": "7"}, "weekly_on"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"name": ""}, "name"),
    ],
)
def test_what_cannot_work_is_refused_without_repeating_it(
    admin_client: Client, changed: dict[str, str], field: str
) -> None:
    answer = admin_client.post(ADD, form(**{"url": "https://example.org/in"} | changed))

    assert list(problems(answer)) == [field]
    assert "T0KEN" not in answer.content.decode()


def test_a_stored_url_must_fit_a_new_kind(admin_client: Client, hook: Channel) -> None:
    Channel.objects.update(kind="apprise", url="mailtos://user:pass@example.org")

    answer = admin_client.post(page_of(hook), form(kind="webhook"))

    assert list(problems(answer)) == ["url"]


def test_an_apprise_url_is_taken(admin_client: Client) -> None:
    admin_client.post(ADD, form(kind="apprise", url="json://chat.example.org/in"))

    assert Channel.objects.get().url == "json://chat.example.org/in"


def test_addresses_are_typed_as_plain_text(admin_client: Client) -> None:
    admin_client.post(
        ADD, form(kind="email", addresses="a@example.org, b@example.org\nc@example.org")
    )

    assert Channel.objects.get().addresses == ["a@example.org", "b@example.org", "c@example.org"]


def test_a_webhook_without_secret_is_warned_of(admin_client: Client) -> None:
    answer = admin_client.post(ADD, form(url="https://example.org/in"))

    assert "tickets has no signing secret" in said(answer)


# --- The list ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"kind": "webhook", "url": URL}, "webhook tickets.example.org:8443 on"),
        ({"kind": "apprise", "url": f"slack://{TOKEN}/B/C"}, "apprise slack://… on"),
        ({"kind": "apprise", "url": TOKEN}, "apprise no service on"),
        ({"kind": "webhook", "url": f"http://[{TOKEN}"}, "webhook no host on"),
        ({"addresses": []}, "email the contacts of each hub on"),
        ({"addresses": ["a@x.org", "b@x.org"]}, "email a@x.org, b@x.org on"),
        ({"addresses": [f"{name}@x.org" for name in "abcde"]}, "c@x.org and 2 more on"),
        ({"enabled": False}, f"email {ADDRESS} switched off"),
        ({"enabled": False, "closed_reason": "410 <b>Gone"}, f"{ADDRESS} closed 410 <b>Gone"),
    ],
)
def test_the_list_says_where_a_channel_leads_and_no_more(
    admin_client: Client, fields: dict[str, Any], place: str
) -> None:
    make_channel("tickets", **fields)

    answer = admin_client.get(LIST)

    assert place in text(answer)
    assert TOKEN not in answer.content.decode()


NOTHING = "⚠ nothing for more than 8 days"


@pytest.mark.parametrize(
    ("days", "fields", "warning"),
    [
        (9, {"weekly_on": 0}, NOTHING),
        (7, {"weekly_on": 0}, None),
        (9, {}, None),
        (9, {"weekly_on": 0, "enabled": False}, None),
        (None, {"weekly_on": 6}, "never ⚠ send a test"),
        (None, {}, None),
    ],
)
def test_a_channel_that_takes_nothing_is_marked(
    admin_client: Client, days: int | None, fields: dict[str, Any], warning: str | None
) -> None:
    make_channel(accepted_at=timezone.now() - days * DAY if days else None, **fields)

    page = text(admin_client.get(LIST))

    assert ("⚠" in page) == bool(warning)
    assert (warning or "") in page


def test_the_list_leads_to_what_waits(admin_client: Client) -> None:
    channel = make_channel("a & b")
    try_it(make_message(None, channel).deliveries.get(), Result.LATER)
    make_message(None, channel)

    link = '<a href="/notifications/?channel=a+%26+b&amp;status=waiting">1</a>'

    assert link in admin_client.get(LIST).content.decode()


def test_the_list_asks_no_more_for_more_channels(
    admin_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        make_route(make_channel(f"channel {number}"), make_hub(f"H{number}"))

    for url in (LIST, reverse("admin:alerts_route_changelist"), page_of(Channel.objects.all()[0])):
        with django_assert_max_num_queries(14, info=url):
            assert admin_client.get(url).status_code == 200


def test_a_channel_that_is_switched_on_again_is_not_closed(
    admin_client: Client, hook: Channel
) -> None:
    Channel.objects.update(enabled=False, closed_reason="410 Gone")

    admin_client.post(page_of(hook), form())

    assert Channel.objects.get().closed_reason == ""


# --- Routes ------------------------------------------------------------------------------------


def test_a_route_is_added_with_its_channel(admin_client: Client) -> None:
    route = {"hub": str(make_hub().pk), "least": "alarm", "after": "6h", "enabled": "on"}
    routes = {f"routes-0-{name}": value for name, value in route.items()}

    admin_client.post(ADD, form(url=URL, **routes | {"routes-TOTAL_FORMS": "1"}))

    stored = Route.objects.get()
    assert (str(stored), stored.after) == ("H to tickets from alarm", DAY / 4)


def test_routes_have_a_list_of_their_own(admin_client: Client) -> None:
    make_route(make_channel(), None, "warn", after=DAY)

    page = text(admin_client.get(reverse("admin:alerts_route_changelist")))

    assert "every hub operators warn 1d" in page


def test_a_policy_says_how_often_a_finding_is_told(admin_client: Client) -> None:
    page = admin_client.get(reverse("admin:hubs_hub_change", args=[make_hub(grace=DAY).pk]))

    assert b'name="policy-0-messages_per_day"' in page.content


# --- A test ------------------------------------------------------------------------------------


def test_a_test_shows_what_the_mail_server_answered(admin_client: Client, smtp: SmtpSink) -> None:
    answer = act(admin_client, "send_a_test", make_channel())

    pk = Notification.objects.get().pk
    assert f"{ADDRESS} taken 250 taken as 4711" in text(answer)
    assert f'<a href="/notifications/{pk}/">' in answer.content.decode()


def test_a_test_is_a_message_with_a_link_to_confirm(admin_client: Client, smtp: SmtpSink) -> None:
    act(admin_client, "send_a_test", make_channel())

    (mail,) = smtp.mails
    body = mail.parsed.get_body(("plain",))
    assert mail.parsed["Subject"] == "scmmon: a test of the channel “operators”"
    assert body is not None
    assert "/confirm/" in body.get_content()


def test_each_recipient_has_an_answer(admin_client: Client, smtp: SmtpSink) -> None:
    smtp.says["b@x.org"] = "550 <script>alert(1)</script>"

    answer = act(admin_client, "send_a_test", make_channel(addresses=["a@x.org", "b@x.org"]))

    assert "a@x.org taken 250" in text(answer)
    assert "b@x.org refused" in text(answer)
    assert b"550 <script>" not in answer.content


def test_a_test_that_is_not_taken_now_is_tried_again(
    admin_client: Client, settings: Settings
) -> None:
    mail_to(settings, 1)

    answer = act(admin_client, "send_a_test", make_channel())

    assert f"{ADDRESS} not taken: it is tried again" in text(answer)
    assert Delivery.objects.get().attempts_made == 1


def test_a_test_of_a_webhook_is_signed_and_shows_its_host_alone(
    admin_client: Client, http: HttpSink
) -> None:
    hook = make_channel("tickets", kind="webhook", url=http.url(f"/{TOKEN}"), secret=SIGNING)

    answer = act(admin_client, "send_a_test", hook)

    (asked,) = http.asked
    message_id, sent_at = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
    signed = signatures([SIGNING], message_id, sent_at, asked.body)
    assert asked.headers["webhook-signature"] == signed
    assert f"{http.place} taken 204 No Content" in text(answer)
    assert TOKEN not in answer.content.decode()


def test_a_receiver_that_wants_nothing_more_closes_the_channel(
    admin_client: Client, http: HttpSink
) -> None:
    http.replies = [reply(410, "Gone")]
    hook = make_channel("tickets", kind="webhook", url=http.url())

    answer = act(admin_client, "send_a_test", hook)

    assert "refused 410 Gone" in text(answer)
    assert "UTC: 410 Gone" in text(admin_client.get(LIST))


def test_a_channel_of_contacts_is_tested_on_whoever_asks(
    admin_client: Client, smtp: SmtpSink
) -> None:
    User.objects.update(email="asker@example.org")

    answer = act(admin_client, "send_a_test", make_channel(addresses=[]))

    assert "This test went to you." in text(answer)
    assert [mail.recipient for mail in smtp.mails] == ["asker@example.org"]


def test_who_has_no_address_is_told_what_to_do(admin_client: Client) -> None:
    User.objects.update(email="")

    answer = act(admin_client, "send_a_test", make_channel(addresses=[]))

    assert "No test was sent. It has no addresses of its own" in text(answer)
    assert not Notification.objects.exists()


def test_a_channel_that_is_switched_off_is_not_tested(admin_client: Client) -> None:
    answer = act(admin_client, "send_a_test", make_channel(enabled=False))

    assert "No test was sent. It is switched off: switch it on first." in text(answer)
    assert not Notification.objects.exists()


def test_a_few_channels_are_tested_at_once(admin_client: Client, smtp: SmtpSink) -> None:
    channels = [make_channel(f"channel {number}") for number in range(6)]

    few = act(admin_client, "send_a_test", *channels[:2])
    many = act(admin_client, "send_a_test", *channels)

    assert text(few).count("taken 250") == 2
    assert "That is 6 channels: choose at most 5 at once." in said(many)


def test_a_test_is_noted_in_the_history(admin_client: Client, smtp: SmtpSink) -> None:
    channel = make_channel()
    act(admin_client, "send_a_test", channel)

    assert "sent a test" in json.dumps([entry.change_message for entry in LogEntry.objects.all()])


@pytest.mark.parametrize("action", ["send_a_test", "make_a_secret"])
def test_only_who_may_change_channels_may_act(hook: Channel, action: str) -> None:
    client = somebody("view_channel")

    act(client, action, hook)

    hook.refresh_from_db()
    assert (hook.secret, Notification.objects.count()) == (SIGNING, 0)
    assert 'name="action"' not in client.get(LIST).content.decode()
