package words

import (
	"slices"
	"testing"

	"fsrec/watcher/event"
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
		got, err := Split(event.Linux, line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Split(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`'a`, `a "b`, `a\`} {
		if got, err := Split(event.Linux, line); err == nil {
			t.Errorf("Split(%q) = %q, want an error", line, got)
		}
	}
}

func TestOnWindowsABackslashIsAPathsOwn(t *testing.T) {
	for line, want := range map[string][]string{
		`C:\tools\x.exe -d C:\`:             {`C:\tools\x.exe`, "-d", `C:\`},
		`"C:\Program Files\x" \\host\share`: {`C:\Program Files\x`, `\\host\share`},
		`x "say \"a\" \\ b" \"`:             {"x", `say "a" \\ b`, `"`},
		`x 'it is' 'C:\a b\'`:               {"x", "it is", `C:\a b\`},
	} {
		got, err := Split(event.Windows, line)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("Split(%q) = %q, %v; want %q", line, got, err, want)
		}
	}
	if got, err := Split(event.Windows, `"C:\dir\"`); err == nil {
		t.Errorf("%q of a quote that is not closed", got)
	}
}
