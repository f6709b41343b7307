package diff_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

var traces = filepath.Join("..", "..", "testdata", "traces")

// unlike are the pairs of a cited trace and its twin that differ by more than rules explain, and why.
var unlike = map[string]string{
	"rename-old-name-alone": "the new name of a rename was lost, and no record tells of a loss",
	"rename-new-name-alone": "the old name of a rename was lost, and no record tells of a loss",
}

// What the cited Windows traces tell and what inotify told when the same was done differs in nothing that
// the catalogue does not explain.
func TestTheTwoPlatformsDifferOnlyAsExplained(t *testing.T) {
	for name, twin := range twins(t) {
		t.Run(name, func(t *testing.T) {
			windows, linux := trace(t, recordingOf("windows", name)), trace(t, twin)
			for _, pair := range [][2]string{{linux, windows}, {windows, linux}} {
				r := compare(t, pair[0], pair[1], diff.Options{})
				good := r.Verdict == diff.Same || r.Verdict == diff.Explained ||
					r.Verdict == diff.Unknown && len(r.Left.Losses)+len(r.Right.Losses) > 0
				switch why := unlike[name]; {
				case why == "" && !good:
					t.Errorf("%s:\n%s", r.Verdict, told(r))
				case why != "" && good:
					t.Errorf("%s, though %s", r.Verdict, why)
				}
			}
		})
	}
}

// Each cited trace has one twin, or one reason to have none.
func TestEveryCitedTraceHasATwin(t *testing.T) {
	all := twins(t)
	reasons := table(t, "| Trace | Why it has no twin |")
	for _, name := range namesOf(t, "windows", ".txt") {
		switch _, why := reasons[name]; {
		case all[name] == "" && !why:
			t.Errorf("%s has no twin, and no reason to have none", name)
		case all[name] != "" && why:
			t.Errorf("%s has a twin, and a reason to have none", name)
		}
		delete(all, name)
		delete(reasons, name)
	}
	for name := range all {
		t.Errorf("there is no trace %s that twins/%[1]s is the twin of", name)
	}
	for name := range reasons {
		t.Errorf("there is no trace %s that has no twin", name)
	}
}

// What stands in a table is used.
func TestTheTablesOfTwinsHaveNothingToSpare(t *testing.T) {
	scenarios := namesOf(t, "twins", ".scenario")
	for _, name := range namesOf(t, "twins", ".txt") {
		if !slices.Contains(scenarios, name) {
			t.Errorf("twins/%s.txt was recorded of no scenario", name)
		}
	}
	for name := range table(t, "| Traces | Recording |") {
		if slices.Contains(scenarios, name) {
			t.Errorf("%s has a scenario of its own, and a row that names another recording", name)
		}
	}
	for name, why := range unlike {
		if why == "" || !slices.Contains(namesOf(t, "windows", ".txt"), name) {
			t.Errorf("%s: no such trace, or no reason", name)
		}
	}
}

// twins gives the file of the twin of each cited trace that has one.
func twins(t *testing.T) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, name := range namesOf(t, "twins", ".scenario") {
		all[name] = recordingOf("twins", name)
	}
	for name, cell := range table(t, "| Traces | Recording |") {
		_, recording, _ := strings.Cut(cell, "`")
		recording, _, _ = strings.Cut(recording, "`")
		dir, of, _ := strings.Cut(recording, "/")
		all[name] = recordingOf(dir, of)
	}
	return all
}

var quoted = regexp.MustCompile("`([^`]+)`")

// table reads a table of testdata/traces/README.md: by each name in the first column, what stands in the second.
func table(t *testing.T, head string) map[string]string {
	t.Helper()
	text := file(t, filepath.Join(traces, "README.md"))
	_, rows, ok := strings.Cut(text, "\n"+head+"\n|---|---|\n")
	rows, _, _ = strings.Cut(rows, "\n\n")
	cells := make(map[string]string)
	for row := range strings.Lines(rows) {
		first, second, two := strings.Cut(strings.Trim(strings.TrimSpace(row), "| "), " | ")
		for _, name := range quoted.FindAllStringSubmatch(first, -1) {
			if cells[name[1]] != "" {
				t.Errorf("%s is in two rows", name[1])
			}
			cells[name[1]] = second
		}
		ok = ok && two
	}
	if !ok || len(cells) == 0 {
		t.Fatalf("README.md: want a table %s of two columns", head)
	}
	return cells
}

// namesOf lists the files of a directory of testdata/traces by their names without an extension.
func namesOf(t *testing.T, dir, extension string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(traces, dir, "*"+extension))
	if err != nil || len(files) == 0 {
		t.Fatal(dir, extension, err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), extension)
	}
	return files
}

// What Linux and Wine were recorded to tell of the same scenarios differs in nothing that the catalogue does not explain.
func TestLinuxAndWineDifferOnlyAsExplained(t *testing.T) {
	names := namesOf(t, "linux", ".txt")
	if len(names) < 60 {
		t.Fatal(len(names))
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			linux, wine := trace(t, recordingOf("linux", name)), trace(t, recordingOf("wine", name))
			for _, pair := range [][2]string{{linux, wine}, {wine, linux}} {
				if r := compare(t, pair[0], pair[1], diff.Options{}); r.Failed(false) {
					t.Error(told(r))
				}
			}
			if r := compare(t, wine, wine, diff.Options{}); r.Verdict != diff.Same {
				t.Error(told(r))
			}
		})
	}
}

func recordingOf(dir, name string) string { return filepath.Join(traces, dir, name+".txt") }

func trace(t *testing.T, path string) string {
	t.Helper()
	return strings.TrimPrefix(file(t, path), "fsrec-text 1\n")
}

func file(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
