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
	} {
		g := newGlobs(c.platform, []string{c.pattern}, []string{c.root})
		if got := g.match(c.path); got != c.want {
			t.Errorf("%s fits %s below %s: %v", c.pattern, c.path, c.root, got)
		}
	}
}
