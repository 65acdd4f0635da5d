"""The Vonage Audit API as a source: pages by offset, no promised order or delay, times in whole seconds."""

from __future__ import annotations

from typing import Final

from trailbell.audit.answers import Page
from trailbell.audit.client import AuditClient
from trailbell.audit.errors import AuditError
from trailbell.audit.walk import walk
from trailbell_engine.decoding.maps import PRESETS
from trailbell_engine.timestamps import to_datetime

from .errors import SourceError
from .polling import Pace, Polling
from .window import Window
from .windows import WindowSource

SOURCE: Final = "vonage"


class VonageSource(WindowSource):
    """Polls the Audit API in pinned windows; a window is read when a walk over all its pages found nothing moving."""

    def __init__(
        self,
        client: AuditClient,
        polling: Polling | None = None,
        *,
        name: str = SOURCE,
        since_us: int | None = None,
        pace: Pace | None = None,
    ) -> None:
        """Prepare; nothing is asked yet.

        Args:
            client: reads the API, and retries. Stays the caller's to close.
            polling: when and how far back to ask; pages have 1 to 100 events.
            name: of the source, and of its events; another one for each account.
            since_us: where the first window begins if there is no checkpoint; None is ``polling.first_us`` ago.
            pace: when to ask again.
        """
        self._client = client
        super().__init__(
            self._walked,
            PRESETS["vonage"],
            polling or Polling(),
            name=name,
            since_us=since_us,
            pace=pace,
            server_us=client.take_server_us,
        )

    def _walked(self, from_us: int, to_us: int) -> Window:
        date_from, date_to = to_datetime(from_us), to_datetime(to_us)

        def page(number: int) -> Page:
            return self._client.page(number, size=self._polling.page_size, date_from=date_from, date_to=date_to)

        try:
            walked = walk(page)
        except AuditError as error:
            raise SourceError(error.message, error.help, transient=error.transient) from None
        return Window(walked.events, self._client.base_url, "" if walked.complete else walked.doubt)
