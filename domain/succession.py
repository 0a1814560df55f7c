"""Several records of one id: whose life is over, though no disk took that (F116)."""

from dataclasses import replace

from domain.record import ContainerRecord, Told


def as_it_was_left(
    record: ContainerRecord, records: tuple[ContainerRecord, ...]
) -> ContainerRecord:
    """Its Delete came to its end, though no disk took that (F116), if the id was used again."""
    again = record.deleting and bool(_later(record, records))
    return replace(record, deleted=record.deleted or again)


def is_past(record: ContainerRecord, records: tuple[ContainerRecord, ...]) -> bool:
    """A record that only could not be removed: a later life of its id proves that all was done.

    None says anything before the last word of the one before was heard; and none is made beside
    one that is not deleted, unless that one's Create failed (a save that was told as failed may
    say `created` all the same).
    """
    if record.deleted:
        return any(Told.CREATED in each.init.told for each in _later(record, records))
    return _has_successor(record, records)


def _has_successor(record: ContainerRecord, records: tuple[ContainerRecord, ...]) -> bool:
    """One that is not over: a farewell's number is the greater if the clock was set back (F122)."""
    return any(not each.deleted for each in _later(record, records))


def _later(record: ContainerRecord, records: tuple[ContainerRecord, ...]) -> list[ContainerRecord]:
    return [each for each in records if each.owner == record.owner and each.life > record.life]
