"""Every setting: by flag, then environment ``QA_*``, then ``qa.toml``, then default."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from platformdirs import user_cache_path
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from qa.embedding.model import DEFAULT_MODEL
from qa.errors import SettingsError
from qa.files import Patterns
from qa.parsing.base import Options
from qa.parsing.workers import Limits
from qa.passages.splitting import DEFAULT_TOKENS

FILE = "qa.toml"
MAX_TOP_K = 1000
_PARSING = Options()


def _split(value: Any) -> Any:
    """In a variable commas stand between values."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Names = Annotated[
    list[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$")]], NoDecode, BeforeValidator(_split)
]
Origins = Annotated[
    list[Annotated[str, Field(pattern=r"^https?://[a-z0-9._-]+(:\d+)?$")]],
    NoDecode,
    BeforeValidator(_split),
]


def _without_secrets(url: str) -> str:
    """Settings are printed and logged. A password or key in the address would be, too."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise ValueError("it is no address") from None
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("an address without user name, password, ? and #; a key: QA_LLM_API_KEY")
    return url.rstrip("/")


Endpoint = Annotated[
    str, Field(pattern=r"^(https?://[^\s/]\S*)?$"), AfterValidator(_without_secrets)
]
Fields = Annotated[list[str], NoDecode, BeforeValidator(_split)]


def _are_patterns(lines: list[str]) -> list[str]:
    if lines:
        Patterns(lines)  # raises if one is none
    return lines


PatternList = Annotated[
    list[Annotated[str, Field(min_length=1)]],
    NoDecode,
    BeforeValidator(_split),
    AfterValidator(_are_patterns),
]


class Settings(BaseSettings):
    """What is in force. Make one with `load_settings`, which says clearly what is wrong."""

    model_config = SettingsConfigDict(
        env_prefix="QA_",
        env_ignore_empty=True,
        toml_file=FILE,
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    store: Path = Field(Path("vectors"), description="Folder of the store.")
    seeds: Path = Field(Path("seeds"), description="What is ingested when nothing else is named.")
    include: PatternList = Field(
        [], description="Only files that match are ingested, by patterns as in a .gitignore."
    )
    exclude: PatternList = Field(
        [], description="Files and folders that an ingest leaves as they are, likewise."
    )
    model: str = Field(
        DEFAULT_MODEL,
        min_length=1,
        description="Embedding model: a folder, a Hugging Face name, or the bundled default.",
    )
    embedder: Literal["auto", "onnx", "sentence-transformers"] = Field(
        "auto", description="What runs the model; sentence-transformers can use a GPU."
    )
    index: Literal["faiss", "numpy"] = Field("faiss", description="Kind of vector index.")
    lexical_index: Literal["tantivy", "memory"] = Field(
        "tantivy", description="Kind of lexical index; memory is for small stores."
    )
    retriever: Literal["hybrid", "dense", "lexical"] = Field(
        "hybrid", description="What finds passages: meaning (dense), words (lexical), or both."
    )
    dense_weight: float = Field(
        0.5, ge=0, le=1, description="Weight of meaning against words where both retrieve."
    )
    sentence_weight: float = Field(
        1 / 3, ge=0, le=1, description="Weight of the best sentence against the whole passage."
    )
    reranker: str = Field(
        "", description="A model that looks again at the first passages: a folder or name."
    )
    reranker_kind: Literal["cross-encoder", "embedding"] = Field(
        "cross-encoder", description="What the reranker is."
    )
    reranker_top_n: int = Field(20, ge=1, le=1000, description="Passages it looks at.")
    reranker_seconds: float = Field(
        2, gt=0, allow_inf_nan=False, description="Time after which it begins no further batch."
    )
    passage_tokens: int = Field(
        DEFAULT_TOKENS,
        ge=16,
        le=8192,
        description="Size of passage to aim at, in the model's tokens.",
    )
    max_file_mb: float = Field(
        32,
        gt=0,
        allow_inf_nan=False,
        description="Larger files are reported and left out, in megabytes.",
    )
    parse_workers: int = Field(
        0, ge=0, le=64, description="Processes that read files; 0 for one a core, at most 4."
    )
    parse_seconds: float = Field(
        180,
        gt=0,
        allow_inf_nan=False,
        description="Time that a document may take to be read, before it is given up.",
    )
    parse_memory_mb: float = Field(
        1000,
        ge=200,
        allow_inf_nan=False,
        description="Memory that a process which reads may take, in megabytes (on Linux).",
    )
    json_text: Fields = Field(
        list(_PARSING.json_text),
        description="Fields of JSON objects for their text, the first there is; a dot leads into "
        "an object within.",
    )
    json_title: Fields = Field(list(_PARSING.json_title), description="Those for their title.")
    json_date: Fields = Field(list(_PARSING.json_date), description="Those for their date.")
    ocr: bool = Field(
        False, description='Recognize the text of scanned pages (pip install "qa[ocr]").'
    )
    top_k: int = Field(5, ge=1, le=MAX_TOP_K, description="How many passages an answer shows.")
    min_confidence: float = Field(
        0.55, ge=0, le=1, description="Below this confidence the documents don't say."
    )
    llm_base_url: Endpoint = Field(
        "",
        description="An OpenAI-compatible endpoint that writes answers, as "
        "http://127.0.0.1:11434/v1; none is used unless it is named. Its key: QA_LLM_API_KEY.",
    )
    llm_model: str = Field("", description="The language model that is asked for there.")
    llm_strict: bool = Field(
        False, description="Drop what a language model writes and no passage supports."
    )
    llm_seconds: float = Field(
        60, gt=0, allow_inf_nan=False, description="Longest wait for a language model's answer."
    )
    llm_min_confidence: float = Field(
        0.1, ge=0, le=1, description="Below this confidence no language model is asked."
    )
    llm_context_tokens: int = Field(
        4096,
        ge=1024,
        le=1_000_000,
        description="What the language model can take in and write together, in tokens.",
    )
    llm_concurrency: int = Field(
        4, ge=1, le=1000, description="Questions that `qa serve` asks a language model at once."
    )
    nli_model: str = Field(
        "", description="A model that says whether a text entails a sentence: a folder or name."
    )
    threads: int = Field(0, ge=0, description="Processor threads of a model; 0 for all cores.")
    cache_dir: Path = Field(
        default_factory=lambda: user_cache_path("qa"),
        description="Folder of exported models, shared by all stores.",
    )
    host: str = Field("127.0.0.1", min_length=1, description="Address that `qa serve` listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that `qa serve` listens on.")
    concurrency: int = Field(
        0, ge=0, le=1000, description="Threads of `qa serve` for questions; 0 for all cores."
    )
    request_seconds: float = Field(
        30,
        gt=0,
        allow_inf_nan=False,
        description="Longest wait of a request for an answer, or for its turn to change the store.",
    )
    uploads: bool = Field(
        False, description="Whether documents can be uploaded and deleted over HTTP."
    )
    max_upload_mb: float = Field(
        32,
        gt=0,
        allow_inf_nan=False,
        description="Larger uploads are refused, in megabytes; max_file_mb holds for them too.",
    )
    insecure: bool = Field(
        False, description="Let `qa serve` listen elsewhere than on loopback without API keys."
    )
    allowed_hosts: Names = Field(
        [], description="Names, besides loopback and host, under which `qa serve` is reached."
    )
    cors_origins: Origins = Field(
        [], description="Origins whose pages may ask, as https://wiki.example.org."
    )
    rate_limit: str = Field(
        "auto",
        pattern=r"^(auto|none|[1-9][0-9]{0,8}/(second|minute|hour|day))$",
        description='Requests of each API key, or address, as "600/minute"; "none"; or "auto": '
        "600/minute, but none on loopback without keys.",
    )
    max_body_kb: int = Field(
        1000, ge=1, description="Larger requests are refused, in kilobytes; uploads aside."
    )
    max_connections: int = Field(
        500, ge=1, le=100_000, description="Connections that `qa serve` keeps open at once."
    )
    client_seconds: float = Field(
        20,
        gt=0,
        allow_inf_nan=False,
        description="Longest that a client may take to send a request, or to take an answer up.",
    )
    drain_seconds: int = Field(
        20, ge=0, description="Longest that `qa serve`, told to stop, finishes what it is at."
    )
    log_questions: bool = Field(
        False, description="Log the questions that are asked, and the messages of failures."
    )
    feedback: bool = Field(
        True, description="Whether verdicts on answers are kept beside the store."
    )
    chat_history: bool = Field(
        True, description="Whether `qa chat` keeps what was typed, for the next time."
    )

    @property
    def max_file_bytes(self) -> int:
        return int(self.max_file_mb * 1e6)

    @property
    def limits(self) -> Limits:
        """What reading a file may take."""
        workers = self.parse_workers or Limits().workers
        memory = int(self.parse_memory_mb * 1e6)
        return Limits(workers, self.parse_seconds, memory, self.max_file_bytes)

    @property
    def parsing(self) -> Options:
        """What concerns the parsers."""
        return Options(
            tuple(self.json_text), tuple(self.json_title), tuple(self.json_date), self.ocr
        )

    @property
    def max_upload_bytes(self) -> int:
        """Of one uploaded file: what is larger than ``max_file_mb`` couldn't be taken in."""
        return int(min(self.max_upload_mb, self.max_file_mb) * 1e6)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


def load_settings(**flags: Any) -> Settings:
    """The settings in force, with what was given by flag; a flag of None was not given.

    Raises:
        SettingsError: a value is wrong, or qa.toml can't be read; it names where.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        where = _origin(name, given)
        raise SettingsError(
            f"The setting {name} from {where} is wrong ({problem['msg']}): "
            "see `qa config` for what there is."
        ) from error
    except (ValueError, OSError) as error:  # tomllib's own, or an unreadable file
        raise SettingsError(f"{FILE} can't be read ({error}): correct or remove it.") from error
    if bool(settings.llm_base_url) != bool(settings.llm_model):
        there, missing = ("llm_base_url", "llm_model")[:: 1 if settings.llm_base_url else -1]
        raise SettingsError(
            f"The setting {there} from {_origin(there, given)} needs {missing} beside it: set both "
            "for a language model, or neither."
        )
    return settings


def origins(**flags: Any) -> dict[str, str]:
    """For each setting where its value comes from: "flag", "QA_…", "qa.toml" or "default"."""
    given = {name: value for name, value in flags.items() if value is not None}
    return {name: _origin(name, given) for name in Settings.model_fields}


def _origin(name: str, flags: dict[str, Any]) -> str:
    variable = f"QA_{name.upper()}"
    if name in flags:
        return f"--{name.replace('_', '-')}"
    if any(key.upper() == variable and value for key, value in os.environ.items()):
        return variable
    in_file = TomlConfigSettingsSource(Settings)()
    return FILE if name in in_file else "default"


def write_settings(values: Mapping[str, Any], path: Path = Path(FILE)) -> None:
    """Puts settings into qa.toml; its comments, its order and all else in it stay.

    The file is replaced at once: whoever reads it sees the old one or the new one, whole.

    Raises:
        SettingsError: the file can't be read or written.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    path = path.resolve()  # a link stays a link
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        before = path.read_bytes().decode() if path.exists() else ""
        document = tomlkit.parse(before)
        for name, value in values.items():
            document[name] = value
        temporary.write_bytes(tomlkit.dumps(document).encode())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except (OSError, ValueError, TOMLKitError) as error:
        raise SettingsError(f"{path} can't be changed ({error}): correct or remove it.") from error
    finally:
        temporary.unlink(missing_ok=True)
