package harness

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Difference is one line of the file of chosen differences:
//
//	scenario | path | got | reason
//
// In the first three `*` stands for any text. A line that gives what klamm
// answers instead of `*` fails when the answer changes once more.
type Difference struct {
	Line                int
	Text                string
	scenario, path, got *regexp.Regexp
	used                bool
}

// ReadDifferences reads the file; lines that are empty or start with # say nothing.
func ReadDifferences(file string) ([]*Difference, error) {
	input, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }()

	var list []*Difference
	scanner := bufio.NewScanner(input)
	for number := 1; scanner.Scan(); number++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, " | ")
		if len(parts) != 4 || strings.TrimSpace(parts[3]) == "" {
			return nil, fmt.Errorf("%s:%d: want `scenario | path | got | reason`", file, number)
		}
		list = append(list, &Difference{
			Line: number, Text: line,
			scenario: glob(parts[0]), path: glob(parts[1]), got: glob(parts[2]),
		})
	}
	return list, scanner.Err()
}

// Unexplained drops the differences that the list gives a reason for and marks
// the lines that were needed.
func Unexplained(diffs []Diff, list []*Difference) []Diff {
	var rest []Diff
	for _, diff := range diffs {
		explained := false
		for _, line := range list {
			if line.scenario.MatchString(diff.Scenario) && line.path.MatchString(diff.Path) && line.got.MatchString(diff.Got) {
				line.used = true
				explained = true
			}
		}
		if !explained {
			rest = append(rest, diff)
		}
	}
	return rest
}

// Unused lists the lines that explained nothing: the difference is gone, and its
// line has to go too.
func Unused(list []*Difference) []*Difference {
	var rest []*Difference
	for _, line := range list {
		if !line.used {
			rest = append(rest, line)
		}
	}
	return rest
}

func glob(text string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(strings.TrimSpace(text))
	return regexp.MustCompile(`(?s)^` + strings.ReplaceAll(quoted, `\*`, `.*`) + `$`)
}
