"""The notebook's place and settings: read in the kernel, put into force in a worker."""

from __future__ import annotations

import locale
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple, TextIO

from . import time_zone
from .folder import Folder

#: Lies in a cache that `logging` empties whenever a level is set.
_UNCHANGED = "jupyterlite-pool"


class LogHandler(NamedTuple):
    """A handler that writes to the notebook."""

    stream: str
    level: int
    formatter: logging.Formatter | None


class LogLevels(NamedTuple):
    """What `logging` was told of one logger."""

    level: int
    propagate: bool
    disabled: bool
    handlers: tuple[LogHandler, ...]


class Settings(NamedTuple):
    """What a task can see of how its interpreter is set."""

    cwd: str
    variables: dict[str, str]
    zone: time_zone.TimeZone
    locale: str | None
    filters: list[Any]
    recursion_limit: int
    #: As `logging.disable` was told.
    log_disable: int
    #: By name; "" is the root.
    loggers: dict[str, LogLevels]


def fingerprint() -> tuple[Any, ...]:
    """Equal to an earlier glance as long as no setting has changed. Taken with every call."""
    return (
        os.getcwd(),
        tuple(os.environ._data.items()),  # type: ignore[attr-defined] # decoding costs more
        _locale(),
        tuple(warnings.filters),
        sys.getrecursionlimit(),
    )


def logging_fingerprint() -> tuple[Any, ...]:
    """The same of what `logging` was told."""
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
    """Whether a level of logging was set since the last glance; it costs next to nothing."""
    return _UNCHANGED not in logging.root._cache  # type: ignore[attr-defined]


def read_settings() -> Settings:
    """The settings of this interpreter."""
    return Settings(
        cwd=os.getcwd(),
        variables=dict(os.environ),
        zone=time_zone.read(),
        locale=_locale(),
        filters=list(warnings.filters),
        recursion_limit=sys.getrecursionlimit(),
        log_disable=logging.root.manager.disable,
        loggers={
            name: LogLevels(
                logger.level, logger.propagate, logger.disabled, tuple(_shown(logger.handlers))
            )
            for name, logger in _set_loggers()
        },
    )


class WorkerSettings:
    """The settings of a worker."""

    def __init__(self, drive: bool = True) -> None:
        """Of a worker that has the notebook's files, or has not."""
        self._folder = Folder(drive)
        #: Loggers that were set here, with the handlers that they were given.
        self._set: dict[str, list[logging.Handler]] = {}

    def apply(self, wanted: Settings) -> None:
        """Put settings into force."""
        self._folder.enter(wanted.cwd)
        for name in os.environ.keys() - wanted.variables.keys():
            del os.environ[name]
        os.environ.update(wanted.variables)
        time_zone.apply(wanted.zone)
        if wanted.locale is not None and wanted.locale != _locale():
            locale.setlocale(locale.LC_ALL, wanted.locale)
        if warnings.filters != wanted.filters:
            warnings.resetwarnings()  # tells the C side, too
            warnings.filters[:] = wanted.filters  # type: ignore[index] # typeshed has it read-only
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
                handler = _Carried(logger, getattr(sys, stream))
                handler.setLevel(level)
                handler.setFormatter(formatter)
                logger.addHandler(handler)
                added.append(handler)


class _Carried(logging.StreamHandler):  # type: ignore[type-arg] # at run time from 3.11 on
    """A handler of the notebook's, in a worker.

    The module that added it there may be imported by a task, and add it here, too. Then that one
    does for both.
    """

    def __init__(self, logger: logging.Logger, stream: TextIO) -> None:
        super().__init__(stream)
        self._logger = logger

    def handle(self, record: logging.LogRecord) -> bool:
        """As every handler."""
        name = _stream_name(self.stream)
        carried = [
            handler
            for handler in self._logger.handlers
            if isinstance(handler, _Carried) and handler.stream is self.stream
        ]
        own = sum(stream == name for stream, _, _ in _shown(self._logger.handlers))
        if carried.index(self) < own:
            return False
        return bool(super().handle(record))


def _set_loggers() -> Iterator[tuple[str, logging.Logger]]:
    """The loggers that were told anything, the root first."""
    yield "", logging.root
    for name, logger in logging.root.manager.loggerDict.items():
        if isinstance(logger, logging.Logger) and (
            logger.level or logger.handlers or not logger.propagate or logger.disabled
        ):
            yield name, logger


def _shown(handlers: list[logging.Handler]) -> Iterator[LogHandler]:
    """Those that write to the notebook; where others write is the notebook's own."""
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
