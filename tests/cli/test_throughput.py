import nco.train


def test_the_lines_of_the_report_are_printed_and_overrides_handed_over(run, monkeypatch):
    seen = []
    monkeypatch.setattr(nco.train, "throughput", lambda overrides: seen.append(overrides) or iter(["# one", "| two |"]))
    result = run("bench", "throughput", "policy=attention", "+x.y=[1]")
    assert result.exit_code == 0
    assert result.stdout == "# one\n| two |\n"
    assert seen == [["policy=attention", "+x.y=[1]"]]


def test_a_missing_extra_is_named_with_its_installation(run, monkeypatch):
    def fail(arguments):
        raise ModuleNotFoundError("No module named 'hydra'", name="hydra")

    monkeypatch.setattr(nco.train, "throughput", fail)
    result = run("bench", "throughput")
    assert result.exit_code == 2
    assert result.stderr.startswith("C502 nco bench throughput")


def test_help_tells_both_commands_apart(run):
    assert "RL4CO" in run("bench", "throughput", "--help").stdout
    assert "Compare solvers" in run("bench", "--help").stdout
    assert "bench throughput" in run("--help").stdout
