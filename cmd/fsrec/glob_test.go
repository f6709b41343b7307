package main

import (
	"testing"

	"fsrec/watcher/event"
)

func TestAPatternFitsThePathTheRelativePathOrTheLastElement(t *testing.T) {
	for _, c := range []struct {
		platform      event.Platform
		pattern, path string
		root          string
		want          bool
	}{
		{event.Linux, "*.go", "/r/a/b.go", "/r", true},
		{event.Linux, "*.go", "/r", "/r", false},
		{event.Linux, "r", "/r", "/r", false}, // a root is not left out by its last element
		{event.Linux, "/r", "/r", "/r", true},
		{event.Linux, "a/*.go", "/r/a/b.go", "/r", true},
		{event.Linux, "a/*.go", "/r/x/a/b.go", "/r", false},
		{event.Linux, "**/a/*.go", "/r/x/a/b.go", "/r", true},
		{event.Linux, "/r/**", "/r/x/y", "/r", true},
		{event.Linux, ".git/", "/r/x/.git", "/r", true},
		{event.Linux, "{a,b}", "/r/b", "/r", true},
		{event.Linux, "*", "/other/b", "/r", false},
		{event.Linux, "b", "/rb/b", "/r", false},
		{event.Windows, `C:\r\*.go`, `C:\r\b.go`, `C:\r`, true},
		{event.Windows, "a/*.go", `C:\r\a\b.go`, `C:\r`, true},
		{event.Windows, `a\*.GO`, `c:\R\A\b.go`, `C:\r`, true},
		{event.Windows, `build\`, `C:\r\Build`, `C:\r`, true},
		{event.Windows, `\\host\share\**`, `\\host\share\x`, `\\host\share`, true},
		{event.Linux, "*.GO", "/r/b.go", "/r", false},
	} {
		g, err := newGlobs(c.platform, []string{c.pattern}, []string{c.root})
		if err != nil {
			t.Fatal(err)
		}
		if got := g.match(c.path); got != c.want {
			t.Errorf("%s fits %s below %s: %v", c.pattern, c.path, c.root, got)
		}
	}
}

func TestABackslashIsASeparatorInPatternsForWindowsAlone(t *testing.T) {
	for _, pattern := range []string{"", "[", "{a", `dir\`} {
		_, linux := newGlobs(event.Linux, []string{pattern}, nil)
		_, windows := newGlobs(event.Windows, []string{pattern}, nil)
		if linux == nil || (windows == nil) != (pattern == `dir\`) {
			t.Errorf("%q: %v, %v", pattern, linux, windows)
		}
	}
}
