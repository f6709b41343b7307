package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// awkward are names that a file can have here and that programs stumble over.
func awkward() []string {
	names := []string{"-rf", "sp ace", "ä€", "\U0001d4b3", "bidi\u202etxt", strings.Repeat("x", 255), "%PATH%", "a&b", "$HOME", "caf\u0065\u0301"}
	if runtime.GOOS == "windows" {
		// Wine refuses it, where its files are those of a Unix.
		if lone := "lone\xed\xa0\x80surrogate"; os.WriteFile(lone, nil, 0o600) == nil {
			return append(names, lone)
		}
		return names
	}
	return append(names, "new\nline", "esc\x1b[31mred", "\xff\xfe", `back\slash"quote`)
}

func TestAwkwardNamesComeThrough(t *testing.T) {
	t.Chdir(tempdir.New(t))
	if err := os.Mkdir("d", 0o755); err != nil {
		t.Fatal(err)
	}
	names := awkward()
	args := []string{"fsrec", "record", "-o", "names.db", "d", "--", "do", "touch"}
	for _, n := range names {
		args = append(args, filepath.Join("d", n))
	}
	if code := run(args); code != exitDone {
		t.Fatalf("record gives %d", code)
	}
	log, err := openSource("names.db")
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	seen := map[string]bool{}
	var batch []event.Record
	for {
		if batch, err = log.Read(t.Context(), batch); err != nil {
			break
		}
		for _, r := range batch {
			seen[r.Name] = true
		}
	}
	for _, n := range names {
		if !seen[n] {
			t.Errorf("%q is not in the log", n)
		}
	}
}
