"""Settings by which attributes are read have a name."""

from copy import deepcopy

from collector.decoding import make_decoder
from collector.python_decoder import PythonDecoder
from collector.refilling import Refiller
from collector.settings_name import name_settings
from storage.schema import load_attributes


def test_the_order_of_correlation_keys_and_repeating_one_change_no_name() -> None:
    assert name_settings(["b", "a", "b"]) == name_settings(["a", "b"])
    assert name_settings(["a", "b"]).endswith(" + a, b")
    assert len({name_settings(keys) for keys in ([], ["a"], ["a", "b"])}) == 3


def test_another_list_of_attributes_has_another_name() -> None:
    told = deepcopy(load_attributes())
    assert name_settings((), told) == name_settings()
    told["columns"]["message_id"]["names"].reverse()
    assert name_settings((), told) != name_settings()


def test_whoever_reads_by_the_same_settings_names_the_same() -> None:
    keys = ["tenant"]
    expected = name_settings(keys)
    readers = (make_decoder(keys), PythonDecoder(correlation_keys=keys), Refiller(keys))
    assert [reader.settings for reader in readers] == [expected] * 3
