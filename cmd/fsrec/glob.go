package main

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"fsrec/watcher/event"
)

// globs are patterns for paths of one platform.
type globs struct {
	platform event.Platform
	patterns []string
	roots    []string
}

// newGlobs checks the patterns. Those for paths of Windows may have either
// separator, so that \ escapes nothing there, and ignore case as Windows does.
func newGlobs(platform event.Platform, patterns, roots []string) (*globs, error) {
	g := &globs{platform: platform}
	for _, pattern := range patterns {
		p := g.slashed(pattern)
		if p == "" || !doublestar.ValidatePattern(p) {
			return nil, fmt.Errorf("%s is not a pattern: want *, **, ?, [a-z], {a,b}", event.Quote(pattern))
		}
		if len(p) > 1 {
			p = strings.TrimSuffix(p, "/")
		}
		g.patterns = append(g.patterns, p)
	}
	for _, root := range roots {
		g.roots = append(g.roots, g.slashed(root))
	}
	return g, nil
}

// slashed is s as patterns and paths are compared.
func (g *globs) slashed(s string) string {
	if g.platform == event.Windows {
		return g.platform.Fold(strings.ReplaceAll(s, `\`, "/"))
	}
	return s
}

// match reports whether a pattern fits path: as a whole, relative to the root
// that it is in, or, for a pattern without a separator, the last element of a
// path below a root.
func (g *globs) match(path string) bool {
	path = g.slashed(path)
	for _, p := range g.patterns {
		if fits(p, path) {
			return true
		}
		for _, root := range g.roots {
			rel, ok := event.Linux.Below(root, path)
			if !ok || rel == "" {
				continue
			}
			if fits(p, rel) || !strings.Contains(p, "/") && fits(p, event.Linux.Base(rel)) {
				return true
			}
		}
	}
	return false
}

func fits(pattern, path string) bool {
	ok, err := doublestar.Match(pattern, path)
	return ok && err == nil
}
