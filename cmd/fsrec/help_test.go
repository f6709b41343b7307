package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHelpFitsATerminal(t *testing.T) {
	calls := [][]string{{"fsrec", "--help"}}
	for _, cmd := range newApp().Commands {
		calls = append(calls, []string{"fsrec", cmd.Name, "--help"})
	}
	for _, call := range calls {
		t.Run(strings.Join(call, " "), func(t *testing.T) {
			var out bytes.Buffer
			app := newApp()
			app.Writer = &out
			if err := app.Run(call); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > helpWidth {
					t.Errorf("%d columns, more than %d: %s", utf8.RuneCountInString(line), helpWidth, line)
				}
			}
		})
	}
}

func TestHelpHasEveryFlag(t *testing.T) {
	for _, cmd := range newApp().Commands {
		help := helpTemplate(cmd)
		for _, f := range cmd.Flags {
			for _, name := range f.Names() {
				if !strings.Contains(help, " "+dashed(name)) {
					t.Errorf("%s: no %s in the help", cmd.Name, dashed(name))
				}
			}
		}
	}
}
