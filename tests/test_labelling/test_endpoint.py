"""Labels from a real local server: asked once, tried again, within a budget, resumed."""

import json
import threading
import time

import pytest
from endpoint import Endpoint, score_of

from refinery.errors import ConfigError, EnvironmentFault
from refinery.labelling import chat_client
from refinery.labelling.answer_store import AnswerStore
from refinery.labelling.chat_client import RateLimiter, _retry_after
from refinery.labelling.config import LabellerConfig
from refinery.labelling.endpoint_labeller import EndpointLabeller
from refinery.labelling.labeller import Sampled
from refinery.labelling.rubric import load_rubric


def sample(n):
    return [Sampled(f"d{i}", f"text {i} " + "good " * (i % 7), "web", 1.0) for i in range(n)]


@pytest.fixture
def labeller(tmp_path):
    def make(endpoint, **settings):
        settings = {"requests_per_minute": 1e6, "concurrency": 1, "timeout_seconds": 5} | settings
        config = LabellerConfig(name="robot", endpoint=endpoint.url, model="small", **settings)
        return EndpointLabeller(
            config, load_rubric("educational", tmp_path), tmp_path / "answers.jsonl"
        )

    return make


def labels(outcome):
    return {answer.id: answer.label for answer in outcome.answers}


@pytest.mark.parametrize("concurrency", [1, 8])
def test_every_text_is_asked_about_once_ever(labeller, concurrency):
    documents = sample(20)
    repeated = [*documents, Sampled("again", documents[3].text, None, 1.0)]
    with Endpoint() as endpoint:
        outcome = labeller(endpoint, concurrency=concurrency).label(repeated, str)
        assert labels(outcome) == {d.id: score_of(d.text) for d in repeated}
        assert len(endpoint.requests) == 20
        assert endpoint.requests[0]["temperature"] == 0
        assert endpoint.requests[0]["model"] == "small"
        again = labeller(endpoint).label(repeated, str)
        assert again.answers == outcome.answers
        assert len(endpoint.requests) == 20
        assert again.notes == ["robot: 0 asked in 0 requests, 21 answered before"]
        # Another model, or another rubric, is another question.
        other = labeller(endpoint)
        other.config = other.config.model_copy(update={"model": "large"})
        other.label(repeated[:2], str)
        assert len(endpoint.requests) == 22


def test_busy_endpoint_is_asked_again_when_it_says(labeller, monkeypatch):
    monkeypatch.setattr(chat_client, "_FIRST_WAIT_SECONDS", 0.02)
    script = [(429, {"Retry-After": "0.3"}), 503, "die"]
    with Endpoint(script) as endpoint:
        began = time.monotonic()
        outcome = labeller(endpoint).label(sample(1), str)
        assert labels(outcome) == {"d0": 0}
        assert len(endpoint.requests) == 4
        # 0.3 s as it asked, then our own 0.04 s and 0.08 s.
        assert time.monotonic() - began >= 0.42


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [("7", 7, 7), (None, 2, 2), ("soon", 2, 2), ("-3", 0, 0), ("1e9", 600, 600)],
)
def test_retry_after(value, low, high):
    assert low <= _retry_after(value, 2.0) <= high
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 30))
    assert 25 < _retry_after(later, 2.0) <= 30


def test_answer_without_a_score_is_asked_for_again_and_then_named(labeller):
    wrong = ["Score: 7", "I would say 3", "Score: 4 because it is good"]
    with Endpoint([*wrong, "Well.\nScore: 2"]) as endpoint:
        outcome = labeller(endpoint, reasks=2).label(sample(2), str)
        assert labels(outcome) == {"d1": 2}
        (failure,) = outcome.failures
        assert (failure.id, failure.kind) == ("d0", "malformed")
        assert (
            "no score in 3 answers; the last ends: 'Score: 4 because it is good'" in failure.message
        )
        # The second and third request of a document show what was wrong with the first.
        roles = [m["role"] for m in endpoint.requests[2]["messages"]]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
        again = labeller(endpoint).label(sample(2), str)
        assert [f.kind for f in again.failures] == ["malformed"]
        assert len(endpoint.requests) == 4


def test_one_document_that_is_refused_does_not_stop_the_others(labeller):
    with Endpoint([400]) as endpoint:
        outcome = labeller(endpoint).label(sample(3), str)
    assert sorted(labels(outcome)) == ["d1", "d2"]
    assert [(f.id, f.kind) for f in outcome.failures] == [("d0", "refused")]
    assert "HTTP 400" in outcome.failures[0].message


@pytest.mark.parametrize("status", [401, 403, 404])
def test_wrong_key_or_model_stops_at_once(labeller, status):
    with Endpoint([status] * 9) as endpoint:
        with pytest.raises(ConfigError, match=f"endpoint: .*HTTP {status}"):
            labeller(endpoint).label(sample(9), str)
        assert len(endpoint.requests) == 1


def test_dead_endpoint_stops_and_a_later_run_goes_on(labeller):
    with Endpoint([None, None, *[500] * 20]) as endpoint:
        outcome = labeller(endpoint, retries=0).label(sample(9), str)
        assert outcome.stopped == "the endpoint does not answer"
        assert sorted(labels(outcome)) == ["d0", "d1"]
        assert [f.kind for f in outcome.failures] == ["unreachable"] * 3
        assert outcome.waiting == 4
        endpoint.script.clear()
        before = len(endpoint.requests)
        again = labeller(endpoint, retries=0).label(sample(9), str)
        assert len(again.answers) == 9
        assert len(endpoint.requests) == before + 7


def test_budget_stops_before_it_is_overspent(labeller):
    price = {"input_per_million": 1.0, "output_per_million": 10.0}
    # 1000 tokens in, 100 out: 0.002 a question.
    settings = {"price": price, "max_tokens": 100, "concurrency": 4}
    with Endpoint() as endpoint:
        first = labeller(endpoint, budget=0.0081, **settings).label(sample(30), str)
        assert first.stopped == "the budget of 0.0081 is spent"
        n = len(first.answers)
        assert 1 <= n <= 5
        assert first.waiting == 30 - n
        assert f"cost {n * 0.002:.4f}, in all {n * 0.002:.4f} of 0.0081" in first.notes[0]
        second = labeller(endpoint, budget=1.0, **settings).label(sample(30), str)
        assert (len(second.answers), second.stopped) == (30, None)
        assert f"cost {(30 - n) * 0.002:.4f}, in all 0.0600 of 1" in second.notes[0]
        assert len(endpoint.requests) == 30


def test_cost_is_estimated_and_said_so_where_no_tokens_are_counted(labeller):
    price = {"input_per_million": 1.0, "output_per_million": 1.0}
    with Endpoint(usage=False) as endpoint:
        outcome = labeller(endpoint, price=price).label(sample(2), str)
    assert "2 replies estimated: the endpoint counts no tokens" in outcome.notes[0]


def test_key_comes_from_the_environment_and_is_never_kept(labeller, tmp_path, monkeypatch):
    monkeypatch.setenv("REFINERY_TEST_KEY", "s3cret")
    with Endpoint() as endpoint:
        labeller(endpoint, api_key_env="REFINERY_TEST_KEY").label(sample(1), str)
        assert endpoint.headers[0]["Authorization"] == "Bearer s3cret"
        assert "s3cret" not in (tmp_path / "answers.jsonl").read_text()
        monkeypatch.delenv("REFINERY_TEST_KEY")
        with pytest.raises(ConfigError, match="environment variable REFINERY_TEST_KEY is not set"):
            labeller(endpoint, api_key_env="REFINERY_TEST_KEY").label(sample(2), str)


def test_redirect_is_not_followed(labeller):
    with (
        Endpoint() as other,
        Endpoint([(302, {"Location": f"{other.url}/chat/completions"})]) as endpoint,
    ):
        outcome = labeller(endpoint).label(sample(1), str)
        assert [f.kind for f in outcome.failures] == ["refused"]
        assert other.requests == []


def test_interruption_keeps_what_was_answered(labeller):
    class Interruption(KeyboardInterrupt):
        pass

    documents = sample(12)
    with Endpoint() as endpoint:
        asking = labeller(endpoint, concurrency=3)
        real = AnswerStore.add
        added = []

        def add(self, stored):
            real(self, stored)
            added.append(stored)
            if len(added) == 5:
                raise Interruption

        AnswerStore.add = add
        try:
            with pytest.raises(Interruption):
                asking.label(documents, str)
        finally:
            AnswerStore.add = real
        asked = len(endpoint.requests)
        assert 5 <= asked < 12
        outcome = labeller(endpoint).label(documents, str)
        assert len(outcome.answers) == 12
        assert len(endpoint.requests) == 12


def test_half_a_line_of_a_killed_process_is_cut_off(labeller, tmp_path):
    path = tmp_path / "answers.jsonl"
    with Endpoint() as endpoint:
        labeller(endpoint).label(sample(3), str)
        whole = path.read_bytes()
        path.write_bytes(whole[:-30])
        outcome = labeller(endpoint).label(sample(3), str)
        assert len(outcome.answers) == 3
        assert len(endpoint.requests) == 4
    assert path.read_bytes() == whole
    assert all(json.loads(line) for line in path.read_text().splitlines())


def test_damage_inside_the_answers_is_an_error_and_not_asked_again(labeller, tmp_path):
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": 1\n{"key": 2}\n')
    with Endpoint() as endpoint:
        with pytest.raises(EnvironmentFault, match="damaged at byte 0"):
            labeller(endpoint).label(sample(1), str)
        assert endpoint.requests == []


def test_two_processes_do_not_ask_the_same(labeller, tmp_path):
    with (
        Endpoint() as endpoint,
        AnswerStore(tmp_path / "answers.jsonl"),
        pytest.raises(EnvironmentFault, match="another refinery label"),
    ):
        labeller(endpoint).label(sample(1), str)


def test_rate_limit_spaces_requests_over_all_threads():
    limiter, stop = RateLimiter(6000), threading.Event()
    began = time.monotonic()
    threads = [threading.Thread(target=limiter.wait, args=(stop,)) for _ in range(11)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 0.1
