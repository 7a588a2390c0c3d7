package harness

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"sort"
	"strings"
	"time"
	"unicode/utf8"
)

// dropped are fields that only tune how often and where a worker polls, or how
// the server stores things; what they hold is nobody's contract.
var dropped = map[string]bool{
	"poller_scaling_decision":    true,
	"poller_group_id":            true,
	"poller_group_infos":         true,
	"backlog_count_hint":         true,
	"state_transition_count":     true,
	"state_machine_timers_count": true,
}

// measured are fields whose presence is compared and whose value is not.
var measured = map[string]string{
	"task_id":                     "<task-id>",
	"history_size_bytes":          "<size>",
	"task_token":                  "<token>",
	"next_page_token":             "<token>",
	"conflict_token":              "<token>",
	"execution_duration":          "<duration>",
	"last_access_time":            "<time>",
	"rate_per_second":             "<rate>",
	"tasks_add_rate":              "<rate>",
	"tasks_dispatch_rate":         "<rate>",
	"current_retry_interval":      "<duration>",
	"external_payload_size_bytes": "<size>",
}

// sortedBy names lists whose order means nothing, and what to order them by.
var sortedBy = map[string]string{
	"pending_activities": "activity_id",
	"pending_children":   "workflow_id",
	"pollers":            "identity",
	"callbacks":          "callback",
}

var (
	uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// nominalPattern is a time of whole seconds inside a text, as in a scheduled run's id.
	nominalPattern = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)
	// portPattern is the address of a server of the scenario.
	portPattern = regexp.MustCompile(`127\.0\.0\.1:\d+`)
	// workerPattern is the identity of the reference's own worker: its process and machine.
	workerPattern = regexp.MustCompile(`^\d+@[^@]*@$`)
	timePattern   = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
)

// Normalize replaces what differs from run to run: the suffix that makes ids
// unique, uuids (numbered in order of appearance, so that equal ones stay equal
// and different ones different), times, tokens and measured values.
func Normalize(recording Recording, suffix string) Recording {
	n := &normalizer{suffix: suffix, uuids: map[string]string{}}
	result := Recording{Scenario: recording.Scenario, Aborted: n.text(recording.Aborted)}
	for _, step := range recording.Steps {
		result.Steps = append(result.Steps, Step{
			Name:   step.Name,
			Answer: n.value("", canonical(step.Answer)),
		})
	}
	return result
}

type normalizer struct {
	suffix string
	uuids  map[string]string
	// eventTime is that of the history event being walked, if any.
	eventTime time.Time
	// continued says that the event starts a later run of a chain, whose
	// expiration depends on how long the runs before it took.
	continued bool
	// byWorkflow says that it is a workflow that has continued as new.
	byWorkflow bool
}

func (n *normalizer) value(key string, value any) any {
	switch v := value.(type) {
	case map[string]any:
		return n.object(v)
	case []any:
		if by, ok := sortedBy[key]; ok {
			sort.SliceStable(v, func(i, j int) bool { return field(v[i], by) < field(v[j], by) })
		}
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = n.value("", item)
		}
		return list
	case string:
		return n.scalar(key, v)
	default:
		return value
	}
}

func (n *normalizer) object(object map[string]any) any {
	if payload, ok := readablePayload(object); ok {
		object = payload
	}
	if at, ok := parseTime(object["event_time"]); ok {
		n.eventTime = at
		defer func() { n.eventTime = time.Time{} }()
	}
	if _, ok := object["continued_execution_run_id"]; ok {
		n.continued = true
		defer func() { n.continued = false }()
	}
	if object["initiator"] == "CONTINUE_AS_NEW_INITIATOR_WORKFLOW" {
		n.byWorkflow = true
		defer func() { n.byWorkflow = false }()
	}
	keys := make([]string, 0, len(object))
	for key := range object {
		keys = append(keys, key)
	}
	sort.Strings(keys)

	result := map[string]any{}
	for _, key := range keys {
		name := "<request-id>" // names a request in request_id_infos
		if !uuidPattern.MatchString(key) {
			name = n.text(key)
		}
		switch {
		case dropped[key]:
		case measured[key] != "":
			result[name] = measured[key]
		default:
			result[name] = n.value(key, object[key])
		}
	}
	return result
}

func (n *normalizer) scalar(key, text string) string {
	if at, ok := parseTime(text); ok {
		switch {
		case at.Unix() == 0 || at.IsZero():
			return "<no time>"
		case key == "workflow_execution_expiration_time" && !n.eventTime.IsZero() && !n.continued:
			return fmt.Sprintf("<event time + %s>", at.Sub(n.eventTime).Round(time.Second))
		}
		return "<time>"
	}
	// A run that goes on by itself waits until a second has passed since its start: all of it when it has taken no time at all.
	if key == "first_workflow_task_backoff" && (strings.Contains(text, ".") || (n.byWorkflow && text == "1s")) {
		return "<what is left of a second>"
	}
	if key == "identity" && workerPattern.MatchString(text) {
		return "<the server's own worker>"
	}
	if key == "request_id" && uuidPattern.MatchString(text) {
		return "<request-id>"
	}
	return n.text(text)
}

// text replaces the suffix and the uuids inside any string.
func (n *normalizer) text(text string) string {
	if n.suffix != "" {
		text = strings.ReplaceAll(text, n.suffix, "")
	}
	text = nominalPattern.ReplaceAllStringFunc(text, func(inside string) string {
		// Times that a scenario has chosen lie far away and stay.
		if at, ok := parseTime(inside); ok && time.Since(at).Abs() < 24*time.Hour {
			return "<time>"
		}
		return inside
	})
	text = portPattern.ReplaceAllString(text, "127.0.0.1:<port>")
	return uuidPattern.ReplaceAllStringFunc(text, func(id string) string {
		if _, known := n.uuids[id]; !known {
			n.uuids[id] = fmt.Sprintf("<uuid-%d>", len(n.uuids)+1)
		}
		return n.uuids[id]
	})
}

// readablePayload shows a payload's metadata and data as text where they are
// text; JSON carries both as base64.
func readablePayload(object map[string]any) (map[string]any, bool) {
	metadata, ok := object["metadata"].(map[string]any)
	if !ok {
		return nil, false
	}
	encoding, ok := metadata["encoding"].(string)
	if !ok {
		return nil, false
	}
	if _, err := base64.StdEncoding.DecodeString(encoding); err != nil {
		return nil, false
	}
	result := map[string]any{}
	for key, value := range object {
		result[key] = value
	}
	shown := map[string]any{}
	for key, value := range metadata {
		shown[key] = decoded(value)
	}
	result["metadata"] = shown
	if data, ok := object["data"]; ok {
		result["data"] = decoded(data)
	}
	return result, true
}

func decoded(value any) any {
	text, ok := value.(string)
	if !ok {
		return value
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !utf8.Valid(data) {
		return value
	}
	return string(data)
}

func parseTime(value any) (time.Time, bool) {
	text, ok := value.(string)
	if !ok || !timePattern.MatchString(text) {
		return time.Time{}, false
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at, err == nil
}

func field(value any, name string) string {
	object, ok := value.(map[string]any)
	if !ok {
		return ""
	}
	if text, ok := object[name].(string); ok {
		return text
	}
	return fmt.Sprint(object[name])
}
