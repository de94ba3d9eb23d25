"""Every error a user or caller can meet, as one tree.

QAError                      something failed                        exit 1, HTTP 500
├── UsageError               what was asked for makes no sense       exit 2, HTTP 400
├── SettingsError            a flag, QA_* variable or qa.toml line   exit 2, HTTP 500
├── DocumentError            one document can't be taken in          exit 1, HTTP 422
├── NotFoundError            no such document, or key                exit 1, HTTP 404
├── OverloadedError          too much is being asked at once         exit 1, HTTP 503
├── KeysError                the API keys can't be read or written   exit 1, HTTP 503
├── BackupError              a backup can't be written, or is none   exit 1, HTTP 500
├── ListenError              the address can't be listened on        exit 1, HTTP 500
├── ModelError               a model can't be found or used          exit 1, HTTP 500
├── LanguageModelError       the language model wrote no answer      exit 1, HTTP 502
└── StoreError               the store can't be used                 exit 1, HTTP 503
    ├── StorePathError       the path can't be a store               exit 2, HTTP 503
    ├── StoreEmptyError      nothing has been ingested yet           exit 1, HTTP 503
    ├── StoreBusyError       another process is writing              exit 1, HTTP 503
    ├── StoreDamagedError    the catalog can't be read               exit 1, HTTP 503
    └── StoreMismatchError   another model, other passages, format   exit 1, HTTP 503

A message is one sentence for a person: what is wrong and what to do next.
"""

from __future__ import annotations


class QAError(Exception):
    exit_code = 1
    http_status = 500
    title = "Something failed"


class UsageError(QAError):
    exit_code = 2
    http_status = 400
    title = "Bad request"


class SettingsError(QAError):
    exit_code = 2
    title = "Bad settings"


class DocumentError(QAError):
    http_status = 422
    title = "Document not readable"


class NotFoundError(QAError):
    http_status = 404
    title = "Not found"


class OverloadedError(QAError):
    http_status = 503
    title = "Too much to do"


class KeysError(QAError):
    http_status = 503
    title = "API keys not usable"


class BackupError(QAError):
    title = "Backup not usable"


class ListenError(QAError):
    title = "Address not usable"


class ModelError(QAError):
    title = "Model not usable"


class LanguageModelError(QAError):
    """Its message is the beginning of a sentence: who asks goes on with what is done instead."""

    http_status = 502
    title = "No answer from the language model"


class StoreError(QAError):
    http_status = 503
    title = "Store not usable"


class StorePathError(StoreError):
    exit_code = 2


class StoreEmptyError(StoreError):
    title = "Store is empty"


class StoreBusyError(StoreError):
    title = "Store is busy"


class StoreDamagedError(StoreError):
    title = "Store is damaged"


class StoreMismatchError(StoreError):
    title = "Store does not match"
