"""The admin tries a policy on the past of a hub: beside today's, without storing anything, by whoever may change the hub."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse

from hubs.limits import LIMIT_NAMES
from hubs.models import Hub, Policy, Repo
from probes import preview_admin, preview_trial
from probes.judge.backtest import backtest
from probes.models import CollectRun, Finding, Suspicion, TarballSnapshot
from tests.estate import DAY, HOUR, NOW, every, lay_snapshots, make_hub, make_replica, make_repo

pytestmark = pytest.mark.django_db

HOSTILE = "<img src=x onerror=alert(1)>"
CAME_LATE = 12 * HOUR


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def hub() -> Hub:
    """A hub whose backup came twelve hours late nine days ago, and lost a third of its size four days ago."""
    hub = make_hub("H", grace=3 * HOUR, shrink_max=20)
    stamps = every(40)
    stamps[-10] += CAME_LATE
    tarballs = lay_snapshots(make_replica(hub), f"svn/{HOSTILE}", stamps)
    TarballSnapshot.objects.filter(pk=tarballs[-5].pk).update(
        size_bytes=666_000, sidecar_size_bytes=666_000
    )
    return hub


def staff(client: Client, *permissions: str) -> Client:
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.add(*Permission.objects.filter(codename__in=permissions))
    client.force_login(user)
    return client


@pytest.fixture
def operator(client: Client) -> Client:
    """Somebody who may change hubs, and nothing else."""
    return staff(client, "change_hub")


def page_of(hub: Hub) -> str:
    return reverse("admin:hubs_hub_preview", args=[hub.pk])


def form(**changed: str) -> dict[str, str]:
    """Return the form as it is for the hub above, with some fields changed."""
    as_it_is = dict.fromkeys(LIMIT_NAMES, "") | {"grace": "3h", "shrink_max": "20"}
    return as_it_is | {"since": "2024-05-03", "until": "", "every": "6h"} | changed


def tried(client: Client, hub: Hub, **changed: str) -> Any:
    """Return what the page shows of a policy that differs in some fields."""
    return client.post(page_of(hub), form(**changed))


def counts(answer: Any) -> dict[str, tuple[int, int]]:
    """Return how often each rule told, today and then, whatever the severity."""
    return {
        row.code: (
            sum(change.before for change in row.severities),
            sum(change.after for change in row.severities),
        )
        for row in answer.context["preview"].comparison.counts
    }


def test_the_form_is_filled_with_the_policy_of_today(operator: Client, hub: Hub) -> None:
    shown = operator.get(page_of(hub)).context["adminform"].form

    values = {name: shown[name].value() for name in ("grace", "shrink_max", "copies", "every")}
    assert values == {"grace": "3h", "shrink_max": 20, "copies": None, "every": "6h"}
    assert shown["since"].value() == "2024-03-16"


def test_every_limit_has_its_field(operator: Client, hub: Hub) -> None:
    page = operator.get(page_of(hub)).content.decode()

    assert [name for name in LIMIT_NAMES if f'name="{name}"' not in page] == []


def test_a_hub_without_a_policy_can_be_tried(operator: Client) -> None:
    hub = make_hub()

    answer = operator.post(page_of(hub), form(grace="", shrink_max=""))

    assert "Neither policy would have told anything." in answer.content.decode()


def test_to_open_the_page_replays_nothing(
    operator: Client, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(preview_admin, "backtest")

    assert operator.get(page_of(hub), form()).status_code == 200


def test_a_longer_grace_tells_less(operator: Client, hub: Hub) -> None:
    answer = tried(operator, hub, grace="1d")

    assert counts(answer)["overdue"] == (1, 0)
    assert [each.code for each in answer.context["preview"].comparison.only_before] == ["overdue"]


def test_a_stricter_limit_tells_more(operator: Client, hub: Hub) -> None:
    answer = tried(operator, hub, copies="2")

    before, after = counts(answer)["too_few_copies"]
    assert before == 0
    assert after > 0


def test_an_emptied_limit_is_learned(operator: Client, hub: Hub) -> None:
    Policy.objects.update(shrink_max=50)

    answer = tried(operator, hub, shrink_max="")

    assert counts(answer)["shrunk"] == (0, 1)
    assert "The command cannot empty a limit: for it shrink_max is as today." in (
        answer.content.decode()
    )


def test_an_unchanged_policy_is_replayed_once(operator: Client, hub: Hub) -> None:
    answer = tried(operator, hub)

    assert "Nothing differs from today's policy" in answer.content.decode()
    assert counts(answer)["overdue"] == (1, 1)


def test_the_page_tells_what_the_command_tells(operator: Client, hub: Hub) -> None:
    answer = tried(operator, hub, grace="1d", since="2024-05-04", until="2024-05-12")

    compared = answer.context["preview"].comparison
    past = answer.context["past"]
    found = backtest(hub, past.since, past.until, past.every, {"grace": DAY})
    shown = [after for _, after in compared.both] + list(compared.only_after)
    assert sorted(each.message for each in shown) == sorted(each.message for each in found.findings)
    assert answer.context["preview"].looks == found.looks
    command = "manage.py backtest H --since 2024-05-04 --until 2024-05-12 --every 6h --set grace=1d"
    assert f"<pre>{command}</pre>" in answer.content.decode()


def test_what_differs_is_named(operator: Client, hub: Hub) -> None:
    page = tried(operator, hub, grace="1d", copies="2").content.decode()

    assert "<code>grace</code>: 3h → 1d" in page
    assert "<code>copies</code>: not set → 2" in page
    assert "<code>shrink_max</code>" not in page


def test_repos_with_a_limit_of_their_own_are_named(operator: Client, hub: Hub) -> None:
    make_repo(hub, "tracs/env", grace=2 * HOUR)
    make_repo(hub, "tracs/other", copies=2)

    page = tried(operator, hub, grace="1d").content.decode()

    assert "leave as they are: tracs/env (grace)." in page


def test_it_stores_nothing(operator: Client, hub: Hub) -> None:
    tried(operator, hub, grace="1d", shrink_max="", copies="2")

    stored = [model.objects.count() for model in (Finding, Suspicion, CollectRun)]
    assert stored == [0, 0, 0]
    policy = Policy.objects.get()
    assert (policy.grace, policy.shrink_max, policy.copies) == (3 * HOUR, 20, None)


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("grace", "soon", "is not a duration"),
        ("cadence", "every night", "every night"),
        ("shrink_max", "200", "less than or equal to 100"),
        ("free_space_min", "much", "much"),
        ("since", "", "This field is required."),
        ("since", "yesterday", "is no date"),
        ("since", "2024-05-16", "That is not past yet."),
        ("since", "1066-10-14", "Nothing is older than 1970."),
        ("until", "2024-05-02", "It ends before it begins."),
        ("until", "2030-01-01", "That is not past yet."),
        ("every", "59s", "Write a minute or more."),
        ("every", "often", "is not a duration"),
    ],
)
def test_a_wrong_value_is_told_beside_its_field(
    operator: Client, hub: Hub, field: str, text: str, told: str
) -> None:
    answer = tried(operator, hub, **{field: text})

    errors = answer.context["adminform"].form.errors
    assert list(errors) == [field]
    assert told in errors[field][0]
    assert errors[field].as_ul() in answer.content.decode()
    assert "preview" not in answer.context


def test_too_much_for_a_page_is_left_to_the_command(
    operator: Client, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preview_trial, "MOST_WORK", 50)
    monkeypatch.delattr(preview_admin, "backtest")

    page = tried(operator, hub, grace="1d").content.decode()

    assert "That is more than a page can wait for (looks: 51, repos: 1, replicas: 1, " in page
    assert "manage.py backtest H --since 2024-05-03 --every 6h --set grace=1d" in page


def test_long_lists_are_cut(operator: Client, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview_admin, "MOST_SHOWN", 1)

    answer = tried(operator, hub)

    listed = answer.context["lists"][2]
    assert (len(listed.rows), listed.in_all) == (1, 2)
    assert "1 more are not shown." in answer.content.decode()


def test_what_both_tell_is_folded_and_says_what_today_tells(operator: Client, hub: Hub) -> None:
    page = tried(operator, hub, alert_after="2").content.decode()

    assert "<details><summary>Both tell: 1</summary>" in page
    assert "today's: " in page


def test_a_hostile_name_is_text(operator: Client, hub: Hub) -> None:
    Repo.objects.update(selected=True)

    page = tried(operator, hub, grace="1d").content.decode()

    assert HOSTILE not in page
    assert "svn/&lt;img src=x onerror=alert(1)&gt;" in page


def test_who_may_only_view_a_hub_tries_nothing(client: Client, hub: Hub) -> None:
    viewer = staff(client, "view_hub")

    answers = [viewer.get(page_of(hub)), viewer.post(page_of(hub), form())]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_who_is_no_staff_is_sent_to_log_in(client: Client, hub: Hub) -> None:
    client.force_login(User.objects.create_user("ada"))

    assert "login" in client.get(page_of(hub)).headers["Location"]


def test_a_hub_that_is_not_there_is_not_found(operator: Client) -> None:
    url = reverse("admin:hubs_hub_preview", args=[4711])

    assert operator.get(url).status_code == 404


@pytest.mark.parametrize(("permission", "is_there"), [("change_hub", True), ("view_hub", False)])
def test_the_page_of_a_hub_leads_there(
    client: Client, hub: Hub, permission: str, is_there: bool
) -> None:
    page = staff(client, permission).get(reverse("admin:hubs_hub_change", args=[hub.pk]))

    assert (page_of(hub) in page.content.decode()) == is_there


def act(client: Client, *hubs: Hub) -> Any:
    keys = [str(hub.pk) for hub in hubs]
    form = {"action": "preview_policy", "_selected_action": keys}
    return client.post(reverse("admin:hubs_hub_changelist"), form)


def test_the_action_leads_there(operator: Client, hub: Hub) -> None:
    assert act(operator, hub).headers["Location"] == page_of(hub)


def test_the_action_is_for_one_hub(operator: Client, hub: Hub) -> None:
    answer = act(operator, hub, make_hub("H2"))

    told = [str(message) for message in get_messages(answer.wsgi_request)]
    assert told == ["Choose one hub only."]
