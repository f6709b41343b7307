package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
)

func TestOnATerminalAFailedScenarioIsColoured(t *testing.T) {
	file := filepath.Join(tempdir.New(t), "esc\x1b[31m.txt")
	if err := os.WriteFile(file, []byte("watch . IN_CREATE\ntouch a\nevents {\n\tIN_CREATE a\n\tIN_CREATE a\n\tIN_CREATE a\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := onTerminal(t, nil, "run", file)
	if code := s.end(); code != exitDiffers {
		t.Errorf("exit code %d", code)
	}
	shown := string(s.shown)
	for _, want := range []string{"\x1b[31mFAIL\x1b[0m: esc\\x1b[31m (", "\x1b[31m  - IN_CREATE a |\x1b[0m", "\x1b[31mFAIL\x1b[0m  1 of 1 scenario  "} {
		if !strings.Contains(shown, want) {
			t.Errorf("no %q in %q", want, shown)
		}
	}
	if bare := colours.ReplaceAllString(shown, ""); strings.Contains(bare, "\x1b") {
		t.Errorf("a name drives the terminal: %q", bare)
	}
}
