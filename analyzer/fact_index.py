"""Facts about one end of hand-overs, by where they are: found without a look at all of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable

from storage.results import Row

Name = str | None
_ANY = ""  # stands for all systems: none is called so


class FactIndex:
    """Facts of endpoints by system, destination and service. The lists that it gives are its
    own: nobody may change them."""

    def __init__(self, facts: Iterable[Row], base_of: Callable[[str], str]) -> None:
        self._base_of = base_of
        self._systems: dict[Name, list[Row]] = defaultdict(list)
        self._places: dict[tuple[Name, Name], list[Row]] = defaultdict(list)
        self._bases: dict[tuple[Name, Name], list[Row]] = defaultdict(list)
        self._services: dict[Name, list[Row]] = defaultdict(list)
        self._destinations: dict[Name, frozenset[str]] = {}
        self._none: list[Row] = []
        for fact in facts:
            destination = fact["destination"]
            base = None if destination is None else base_of(destination)
            self._services[fact["service_name"]].append(fact)
            for system in (fact["system"], _ANY):
                self._systems[system].append(fact)
                self._places[system, destination].append(fact)
                self._bases[system, base].append(fact)

    def of_service(self, service: Name) -> list[Row]:
        return self._services.get(service, self._none)

    def of_system(self, system: Name) -> list[Row]:
        """Those of this system; None: that name none."""
        return self._systems.get(system, self._none)

    def at(self, system: Name, destination: Name) -> list[Row]:
        """Those of this system and destination; None: that name none."""
        return self._places.get((system, destination), self._none)

    def within(self, system: Name, destination: Name) -> list[Row]:
        """Those of this system and destination; None: any."""
        if destination is None:
            return self._systems.get(system or _ANY, self._none)
        return self._places.get((system or _ANY, destination), self._none)

    def may_be_at(self, system: Name, destination: Name) -> list[Row]:
        """Those within a place, or with a name of the same base, or that name no destination."""
        if destination is None:
            return self.within(system, None)
        where = system or _ANY
        like = self._bases.get((where, self._base_of(destination)), self._none)
        return like + self._bases.get((where, None), self._none)

    def destinations(self, system: Name) -> frozenset[str]:
        """Names of those of this system."""
        if system not in self._destinations:
            names = (f["destination"] for f in self.of_system(system))
            self._destinations[system] = frozenset(name for name in names if name)
        return self._destinations[system]
