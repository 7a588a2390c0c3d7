package harness

import (
	"encoding/json"
	"fmt"

	_ "go.temporal.io/api/errordetails/v1" // error details are decoded by name
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Plain turns a message into plain JSON with the proto's own field names.
func Plain(message proto.Message) any {
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(message)
	if err != nil {
		return fmt.Sprintf("not encodable: %v", err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		return fmt.Sprintf("not JSON: %v", err)
	}
	if value == nil {
		return map[string]any{}
	}
	return value
}

// plainError turns a gRPC error into its code, message and details.
func plainError(err error) any {
	st, _ := status.FromError(err)
	answer := map[string]any{"code": st.Code().String(), "message": st.Message()}
	var details []any
	for _, detail := range st.Proto().GetDetails() {
		details = append(details, Plain(detail))
	}
	if details != nil {
		answer["details"] = details
	}
	return answer
}

// answer is what a step keeps of one RPC.
func answer(response proto.Message, err error) any {
	if err != nil {
		return map[string]any{"error": plainError(err)}
	}
	return map[string]any{"response": Plain(response)}
}
