package io.klamm.consumer;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Values in the schema registry's wire format, decoded with schemas that are fetched by their ids. */
final class Registry {
    /** A byte 0 and four bytes of id. */
    private static final int FRAME = 5;

    private final String url;
    private final HttpClient http = HttpClient.newHttpClient();
    private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
    private BinaryDecoder decoder;

    Registry(String url) {
        this.url = url;
    }

    /** The record in a framed value. */
    GenericRecord decode(byte[] value) throws IOException {
        var framed = ByteBuffer.wrap(value);
        if (framed.get() != 0) {
            throw new IOException("a value does not begin with 0");
        }
        var reader = readers.computeIfAbsent(framed.getInt(), id -> new GenericDatumReader<>(fetch(id)));
        decoder = DecoderFactory.get().binaryDecoder(value, FRAME, value.length - FRAME, decoder);
        var record = reader.read(null, decoder);
        if (!decoder.isEnd()) {
            throw new IOException("bytes are left over after the record");
        }
        return record;
    }

    /** The schema of an id. The answer is {"schema": "…"}: JSON within JSON. */
    private Schema fetch(int id) {
        var request = HttpRequest.newBuilder(URI.create(url + "/schemas/ids/" + Integer.toUnsignedString(id))).build();
        try {
            var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (answer.statusCode() != 200) {
                throw new IllegalStateException(request.uri() + " answered " + answer.statusCode() + ": " + answer.body());
            }
            return new Schema.Parser().parse(Json.textOf(answer.body(), "schema"));
        } catch (IOException error) {
            throw new IllegalStateException("asking " + request.uri(), error);
        } catch (InterruptedException error) {
            throw new IllegalStateException(error);
        }
    }
}
