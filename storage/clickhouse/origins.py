"""What made that which a ClickHouse store holds (storage/origins.py)."""

from storage.clickhouse.database import Database, Session
from storage.clickhouse.snapshot import Snapshot
from storage.origins import Note, add_note, name_settings, newest_name


class OriginsKeeper:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note_settings(self, name: str) -> None:
        with self._database.read() as session:
            notes, newest, oldest = _read(session)
        noted = add_note(notes, name, newest, oldest)
        if noted != notes:
            self._database.note(notes=noted)

    def settings_of_spans(self) -> list[str]:
        with self._database.read() as session:
            return name_settings(*_read(session))

    def settings_in_force(self) -> str:
        return newest_name(_notes(self._database.look()))

    def answering_rules(self) -> str:
        return str(self._database.look().state.get("rules", ""))


def _read(session: Session) -> tuple[list[Note], int, int | None]:
    """Notes, newest generation, oldest stored one."""
    oldest = session.select("SELECT minOrNull(generation) AS oldest FROM spans")["oldest"][0]
    return _notes(session.snapshot), session.snapshot.spans.newest, oldest.as_py()


def _notes(snapshot: Snapshot) -> list[Note]:
    return [(int(after), str(name)) for after, name in snapshot.state.get("notes", ())]
