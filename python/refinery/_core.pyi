"""Stub of the Rust module; `make check` compares it with the binary.

`_ArrowArray` is anything with `__arrow_c_array__` (a pyarrow array); results have it too, so
`pa.array(result)` and `pa.record_batch(result)` take them without a copy.
"""

from collections.abc import Callable, Sequence, Set
from os import PathLike
from typing import Any, Protocol, final

class _ArrowArray(Protocol):
    def __arrow_c_array__(self, requested_schema: object | None = None) -> Any: ...

__all__ = [
    "CHUNK_COLUMNS",
    "EMBEDDED_TOKENIZERS",
    "IS_OPTIMISED",
    "BadWords",
    "LineBlock",
    "LineFile",
    "LineStream",
    "MinHasher",
    "Model",
    "NgramCounts",
    "NgramModel",
    "Pass",
    "PerplexityModel",
    "RawBlock",
    "Signatures",
    "ThreadPool",
    "Tokenizer",
    "UrlFilter",
    "__version__",
    "best_of_groups",
    "ccnet_line_keys",
    "ccnet_normalize",
    "check_texts",
    "count_sentences",
    "edited",
    "edits",
    "exp",
    "families",
    "hash_ids",
    "input_reasons",
    "kl3m_ranges",
    "list_families",
    "ln",
    "merge_schemas",
    "most_different",
    "rank_ids",
    "schema_to_arrow",
    "select_up_to",
    "spacy_words",
    "uax29_words",
    "weighted_ranks",
]

__version__: str
IS_OPTIMISED: bool
EMBEDDED_TOKENIZERS: list[str]
CHUNK_COLUMNS: list[str]

@final
class ThreadPool:
    def __new__(cls, threads: int) -> ThreadPool: ...
    @property
    def threads(self) -> int: ...

@final
class Tokenizer:
    @staticmethod
    def embedded(name: str) -> Tokenizer: ...
    @staticmethod
    def from_file(path: str | PathLike[str]) -> Tokenizer: ...
    @staticmethod
    def from_json(content: bytes) -> Tokenizer: ...
    @staticmethod
    def bytes() -> Tokenizer: ...
    @staticmethod
    def train_bpe(
        texts: _ArrowArray, *, vocabulary: int, pool: ThreadPool | None = None
    ) -> Tokenizer: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def n_symbols(self) -> int: ...
    def to_json(self) -> str: ...
    def encode(
        self, texts: _ArrowArray, pool: ThreadPool | None = None, *, end: int | None = None
    ) -> Any: ...

@final
class Model:
    def __new__(cls, path: str | PathLike[str]) -> Model: ...
    @property
    def labels(self) -> list[str]: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def n_bytes(self) -> int: ...
    def predict(self, texts: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...

@final
class PerplexityModel:
    def __new__(
        cls, path: str | PathLike[str], tokenizer: str | PathLike[str] | None = None
    ) -> PerplexityModel: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    def run(self, texts: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...
    def score(self, lines: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...
    def pieces(self, texts: _ArrowArray) -> Any: ...

@final
class NgramCounts:
    def __new__(cls, tokenizer: Tokenizer, *, order: int, memory: int) -> NgramCounts: ...
    def add(
        self,
        documents: _ArrowArray,
        *,
        rows: _ArrowArray | None = None,
        max_tokens: int | None = None,
    ) -> None: ...
    def model(self) -> NgramModel: ...

@final
class NgramModel:
    @staticmethod
    def load(path: str | PathLike[str]) -> NgramModel: ...
    def save(self, path: str | PathLike[str]) -> None: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def n_ngrams(self) -> int: ...
    @property
    def n_bytes(self) -> int: ...
    def nats(
        self,
        documents: _ArrowArray,
        starts: _ArrowArray | None = None,
        pool: ThreadPool | None = None,
    ) -> Any: ...
    def perplexity(self, texts: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...

@final
class MinHasher:
    def __new__(
        cls, *, ngram: int, bands: int, rows_per_band: int, profile: str = "refinery"
    ) -> MinHasher: ...
    @property
    def num_perm(self) -> int: ...
    @property
    def signature_bytes(self) -> int: ...
    @property
    def value_bytes(self) -> int: ...
    def similarities(self, left: _ArrowArray, right: _ArrowArray) -> Any: ...
    @property
    def scheme(self) -> str: ...

@final
class Signatures:
    def __new__(
        cls, *, bands: int, value_bytes: int = 4, folder: str | PathLike[str] | None = None
    ) -> Signatures: ...
    def __len__(self) -> int: ...
    def append(self, signatures: _ArrowArray) -> None: ...
    def clusters(
        self,
        rank: _ArrowArray,
        alive: _ArrowArray,
        *,
        threshold: float | None,
        table_documents: int | None = None,
        pool: ThreadPool | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Any: ...
    def kept_in_order(
        self,
        alive: _ArrowArray,
        *,
        pool: ThreadPool | None = None,
        stop: Callable[[], None] | None = None,
    ) -> Any: ...

@final
class Pass:
    def __new__(
        cls,
        *,
        views: Sequence[tuple[str, Sequence[str]]] = ...,
        sized: Sequence[str] = ...,
        hashed: Sequence[str] = ...,
        families: Sequence[str] = ...,
        signals: Set[str] | None = None,
        tokenizer: Tokenizer | None = None,
        scores: Sequence[
            tuple[str, Model | PerplexityModel | NgramModel, int, str, tuple[int, int] | None]
        ] = ...,
        minhash: MinHasher | None = None,
        minhash_view: str = "text",
        base_columns: bool = False,
    ) -> Pass: ...
    def run(self, texts: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...

@final
class LineBlock:
    def __new__(
        cls, *, offset: int, length: int, first_row: int, n_rows: int, fingerprint: str
    ) -> LineBlock: ...
    @property
    def offset(self) -> int: ...
    @property
    def length(self) -> int: ...
    @property
    def first_row(self) -> int: ...
    @property
    def n_rows(self) -> int: ...
    @property
    def fingerprint(self) -> str: ...

@final
class RawBlock:
    @property
    def block(self) -> LineBlock: ...
    @property
    def n_bytes(self) -> int: ...
    def parse(self) -> tuple[Any, Any, str]: ...
    def decode(self, rows: _ArrowArray, schema: str) -> Any: ...

@final
class LineStream:
    def __iter__(self) -> LineStream: ...
    def __next__(self) -> RawBlock: ...
    def read(self, block: LineBlock) -> RawBlock: ...

@final
class LineFile:
    def __new__(
        cls,
        path: str | PathLike[str],
        *,
        format: str,
        text: str = ...,
        id: str | None = None,
        source: str | None = None,
        url: str | None = None,
        delimiter: str | None = None,
        block_bytes: int = ...,
        max_row_bytes: int = ...,
        max_expansion: int | None = None,
    ) -> LineFile: ...
    @property
    def compression(self) -> str: ...
    @property
    def is_seekable(self) -> bool: ...
    @property
    def header_schema(self) -> str: ...
    def blocks(self) -> list[LineBlock]: ...
    def stream(self, blocks: Sequence[LineBlock] | None = None) -> LineStream: ...
    def read(self, block: LineBlock) -> RawBlock: ...

@final
class BadWords:
    def __new__(cls, path: str | PathLike[str], language: str) -> BadWords: ...
    @property
    def fingerprint(self) -> str: ...
    def run(self, texts: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...

@final
class UrlFilter:
    def __new__(cls, folder: str | PathLike[str]) -> UrlFilter: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def n_bytes(self) -> int: ...
    def run(self, urls: _ArrowArray, pool: ThreadPool | None = None) -> Any: ...

def list_families() -> list[dict[str, Any]]: ...
def families() -> list[dict[str, Any]]: ...
def edits() -> list[dict[str, Any]]: ...
def kl3m_ranges() -> list[tuple[str, float, float, float]]: ...
def edited(texts: _ArrowArray, edits: Sequence[str], pool: ThreadPool | None = None) -> Any: ...
def check_texts(texts: _ArrowArray, max_bytes: int) -> Any: ...
def hash_ids(ids: _ArrowArray, seed: int) -> Any: ...
def exp(values: _ArrowArray) -> Any: ...
def ln(values: _ArrowArray) -> Any: ...
def spacy_words(texts: _ArrowArray) -> Any: ...
def uax29_words(texts: _ArrowArray) -> Any: ...
def count_sentences(texts: _ArrowArray) -> Any: ...
def ccnet_normalize(
    texts: _ArrowArray,
    *,
    accent: bool = True,
    case: bool = True,
    numbers: bool = True,
    punct: str = "replace",
) -> Any: ...
def ccnet_line_keys(lines: _ArrowArray) -> Any: ...
def rank_ids(ids: _ArrowArray, pool: ThreadPool | None = None) -> tuple[Any, str | None, int]: ...
def best_of_groups(
    labels: _ArrowArray, rank: _ArrowArray, values: _ArrowArray, alive: _ArrowArray
) -> tuple[Any, Any]: ...
def select_up_to(
    target: float,
    values: _ArrowArray,
    rank: _ArrowArray,
    weights: _ArrowArray,
    alive: _ArrowArray,
) -> Any: ...
def most_different(
    signatures: _ArrowArray,
    quality: _ArrowArray,
    rank: _ArrowArray,
    *,
    wanted: int,
    too_like: float,
    value_bytes: int = 4,
) -> Any: ...
def weighted_ranks(
    values: _ArrowArray, weights: _ArrowArray, pool: ThreadPool | None = None
) -> Any: ...
def merge_schemas(schemas: Sequence[str]) -> str: ...
def schema_to_arrow(schema: str) -> Any: ...
def input_reasons() -> dict[str, dict[str, str]]: ...
