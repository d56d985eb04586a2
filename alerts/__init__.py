"""HOW PEOPLE ARE TOLD: outbox, channels, delivery, signs of life; knows messages, not findings."""
