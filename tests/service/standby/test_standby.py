"""A receiver that fails: asked seldom, stood in for, told of elsewhere; and storms, which become digests."""

from __future__ import annotations

import json

import pytest

from trailbell.store.breakers import Breakers
from trailbell.store.decisions import Decisions
from trailbell_engine.timestamps import DAY_US, HOUR_US, MINUTE_US, SECOND_US
from trailbell_notifiers.delivery.breaker import OPEN_AFTER
from trailbell_notifiers.groups.group import Note
from trailbell_notifiers.pace import Rate

T0 = 1_800_000_000 * SECOND_US


def _titles(receiver):
    return [body["title"] for _, body in receiver.taken if body["kind"] == "opened"]


def test_an_outage_costs_few_attempts_and_no_message(office, receiver, chat_queue):
    """Six hours down with a thousand waiting: probes only; then all of them, in order."""
    chat = receiver("chat")
    there = office(chat)
    there.add(1_000)
    chat.down = "connection refused"
    there.run(there.now_us + 6 * HOUR_US)
    assert chat.attempts < 2 * 6 * 60 // 4 + OPEN_AFTER
    ((queue, breaker),) = Breakers(there.database).failing()
    assert (queue, breaker.is_open, breaker.reason) == (chat_queue, True, "connection refused")
    chat.down = ""
    there.run(there.now_us + 10 * MINUTE_US)
    assert _titles(chat) == [str(number) for number in range(1_000)]
    assert Breakers(there.database).failing() == []
    assert there.states() == {"sent": 1_000}


def test_one_message_that_a_receiver_chokes_on_keeps_nobody_waiting(office, receiver):
    """The breaker opens for it, tries the one after it, and closes."""
    chat = receiver("chat")
    there = office(chat)
    there.add(20)
    taken = chat.send

    def choosy(body, attempt, now_s):
        chat.down = "500" if json.loads(body)["title"] == "0" else ""
        return taken(body, attempt, now_s)

    chat.send = choosy
    there.run(there.now_us + 5 * MINUTE_US)
    assert _titles(chat) == [str(number) for number in range(1, 20)]


def test_a_fallback_is_told_after_two_minutes(office, receiver):
    """Each message once, with the reason; the receiver itself gets its messages, too, when it is back."""
    chat, mail = receiver("chat"), receiver("mail")
    there = office(chat, mail, chat={"fallback": "mail"})
    there.add(3)
    chat.down = "token_revoked"
    there.run(there.now_us + MINUTE_US)
    assert mail.taken == []
    there.run(there.now_us + 2 * MINUTE_US)
    assert mail.kinds == ["meta", "opened", "opened", "opened"]
    assert mail.taken[1][1]["change"] == "instead of chat, which fails: token_revoked"
    there.add(1, first=3)
    there.run(there.now_us + 20 * MINUTE_US)
    assert mail.kinds.count("opened") == 4
    chat.down = ""
    there.run(there.now_us + 20 * MINUTE_US)
    assert _titles(chat) == ["0", "1", "2", "3"]
    assert len({id_ for id_, _ in mail.taken}) == len(mail.taken)
    assert mail.kinds.count("opened") == 4


@pytest.mark.parametrize("asks_s", [0.0, 30.0, 7_200.0])
def test_a_receiver_that_asks_for_a_pause_is_stood_in_for_as_well(office, receiver, asks_s):
    """After two minutes people hear of it, until it takes one; then all that waited comes, in order."""
    chat, mail = receiver("chat"), receiver("mail")
    there = office(chat, mail, chat={"fallback": "mail"})
    there.add(2)
    chat.down, chat.asks_s = "429", asks_s
    there.run(there.now_us + MINUTE_US)
    assert mail.taken == []
    there.run(there.now_us + 4 * MINUTE_US)
    assert mail.kinds == ["meta", "opened", "opened"]
    ((_, breaker),) = Breakers(there.database).failing()
    assert (breaker.since_us, breaker.reason) == (T0, "429")
    chat.down = ""
    there.run(there.now_us + 2 * HOUR_US)
    assert Breakers(there.database).failing() == []
    assert _titles(chat) == ["0", "1"]
    assert mail.taken[-1][1]["title"] == "🔧 Delivery · chat takes messages again"


def test_a_receiver_that_always_says_at_once_is_asked_seldom(office, receiver):
    """`Retry-After: 0` for six hours costs as few attempts as an outage, however much waits."""
    chat = receiver("chat")
    there = office(chat)
    there.add(1_000)
    chat.down, chat.asks_s = "429", 0.0
    there.run(there.now_us + 6 * HOUR_US)
    assert chat.attempts < 2 * 6 * 60 // 4 + OPEN_AFTER


def test_a_busy_receiver_is_not_left_alone(office, receiver):
    """While it asks for short pauses, it is asked again after them; it is not yet only probed after two minutes."""
    chat = receiver("chat")
    there = office(chat)
    there.add(20)
    chat.down, chat.asks_s = "429", 1.0
    there.run(there.now_us + 2 * MINUTE_US - 1)
    assert not Breakers(there.database).failing()[0][1].is_open
    chat.down = ""
    there.run(there.now_us + 3 * MINUTE_US)
    assert _titles(chat) == [str(number) for number in range(20)]


def test_who_knows_already_is_not_told_again(office, receiver):
    """A route told the fallback of the same alerts: only the trouble is news to it."""
    chat, mail = receiver("chat"), receiver("mail")
    there = office(chat, mail, chat={"fallback": "mail"})
    there.add(1)
    with there.database.transaction():
        Decisions(there.database).add([Note(f"{0:032x}", "told", "", "mail", thread="t", severity="high")])
    chat.down = "down"
    there.run(there.now_us + 10 * MINUTE_US)
    assert mail.kinds == ["meta"]


def test_what_was_escalated_is_told_as_such(office, receiver):
    """What was raised to critical is critical at the fallback, too, which was told of it as a lesser one."""
    chat, mail = receiver("chat"), receiver("mail")
    there = office(chat, mail, chat={"fallback": "mail"})
    there.add(2)
    first, second = (f"{number:032x}" for number in (0, 1))
    with there.database.transaction():
        Decisions(there.database).add(
            [
                Note(first, "told", "", "mail", thread="t", severity="high"),
                Note(first, "told", "", "chat", thread=first, severity="critical"),
                Note(second, "told", "", "chat", thread=second, severity="high"),
            ]
        )
    chat.down = "down"
    there.run(there.now_us + 10 * MINUTE_US)
    titles = [body["title"] for _, body in mail.taken if body["kind"] == "opened"]
    assert [title.split(" · ")[0] for title in titles] == ["🔴 Critical", "🟠 High"]


def test_trouble_and_its_end_are_told_once_by_another_receiver(office, receiver):
    """Hours of failing are one message, and one more when it is over; a restart changes nothing."""
    chat, siem = receiver("chat"), receiver("siem")
    there = office(chat, siem)
    there.add(2)
    chat.down = "connection refused"
    there.run(there.now_us + 5 * HOUR_US)
    assert [body["title"] for _, body in siem.taken] == ["🔧 Delivery · chat takes no messages"]
    chat.down = ""
    there.run(there.now_us + HOUR_US)
    assert [body["title"] for _, body in siem.taken][1:] == ["🔧 Delivery · chat takes messages again"]


def test_with_nobody_else_there_is_no_loop(office, receiver):
    """A lone receiver's trouble is told to nobody, and a failing fallback does not come back to it."""
    chat, mail = receiver("chat"), receiver("mail")
    there = office(chat, mail, chat={"fallback": "mail"}, mail={"fallback": "chat"})
    there.add(2)
    chat.down = mail.down = "down"
    there.run(there.now_us + DAY_US)
    chat.down = mail.down = ""
    there.run(there.now_us + HOUR_US)
    assert sorted(_titles(chat)) == ["0", "1"]
    assert mail.kinds.count("opened") == 2
    assert len({id_ for id_, _ in chat.taken}) == len(chat.taken)


def test_a_storm_becomes_a_digest_a_minute(office, receiver):
    """A thousand at once are one message that counts them by rule; each of them says which digest stands for it."""
    chat = receiver("chat", Rate(1, 3))
    there = office(chat, chat={"digest_above": 30})
    there.add(1_000)
    there.run(there.now_us + 10 * SECOND_US)
    ((digest_id, body),) = chat.taken
    assert body["kind"] == "digest"
    assert "1000 of vonage-number-voice-type-changed" in body["change"]
    assert there.states() == {"folded": 1_000, "sent": 1}
    folded = there.database.one("SELECT count(*) FROM outbox WHERE reference = ?", (digest_id,))
    assert folded == (1_000,)
    there.add(500, first=1_000)
    there.run(there.now_us + 30 * SECOND_US)
    assert len(chat.taken) == 1
    there.run(there.now_us + MINUTE_US)
    assert chat.kinds == ["digest", "digest"]


def test_a_few_messages_are_no_storm(office, receiver):
    """What people can read is sent as it is; and where programs read, everything is."""
    chat, siem = receiver("chat"), receiver("siem")
    there = office(chat, siem, chat={"digest_above": 30})
    there.add(30)
    there.add(200, "siem", first=100)
    there.run(there.now_us + MINUTE_US)
    assert (chat.kinds, siem.kinds) == (["opened"] * 30, ["opened"] * 200)


def test_three_days_of_outage_with_a_hundred_thousand_waiting(office, receiver, long):
    """No herd during, order and completeness after; a person gets one digest where a program gets every message."""
    count = 100_000 if long else 2_000
    chat, siem = receiver("chat", Rate(1, 3)), receiver("siem")
    there = office(chat, siem, chat={"digest_above": 30})
    there.add(count, "siem")
    there.add(count, "chat")
    chat.down = siem.down = "connection refused"
    for _ in range(3):
        there.run(there.now_us + DAY_US)
        there.restart()
    assert {name: there.states().get(name, 0) for name in ("sent", "dead")} == {"sent": 0, "dead": 0}
    for one in (chat, siem):
        assert one.attempts < 2 * 3 * DAY_US // (4 * MINUTE_US) + OPEN_AFTER
    chat.down = siem.down = ""
    there.run(there.now_us + 30 * MINUTE_US)
    assert _titles(siem) == [str(number) for number in range(count)]
    assert set(there.states()) == {"sent", "folded"}
    assert len(chat.taken) < 100
