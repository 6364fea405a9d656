"""What made that which a DuckDB store holds (storage/origins.py)."""

from storage.duckdb_database import Database, Session
from storage.duckdb_statements import statement
from storage.origins import Note, add_note, name_settings, newest_name

_NOTES = "SELECT generation, name FROM settings_notes ORDER BY generation"


class OriginsKeeper:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note_settings(self, name: str) -> None:
        with self._database.write() as session:
            notes, newest, oldest = _read(session)
            noted = add_note(notes, name, newest, oldest)
            if noted == notes:
                return
            session.run("DELETE FROM settings_notes")
            for after, settings in noted:
                session.run(
                    "INSERT INTO settings_notes VALUES ($after, $name)", after=after, name=settings
                )

    def settings_of_spans(self) -> list[str]:
        with self._database.read() as session:
            return name_settings(*_read(session))

    def settings_in_force(self) -> str:
        with self._database.read() as session:
            return newest_name(_read(session)[0])

    def answering_rules(self) -> str:
        with self._database.read() as session:
            names = session.select("SELECT name FROM answering_rules")["name"].to_pylist()
        return str(names[0]) if names else ""


def _read(session: Session) -> tuple[list[Note], int, int | None]:
    """Notes, newest generation, oldest stored one."""
    rows = session.look_up(_NOTES).to_pylist()
    stored = session.look_up(statement("generations_stored")).to_pylist()[0]
    return [(row["generation"], row["name"]) for row in rows], stored["newest"], stored["oldest"]
