"""Answers in the admin: several findings at once, by whoever may; levels are listed and can be taken back."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from hubs.models import Hub
from probes import answer_actions
from probes.answers import accept_level, acknowledge
from probes.models import AcceptedLevel, Answer, Finding
from tests.estate import DAY, NOW, make_hub, make_repo
from tests.findings import make_user, open_finding

pytestmark = pytest.mark.django_db

LIST = "/admin/probes/finding/"


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def hub() -> Hub:
    return make_hub()


@pytest.fixture
def findings(hub: Hub) -> list[Finding]:
    """Two that shrank and one that is late."""
    shrunk = [open_finding(hub, repo=make_repo(hub, name)) for name in ("svn/one", "svn/two")]
    return [*shrunk, open_finding(hub, "overdue")]


def act(client: Client, findings: list[Finding], action: str, **more: str) -> Any:
    keys = [str(finding.pk) for finding in findings]
    return client.post(LIST, {"action": action, "_selected_action": keys} | more)


def said(answer: Any) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


def admin_of(client: Client, *permissions: str) -> Client:
    user = make_user("staff", *permissions)
    User.objects.filter(pk=user.pk).update(is_staff=True)
    client.force_login(user)
    return client


def test_findings_are_acknowledged_together(admin_client: Client, findings: list[Finding]) -> None:
    page = act(admin_client, findings, "acknowledge", index="0").content.decode()
    assert 'name="reason"' in page
    assert page.count('name="_selected_action"') == 3

    answer = act(
        admin_client, findings, "acknowledge", answer="1", reason="a known fault", until="1d"
    )

    assert "3 answered" in said(answer)
    assert {finding.acknowledged_until for finding in Finding.objects.all()} == {NOW + DAY}
    assert Answer.objects.filter(author_name="admin", kind="snoozed").count() == 3


def test_without_a_reason_it_is_asked_again(admin_client: Client, findings: list[Finding]) -> None:
    page = act(admin_client, findings, "acknowledge", answer="1", reason=" ", until="1d")

    assert b"Say why" in page.content
    assert not Answer.objects.exists()


def test_all_of_a_list_are_chosen_by_the_second_page_too(
    admin_client: Client, findings: list[Finding]
) -> None:
    page = act(admin_client, findings[:1], "acknowledge", index="0", select_across="1")
    assert b'name="select_across" value="1"' in page.content

    act(
        admin_client, findings[:1], "acknowledge",
        answer="1", select_across="1", reason="why", until="closed",
    )  # fmt: skip

    assert Answer.objects.count() == 3


def test_what_cannot_be_answered_stops_no_other(
    admin_client: Client, findings: list[Finding]
) -> None:
    answer = act(admin_client, findings, "accept_level", answer="1", reason="cleaned up")

    assert "2 answered" in said(answer)
    assert "There is no level to accept" in said(answer)
    assert AcceptedLevel.objects.count() == 2


def test_acknowledgements_are_withdrawn_together(
    admin_client: Client, findings: list[Finding], admin_user: User
) -> None:
    for finding in findings[:2]:
        acknowledge(finding, admin_user, "why", now=NOW)

    answer = act(admin_client, findings, "withdraw")

    assert "2 answered" in said(answer)
    assert "nothing to withdraw" in said(answer)


def test_not_too_many_are_answered_at_once(
    admin_client: Client, findings: list[Finding], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer_actions, "MOST_AT_ONCE", 2)

    answer = act(admin_client, findings, "acknowledge", answer="1", reason="why", until="1d")

    assert "choose at most 2 at once" in said(answer)
    assert not Answer.objects.exists()


@pytest.mark.parametrize("action", ["acknowledge", "withdraw", "accept_level"])
def test_who_may_only_see_findings_answers_none(
    client: Client, findings: list[Finding], action: str
) -> None:
    viewer = admin_of(client, "view_finding")

    assert b'name="action"' not in viewer.get(LIST).content
    act(viewer, findings, action, answer="1", reason="why", until="1d")

    assert not Answer.objects.exists()


def test_who_may_answer_still_edits_no_row(client: Client, findings: list[Finding]) -> None:
    staff = admin_of(client, "view_finding", "change_finding", "delete_finding")
    page = reverse("admin:probes_finding_change", args=[findings[0].pk])

    assert 'value="acknowledge"' in staff.get(LIST).content.decode()
    assert staff.post(page, {"message": "changed"}).status_code == 403
    assert staff.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_the_list_and_the_row_say_who_silenced_a_finding(
    admin_client: Client, findings: list[Finding], admin_user: User
) -> None:
    acknowledge(findings[0], admin_user, "<b>why</b>", NOW + DAY, now=NOW)

    assert "by admin, until 2024-05-16 12:00 UTC" in admin_client.get(LIST).content.decode()
    row = reverse("admin:probes_finding_change", args=[findings[0].pk])
    assert "&lt;b&gt;why&lt;/b&gt;" in admin_client.get(row).content.decode()


@pytest.fixture
def level(findings: list[Finding], admin_user: User) -> AcceptedLevel:
    accept_level(findings[0], admin_user, "<b>cleaned up</b>", NOW)
    return AcceptedLevel.objects.get()


def test_levels_are_listed_with_who_and_why(admin_client: Client, level: AcceptedLevel) -> None:
    page = admin_client.get("/admin/probes/acceptedlevel/", {"q": "one"}).content.decode()

    assert "svn/one" in page
    assert "&lt;b&gt;cleaned up&lt;/b&gt;" in page


def test_a_level_is_taken_back_by_deleting_it(
    admin_client: Client, level: AcceptedLevel, findings: list[Finding]
) -> None:
    delete = reverse("admin:probes_acceptedlevel_delete", args=[level.pk])
    assert delete in admin_client.get(f"/findings/{findings[0].pk}/").content.decode()

    admin_client.post(delete, {"post": "yes"})

    assert not AcceptedLevel.objects.exists()
    assert Answer.objects.get().reason == "<b>cleaned up</b>"


def test_a_level_is_neither_added_nor_changed(admin_client: Client, level: AcceptedLevel) -> None:
    change = reverse("admin:probes_acceptedlevel_change", args=[level.pk])

    assert admin_client.get(reverse("admin:probes_acceptedlevel_add")).status_code == 403
    assert admin_client.post(change, {"reason": "other"}).status_code == 403


def test_who_may_not_take_a_level_back_does_not(client: Client, level: AcceptedLevel) -> None:
    staff = admin_of(client, "view_acceptedlevel")
    delete = reverse("admin:probes_acceptedlevel_delete", args=[level.pk])

    assert staff.post(delete, {"post": "yes"}).status_code == 403
    assert AcceptedLevel.objects.exists()
