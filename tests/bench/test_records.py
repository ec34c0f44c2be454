import pytest

from nco.bench.records import Records
from nco.errors import ConfigError, FileError


def test_a_record_is_on_disk_as_soon_as_it_is_appended(tmp_path, record):
    records = Records.open(tmp_path / "new" / "folder", resume=False)
    first = record("pyvrp", "square", 9.0)
    records.append(first)
    kept = Records.open(tmp_path / "new" / "folder", resume=True)
    assert kept.of([first.run]) == [first]
    assert first.run in kept
    assert record("ortools", "square", 9.0).run not in kept


def test_earlier_results_are_not_mixed_with_new_ones_by_accident(tmp_path, record):
    Records.open(tmp_path, resume=False).append(record("pyvrp", "square", 9.0))
    with pytest.raises(ConfigError, match="--resume") as error:
        Records.open(tmp_path, resume=False)
    assert error.value.codes == ("C503",)


def test_only_records_of_the_runs_asked_for_count(tmp_path, record):
    records = Records.open(tmp_path, resume=False)
    old, new = record("pyvrp", "square", 9.0), record("pyvrp", "square", 8.0, seed=2)
    records.append(old)
    records.append(new)
    assert records.of([new.run]) == [new]


@pytest.mark.parametrize("line", ["{", "[]", '{"run": {}}', '{"clients": 3}'])
def test_a_damaged_line_is_named(tmp_path, record, line):
    Records.open(tmp_path, resume=False).append(record("pyvrp", "square", 9.0))
    with (tmp_path / "runs.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(FileError, match="line 2") as error:
        Records.open(tmp_path, resume=True)
    assert error.value.codes == ("F005",)


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileError) as error:
        Records.open(tmp_path / "file" / "below", resume=False)
    assert error.value.codes == ("F012",)
