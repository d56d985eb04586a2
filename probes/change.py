"""What people are told of a finding, in the words of rows and pages. Pure."""

from enum import StrEnum


class Change(StrEnum):
    """What people are told of a finding."""

    NEW = "new"
    AGAIN = "again"
    WORSE = "worse"
    BETTER = "better"
    CLOSED = "closed"
    REMINDER = "reminder"
    ESCALATION = "escalation"


WORDS = {
    Change.NEW: "new",
    Change.AGAIN: "there again",
    Change.WORSE: "worse",
    Change.BETTER: "better",
    Change.CLOSED: "over",
    Change.REMINDER: "still open",
    Change.ESCALATION: "still open and unanswered",
}
