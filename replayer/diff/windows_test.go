package diff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/replayer/diff"
)

// What the cited Windows traces and inotify tell of the same operation differs in nothing that
// the catalogue does not explain.
func TestTheTwoPlatformsDifferOnlyAsExplained(t *testing.T) {
	files, err := filepath.Glob("testdata/linux/*.txt")
	if err != nil || len(files) < 40 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			var texts [2]string
			for i, path := range []string{file, filepath.Join("..", "..", "testdata", "traces", "windows", name+".txt")} {
				texts[i] = trace(t, path)
			}
			if r := compare(t, texts[0], texts[1], diff.Options{}); r.Failed(false) {
				t.Error(told(r))
			}
			if r := compare(t, texts[1], texts[0], diff.Options{}); r.Failed(false) {
				t.Error(told(r))
			}
		})
	}
}

// What Linux and Wine were recorded to tell of the same scenarios differs in nothing that the catalogue does not explain.
func TestLinuxAndWineDifferOnlyAsExplained(t *testing.T) {
	traces := filepath.Join("..", "..", "testdata", "traces")
	files, err := filepath.Glob(filepath.Join(traces, "linux", "*.txt"))
	if err != nil || len(files) < 60 {
		t.Fatal(len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			linux, wine := trace(t, file), trace(t, filepath.Join(traces, "wine", filepath.Base(file)))
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

func trace(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(string(b), "fsrec-text 1\n")
}
