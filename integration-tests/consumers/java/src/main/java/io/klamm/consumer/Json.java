package io.klamm.consumer;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;

/** JSON by the library that Avro brings along. */
final class Json {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    /** The text of one field of an object. */
    static String textOf(String object, String field) throws IOException {
        return MAPPER.readTree(object).required(field).textValue();
    }

    /** A value on one line. */
    static String write(Object value) throws IOException {
        return MAPPER.writeValueAsString(value);
    }
}
