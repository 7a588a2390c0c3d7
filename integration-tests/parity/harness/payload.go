package harness

import (
	"encoding/json"
	"fmt"

	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
)

// Payload encodes a value as SDKs do: JSON, marked as such.
func Payload(value any) *commonpb.Payload {
	data, err := json.Marshal(value)
	if err != nil {
		panic(fmt.Sprintf("a scenario's value is not JSON: %v", err))
	}
	return &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: data}
}

// Payloads encodes one value as a list of payloads.
func Payloads(values ...any) *commonpb.Payloads {
	list := &commonpb.Payloads{}
	for _, value := range values {
		list.Payloads = append(list.Payloads, Payload(value))
	}
	return list
}

// Typed is a search attribute's value with the type an SDK would name.
func Typed(value any, kind string) *commonpb.Payload {
	payload := Payload(value)
	payload.Metadata["type"] = []byte(kind)
	return payload
}

// SearchAttributes makes indexed fields of typed values.
func SearchAttributes(fields map[string]*commonpb.Payload) *commonpb.SearchAttributes {
	return &commonpb.SearchAttributes{IndexedFields: fields}
}

// Memo makes memo fields.
func Memo(fields map[string]any) *commonpb.Memo {
	memo := &commonpb.Memo{Fields: map[string]*commonpb.Payload{}}
	for key, value := range fields {
		memo.Fields[key] = Payload(value)
	}
	return memo
}

// ApplicationFailure is what a worker reports when its code failed.
func ApplicationFailure(message, kind string, nonRetryable bool) *failurepb.Failure {
	return &failurepb.Failure{
		Message: message, Source: "ParitySDK", StackTrace: "at parity",
		FailureInfo: &failurepb.Failure_ApplicationFailureInfo{ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{
			Type: kind, NonRetryable: nonRetryable,
		}},
	}
}
