// Writes what robfig/cron, which Temporal's server uses, makes of many cron schedules: that they are none, or the next
// times after some moments. klamm's cron tests compare themselves with it.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// Case is one text and what became of it.
type Case struct {
	Text  string `json:"text"`
	Valid bool   `json:"valid"`
	// The times after each of `afters`.
	Times [][]string `json:"times,omitempty"`
}

const timesPerChain = 4

var afters = []string{
	"2026-02-27T23:59:59.9Z", "2026-03-28T12:34:56Z", "2026-10-24T20:00:00.001Z", "2027-12-31T23:59:30Z", "2028-02-28T10:00:00Z",
}

func main() {
	texts := []string{
		"", " ", "* * * * *", "*/15 0,12 1-15/2 jan ?", "0 9 * * MON-FRI", "30 2 * * *", "0 0 29 2 *", "0 0 31 * *", "0 0 31 2 *", "0 0 13 * fri",
		"0 0 */2 * 1", "0 0 1 * */2", "0 0 ? * 1", "0 0 1 1 ?", "1,,2 * * * *", ", * * * *", "*-x * * * *", "5/10 * * * *", "+5 * * * *",
		"60 * * * *", "* * 0 * *", "5-1 * * * *", "*/0 * * * *", "* * * * 7", "1-2-3 * * * *", "1/2/3 * * * *", "* * * * * *", "* * * *",
		"@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@Daily", "@fortnightly", "@every", "@every day",
		"@every 1h30m", "@every 1.5s", "@every 10ms", "@every -5s", "@every 1d", "@every 0", "@every 90m10s",
		"TZ=Asia/Tokyo @every 2s", "TZ=UTC 0 0 * * *", "CRON_TZ=Europe/Berlin 30 2 * * *", "CRON_TZ=Europe/Berlin 0 0 * * *",
		"TZ=America/New_York 30 1 * * *", "TZ=America/New_York */20 2 * * *", "TZ=Nowhere/City * * * * *", "TZ= 5 5 * * *",
		"TZ=europe/berlin * * * * *", "tz=UTC * * * * *", " TZ=UTC * * * * *", "TZ=Asia/Kolkata 0 9 1 */3 mon", "*\t*  * * *", "* * * jan-dec sun-sat",
		"* * * mon *", "* * * * jan", "0 0 1 13 *", "99999999999999999999 * * * *",
	}
	random := rand.New(rand.NewSource(1))
	for range 150 {
		texts = append(texts, randomText(random))
	}
	fmt.Printf("{\"afters\": %s,\n\"cases\": [", text(afters))
	for at, cron := range texts {
		if at > 0 {
			fmt.Print(",")
		}
		fmt.Printf("\n%s", text(caseOf(cron)))
	}
	fmt.Println("\n]}")
}

func caseOf(text string) Case {
	made := Case{Text: text}
	schedule, err := cron.ParseStandard(text)
	if err != nil {
		return made
	}
	made.Valid = true
	for _, after := range afters {
		made.Times = append(made.Times, chain(schedule, after))
	}
	return made
}

func text(value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return encoded
}

// chain is times in a row; a shorter one ends because there is no other time.
func chain(schedule cron.Schedule, after string) []string {
	times := []string{}
	at, err := time.Parse(time.RFC3339Nano, after)
	if err != nil {
		panic(err)
	}
	for len(times) < timesPerChain {
		at = schedule.Next(at.UTC())
		if at.IsZero() {
			break
		}
		times = append(times, at.UTC().Format(time.RFC3339))
	}
	return times
}

func randomText(random *rand.Rand) string {
	bounds := [][2]int{{0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 6}}
	zones := []string{"", "", "TZ=Europe/Berlin ", "CRON_TZ=America/New_York ", "TZ=Asia/Tokyo ", "TZ=America/St_Johns "}
	fields := make([]string, 0, len(bounds))
	for _, b := range bounds {
		value := func() int { return b[0] + random.Intn(b[1]-b[0]+1) }
		low := value()
		high := low + random.Intn(b[1]-low+1)
		switch random.Intn(8) {
		case 0, 1, 2:
			fields = append(fields, "*")
		case 3:
			fields = append(fields, fmt.Sprintf("*/%d", 1+random.Intn(7)))
		case 4:
			fields = append(fields, fmt.Sprintf("%d-%d/%d", low, high, 1+random.Intn(4)))
		case 5:
			fields = append(fields, fmt.Sprintf("%d,%d", value(), value()))
		default:
			fields = append(fields, fmt.Sprint(low))
		}
	}
	return zones[random.Intn(len(zones))] + strings.Join(fields, " ")
}
