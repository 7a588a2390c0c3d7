"""Values in the schema registry's wire format, decoded with schemas that are fetched by their ids."""

import io
import json
import struct
import time
import urllib.error
import urllib.request
from typing import Any, Dict, List

import fastavro

#: A byte 0 and the schema's id, most significant byte first.
FRAME = struct.Struct(">bI")
#: How long a registry that does not answer is asked again: it may be a server that is being killed and started.
PATIENCE_S = 120.0


class Registry:
    """The read side of a schema registry (REST), asked once per schema. Any of several addresses may answer."""

    def __init__(self, urls: List[str]) -> None:
        self.urls = urls
        self._schemas: Dict[int, Any] = {}

    def decode(self, value: bytes) -> Dict[str, Any]:
        """The record in a framed value; its bytes are used up."""
        zero, schema_id = FRAME.unpack_from(value)
        if zero != 0:
            raise ValueError(f"a value begins with {zero}, not with 0")
        if schema_id not in self._schemas:
            self._schemas[schema_id] = fastavro.parse_schema(self._fetch(schema_id))
        body = io.BytesIO(value[FRAME.size :])
        record = fastavro.schemaless_reader(body, self._schemas[schema_id], None)
        if body.read(1):
            raise ValueError("bytes are left over after the record")
        return record

    def _fetch(self, schema_id: int) -> Any:
        end = time.monotonic() + PATIENCE_S
        while True:
            for url in self.urls:
                try:
                    with urllib.request.urlopen(f"{url}/schemas/ids/{schema_id}", timeout=5) as answer:
                        return json.loads(json.load(answer)["schema"])
                except urllib.error.HTTPError as error:
                    if error.code < 500:
                        raise
                    last: Exception = error
                except OSError as error:
                    last = error
            if time.monotonic() > end:
                raise RuntimeError(f"no registry answered for schema {schema_id}: {last}")
            time.sleep(0.2)
