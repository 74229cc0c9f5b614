"""Settings of the interpreter: the kernel reads them, and a worker gets the same.

They are the current folder, the folder for temporary files if the user has chosen one, the
environment variables, time zone and locale, and the settings of `warnings`, `sys` and `logging`.
"""

from __future__ import annotations

import locale
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

from . import time_zone
from .folder import Folder
from .scratch import chosen_folder
from .stand_ins import WorkerStandIns, notebook

#: A key in a cache of `logging`. The cache is emptied whenever a level is set.
_UNCHANGED = "jupyterlite-pool"


class LogHandler(NamedTuple):
    """A handler that writes to the notebook."""

    stream: str
    level: int
    formatter: logging.Formatter | None


class LogLevels(NamedTuple):
    """The settings of one logger."""

    level: int
    propagate: bool
    disabled: bool
    handlers: tuple[LogHandler, ...]


class Settings(NamedTuple):
    """The settings of an interpreter that a task can see."""

    cwd: str
    #: The folder for temporary files that the user has chosen; None for the interpreter's own.
    temporary: str | None
    variables: dict[str, str]
    #: The module whose stand-ins for process pools the notebook has put in place; None for none.
    stand_ins: str | None
    zone: time_zone.TimeZone
    locale: str | None
    filters: list[Any]
    recursion_limit: int
    #: The argument of `logging.disable`.
    log_disable: int
    #: The loggers that have settings, by name; "" is the root.
    loggers: dict[str, LogLevels]


def fingerprint() -> tuple[Any, ...]:
    """A value that stays equal while no setting changes, except for those of `logging`.

    It is taken for every task, so it must be quick.
    """
    return (
        os.getcwd(),
        tempfile.tempdir,
        notebook.module,
        tuple(os.environ._data.items()),  # type: ignore[attr-defined] # quicker without decoding
        _locale(),
        tuple(warnings.filters),
        sys.getrecursionlimit(),
    )


def logging_fingerprint() -> tuple[Any, ...]:
    """A value that stays equal while no setting of `logging` changes."""
    logging.root._cache[_UNCHANGED] = True  # type: ignore[attr-defined]
    return (
        logging.root.manager.disable,
        [
            (
                name,
                logger.level,
                logger.propagate,
                logger.disabled,
                [(h, h.level, h.formatter) for h in logger.handlers],
            )
            for name, logger in _set_loggers()
        ],
    )


def levels_changed() -> bool:
    """Whether a level of `logging` was set since `logging_fingerprint`. Takes almost no time."""
    return _UNCHANGED not in logging.root._cache  # type: ignore[attr-defined]


def read_settings() -> Settings:
    """The settings of this interpreter."""
    return Settings(
        cwd=os.getcwd(),
        temporary=chosen_folder(),
        variables=dict(os.environ),
        stand_ins=notebook.module,
        zone=time_zone.read(),
        locale=_locale(),
        filters=list(warnings.filters),
        recursion_limit=sys.getrecursionlimit(),
        log_disable=logging.root.manager.disable,
        loggers={
            name: LogLevels(
                logger.level, logger.propagate, logger.disabled, tuple(_writing(logger.handlers))
            )
            for name, logger in _set_loggers()
        },
    )


class WorkerSettings:
    """The settings of a worker."""

    def __init__(self, drive: bool = True, scratch: str | None = None) -> None:
        """Describe the worker.

        Args:
            drive: whether it has the notebook's files.
            scratch: its own folder for temporary files; None to leave `tempfile` as it is.
        """
        self._folder = Folder(drive)
        self._scratch = scratch
        self._stand_ins = WorkerStandIns()
        #: Names of loggers that have settings of the notebook, and the handlers that they got here.
        self._set: dict[str, list[logging.Handler]] = {}

    def apply(self, wanted: Settings) -> None:
        """Give the worker these settings."""
        self._folder.enter(wanted.cwd)
        if self._scratch is not None:
            tempfile.tempdir = wanted.temporary or self._scratch
        for name in os.environ.keys() - wanted.variables.keys():
            del os.environ[name]
        os.environ.update(wanted.variables)
        self._stand_ins.follow(wanted.stand_ins)
        time_zone.apply(wanted.zone)
        if wanted.locale is not None and wanted.locale != _locale():
            locale.setlocale(locale.LC_ALL, wanted.locale)
        if warnings.filters != wanted.filters:
            warnings.resetwarnings()  # the part of `warnings` in C must hear of the change
            warnings.filters[:] = wanted.filters  # type: ignore[index] # only typeshed forbids it
        sys.setrecursionlimit(wanted.recursion_limit)
        self._set_logging(wanted)

    def _set_logging(self, wanted: Settings) -> None:
        logging.disable(wanted.log_disable)
        for name, added in self._set.items():
            logger = logging.getLogger(name or None)
            for handler in added:
                logger.removeHandler(handler)
            if name not in wanted.loggers:
                logger.setLevel(logging.NOTSET)
                logger.propagate, logger.disabled = True, False
        self._set = {}
        for name, levels in wanted.loggers.items():
            logger = logging.getLogger(name or None)
            logger.setLevel(levels.level)
            logger.propagate, logger.disabled = levels.propagate, levels.disabled
            added = self._set[name] = []
            for stream, level, formatter in levels.handlers:
                handler = _SentHandler(logger, getattr(sys, stream))
                handler.setLevel(level)
                handler.setFormatter(formatter)
                logger.addHandler(handler)
                added.append(handler)


class _SentHandler(logging.StreamHandler):  # type: ignore[type-arg] # at run time from 3.11 on
    """A handler of the notebook's, in a worker.

    If a module has added the handler in the notebook, and a task imports that module, the module
    adds the same handler here again. Then this one does nothing, so that no line comes twice.
    """

    def __init__(self, logger: logging.Logger, stream: TextIO) -> None:
        super().__init__(stream)
        self._logger = logger

    def handle(self, record: logging.LogRecord) -> bool:
        """As in `logging.Handler`."""
        name = _stream_name(self.stream)
        sent = [
            handler
            for handler in self._logger.handlers
            if isinstance(handler, _SentHandler) and handler.stream is self.stream
        ]
        own = sum(stream == name for stream, _, _ in _writing(self._logger.handlers))
        if sent.index(self) < own:
            return False
        return bool(super().handle(record))


def _set_loggers() -> Iterator[tuple[str, logging.Logger]]:
    """The loggers that have settings, the root first."""
    yield "", logging.root
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and (
            logger.level or logger.handlers or not logger.propagate or logger.disabled
        ):
            yield name, logger


def _writing(handlers: list[logging.Handler]) -> Iterator[LogHandler]:
    """The handlers that write to the notebook. Workers do not need those that write elsewhere."""
    for handler in handlers:
        if type(handler) is logging.StreamHandler:
            stream = _stream_name(handler.stream)
            if stream is not None:
                yield LogHandler(stream, handler.level, handler.formatter)


def _stream_name(stream: TextIO) -> str | None:
    if stream is sys.stdout or stream is sys.__stdout__:
        return "stdout"
    return "stderr" if stream is sys.stderr or stream is sys.__stderr__ else None


def _locale() -> str | None:
    return locale.setlocale(locale.LC_ALL)
