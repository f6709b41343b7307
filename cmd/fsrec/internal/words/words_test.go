package words

import (
	"slices"
	"testing"
)

func TestSplitKeepsWhatIsQuotedAndExpandsNothing(t *testing.T) {
	for line, want := range map[string][]string{
		"":                           nil,
		"  \t ":                      nil,
		"make  test":                 {"make", "test"},
		`sh -c 'echo "$FSREC_NAME"'`: {"sh", "-c", `echo "$FSREC_NAME"`},
		`a "b \"c\" \\ \n" ''`:       {"a", `b "c" \ \n`, ""},
		`a\ b $HOME *.go`:            {"a b", "$HOME", "*.go"},
		`pre'fix'"ed"`:               {"prefixed"},
	} {
		got, err := Split(line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Split(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`'a`, `a "b`, `a\`} {
		if got, err := Split(line); err == nil {
			t.Errorf("Split(%q) = %q, want an error", line, got)
		}
	}
}
