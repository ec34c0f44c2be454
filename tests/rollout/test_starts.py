from nco.rollout.starts import first_clients


def test_starts_are_the_first_clients_of_every_problem(drawn):
    assert first_clients(drawn(2, 5), 3).tolist() == [[1, 2, 3], [1, 2, 3]]


def test_there_is_at_most_one_start_per_client(drawn):
    assert first_clients(drawn(1, 4), 50).tolist() == [[1, 2, 3, 4]]
